"""`fixture check`: this program's own client played against a source, and compared with it.

What was asked is asked again, of a stand-in that has the recorded answers and the recorded sound
and takes nothing else. What comes of it is a session, which must say and sound the same.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gramophone.cli.compose import talk
from gramophone.cli.output import Waiter
from gramophone.cli.standing_in import recorded
from gramophone.clock import SystemClock
from gramophone.comparison import compare
from gramophone.config import Config
from gramophone.errors import GramophoneError
from gramophone.intents import Say, Submit
from gramophone.standin.answering import Echo
from gramophone.standin.expected_answers import ExpectedAnswers
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.language import LanguageOptions, LanguageStandin
from gramophone.standin.listen_observer import HEARD
from gramophone.standin.listener import Address, Routes, listening
from gramophone.standin.matching import Expectation
from gramophone.standin.options import StandinOptions
from gramophone.standin.recorded_voice import RecordedVoice
from gramophone.standin.script import Script, script_of
from gramophone.standin.services import SERVICES, Material
from gramophone.standin.tone import ToneVoice
from gramophone.timeline import (
    Entry,
    Event,
    Failed,
    HistoryRewound,
    RequestSent,
    SessionStarted,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.wire.speak_server import SpeakLimits

_AT_ONCE = 0.0


class CheckError(GramophoneError):
    """A source that cannot be played by asking the same again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: sentences, none of them when all is the same."""

    differences: tuple[str, ...]
    failures: tuple[str, ...]


class _Heard:
    """Keeps the events of a talk."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, Event):
            self.events.append(entry)


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
        fields = {"differences": checked.differences, "failures": checked.failures}
        sys.stdout.write(json.dumps(told | fields) + "\n")
    else:
        lines = [*checked.failures, *checked.differences]
        sys.stdout.write("\n".join(lines or ["Texts and sound are the same."]) + "\n")
    return 1 if checked.differences or checked.failures else 0


async def checked_against(events: Sequence[Event]) -> Checked:
    """Play the client against these events, and compare.

    Raises:
        CheckError: they hold what cannot be asked for again.
    """
    intents = _intents(events)
    heard = _Heard()
    with tempfile.TemporaryDirectory() as place:
        async with _standing_in(script_of(events)) as (address, expectations):
            await _play(_config(events, address, Path(place)), intents, heard)
        unlike = [each.sentence for side in expectations for each in side.differences()]
    compared = compare(events, heard.events)
    failures = tuple(event.detail for event in heard.events if isinstance(event, Failed))
    return Checked((*unlike, *compared.texts, *compared.sounds), failures)


def _intents(events: Sequence[Event]) -> list[Submit | Say]:
    """What the user did, as far as it can be done again."""
    asked = {event.turn for event in events if isinstance(event, RequestSent)}
    completed = [event for event in events if isinstance(event, TurnCompleted)]
    texts = {event.turn: event.text for event in completed}
    # What was heard was sound, and this client has nobody listen to it.
    heard = {event.turn for event in completed if event.finish_reason == HEARD}
    intents: list[Submit | Say] = []
    for event in events:
        match event:
            case TurnInterrupted() | HistoryRewound() | TurnInherited():
                raise CheckError(
                    "A check asks the same again, and this recording was interrupted, taken back "
                    "or continued; choose one that was not."
                )
            case TurnStarted(role="user", turn=turn, text=text) if turn not in heard:
                intents.append(Submit(text))
            case TurnStarted(role="assistant", turn=turn) if turn not in asked:
                intents.append(Say(texts.get(turn, "")))
            case _:
                pass
    return intents


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
    script: Script,
) -> AsyncGenerator[tuple[Address, Sequence[Expectation]], None]:
    clock = SystemClock()
    voice = RecordedVoice(script.speech, strict=True) if script.speech else ToneVoice()
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


async def _play(config: Config, intents: Sequence[Submit | Say], heard: _Heard) -> None:
    over = asyncio.Event()
    waiter = Waiter(_is_over, over.set)
    async with talk(config, [heard, waiter], with_model=_any_asked(intents)) as running:
        for intent in intents:
            over.clear()
            running.engine.post(intent)
            await over.wait()


def _any_asked(intents: Sequence[Submit | Say]) -> bool:
    """Whether a model is needed."""
    return any(isinstance(intent, Submit) for intent in intents)


def _is_over(entry: Entry) -> bool:
    match entry:
        case TurnCompleted(role="assistant") | Failed(stage="session"):
            return True
        case _:
            return False
