"""`fixture check`: this program's own client played against a source, and compared with it.

What was asked is asked again, of a stand-in that has the recorded answers and the recorded sound
and takes nothing else. What comes of it is a session, which must say and sound the same.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gramophone.cli.check_plan import CheckError, CheckPlan, Reached, Step, plan_of
from gramophone.cli.compose import talk
from gramophone.cli.output import Waiter, result
from gramophone.cli.standing_in import recorded
from gramophone.clock import SystemClock
from gramophone.comparison import compare
from gramophone.config import Config
from gramophone.intents import Interrupt, Submit
from gramophone.scratch import scratch_directory
from gramophone.standin.answering import Echo
from gramophone.standin.expected_answers import ExpectedAnswers
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.language import LanguageOptions, LanguageStandin
from gramophone.standin.listener import Address, Routes, listening
from gramophone.standin.matching import Difference, Expectation
from gramophone.standin.options import StandinOptions
from gramophone.standin.recorded_voice import RecordedVoice
from gramophone.standin.script import Script, script_of
from gramophone.standin.services import SERVICES, Material
from gramophone.standin.tone import ToneVoice
from gramophone.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    Event,
    Failed,
    RequestSent,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
)
from gramophone.wire.flux_recording import said
from gramophone.wire.speak_server import SpeakLimits

_AT_ONCE = 0.0
_PATIENCE_S = 30.0
"""What comes at once and has not come by then will not come."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: sentences, none of them when all is the same, and what could not be
    compared."""

    differences: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()


class _Heard:
    """Keeps the events of a talk, and tells when so much of an answer is there."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._awaited: Reached | None = None
        self._reached: Callable[[], None] = _nobody_waits
        self._characters = self._spoken = self._sound_bytes = 0

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, Event):
            self.events.append(entry)
        match entry:
            case Failed():
                # Nothing more of it will come.
                self._awaited, reached = None, self._reached if self._awaited else _nobody_waits
                reached()
            case DeltaReceived(text=text):
                self._characters += len(text)
            case TextSpoken(text=text):
                self._spoken += len(said(text))
            case AudioReceived(size_bytes=size_bytes):
                self._sound_bytes += size_bytes
            case RequestSent():
                pass
            case _:
                return
        self._look()

    def await_(self, awaited: Reached | None, reached: Callable[[], None]) -> None:
        """Call back once so much of the next answer is there."""
        self._awaited, self._reached = awaited, reached
        self._characters = self._spoken = self._sound_bytes = 0

    def _look(self) -> None:
        awaited = self._awaited
        if (
            awaited is not None
            and self._characters >= awaited.characters
            and (awaited.spoken is None or self._spoken > awaited.spoken)
            and self._sound_bytes >= awaited.sound_bytes
        ):
            self._awaited = None
            self._reached()


def _nobody_waits() -> None:
    pass


async def check(home: Path, source: str, *, as_json: bool) -> int:
    """Print what differs; 1 if anything does.

    Raises:
        StorageError: the source is not there, or cannot be read.
        CheckError: it holds what cannot be asked for again.
    """
    _, events = await recorded(home, source)
    checked = await checked_against(events)
    if as_json:
        told = {"same": not (checked.differences or checked.failures)}
        fields = {
            "differences": checked.differences,
            "failures": checked.failures,
            "notes": checked.notes,
        }
        sys.stdout.write(json.dumps(told | fields) + "\n")
    else:
        lines = [*checked.failures, *checked.differences] or ["Texts and sound are the same."]
        result("\n".join([*lines, *checked.notes]))
    return 1 if checked.differences or checked.failures else 0


async def checked_against(events: Sequence[Event]) -> Checked:
    """Play the client against these events, and compare.

    Raises:
        CheckError: they hold what cannot be asked for again.
    """
    plan = plan_of(events)
    heard = _Heard()
    script = script_of(plan.events, endless=True)
    with scratch_directory() as place:
        async with _standing_in(script, strict=not plan.unspoken) as (address, expectations):
            await _play(_config(events, address, Path(place)), tuple(plan.steps()), heard)
        unlike = [each for side in expectations for each in side.differences()]
    compared = compare(plan.events, list(plan.comparable(heard.events)))
    failures = tuple(event.detail for event in heard.events if isinstance(event, Failed))
    differences = [
        *(each.sentence for each in unlike if _counts(each, plan)),
        *plan.uncleared(heard.events),
        *compared.texts,
        *compared.sounds,
    ]
    return Checked(tuple(differences), failures, plan.notes)


def _counts(difference: Difference, plan: CheckPlan) -> bool:
    asked, unsent = difference.side == "prompt", difference.kind == "unsent"
    if unsent:
        return plan.asks(difference.expected) if asked else plan.speaks(difference.expected)
    return asked or not plan.unspoken


def _config(events: Sequence[Event], address: Address, place: Path) -> Config:
    started = next(event for event in events if isinstance(event, SessionStarted))
    if started.encoding != "linear16":
        raise CheckError(f"A check needs linear16, and this recording is {started.encoding}.")
    return Config(
        home=place,
        config_file=place / "config.toml",
        provider="openai",
        model=started.model,
        system_prompt=started.system_prompt,
        openai_key="none",
        openai_base_url=address.http("/v1"),
        speak_url=address.websocket(SPEAK_PATH),
        sample_rate_hz=started.sample_rate_hz,
        muted=True,
    )


@asynccontextmanager
async def _standing_in(
    script: Script, *, strict: bool
) -> AsyncGenerator[tuple[Address, Sequence[Expectation]], None]:
    clock = SystemClock()
    voice = (
        RecordedVoice(script.speech, strict=strict, patient=True) if script.speech else ToneVoice()
    )
    choose = ExpectedAnswers(script.answers, strict=True) if script.answers else Echo()
    options = StandinOptions(limits=SpeakLimits.none(), pace=_AT_ONCE)
    language = LanguageStandin(choose, LanguageOptions(speed=_AT_ONCE), clock)
    material = Material(voice, options, clock, language)
    routes = Routes()
    for name in ("speak", "openai"):
        routes |= SERVICES[name](material).routes
    sides = [
        side.expectation
        for side in (voice, choose)
        if isinstance(side, RecordedVoice | ExpectedAnswers)
    ]
    async with listening(routes) as address:
        yield address, sides


async def _play(config: Config, steps: Sequence[Step], heard: _Heard) -> None:
    over = asyncio.Event()
    waiter = Waiter(_is_over, over.set)
    asking = any(isinstance(step.intent, Submit) for step in steps)
    async with talk(config, [heard, waiter], with_model=asking) as running:
        for step in steps:
            over.clear()
            interrupt = partial(running.engine.post, Interrupt())
            heard.await_(step.until, interrupt)
            running.engine.post(step.intent)
            try:
                async with asyncio.timeout(_PATIENCE_S if step.until else None):
                    await over.wait()
            except TimeoutError:
                # Less came than was to be interrupted, which will be seen.
                interrupt()
                await over.wait()


def _is_over(entry: Entry) -> bool:
    match entry:
        case TurnCompleted(role="assistant") | Failed(stage="session"):
            return True
        case _:
            return False
