"""Sound without a gap while the screen is loaded as `benchmarks.screen` loads it.

    python -m benchmarks.sound [--check] [--json]

The whole program runs in a pty and plays into the tests' virtual sound card, through PyAudio. A
small local server plays OpenAI's part: mixed Markdown at 200 deltas a second, one long code fence
at 200, and 10,000 deltas as fast as they are taken; each answer opens with a paragraph to be
spoken, since code is not. The voice is the embedded one's tones. While they stream, a key is
pressed four times a second. When the end of an answer has been on the screen for three seconds,
Escape stops its sound. What counts are the underruns in the session's timeline: gaps in which the
device asked for sound that was not there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.app_in_pty import AppInPty
from benchmarks.arrangements import tokens
from benchmarks.latency import BODY
from benchmarks.screen import KEY_EVERY_S
from benchmarks.screen_apps import END_MARK, pieces
from benchmarks.scripted_openai import scripted_openai
from gramophone.core.timeline import Event, TurnInterrupted, TurnStarted, Underran
from storage.library import StoredLibrary
from tests.support.sound_card import mortal_sound_card

SIZE = (120, 40)
DELTAS_HZ = 200.0
VOICE_HZ = 48_000
LOADS = {"mixed": ("mixed", 2_000), "fence": ("fence", 2_000), "burst": ("mixed", 10_000)}
SETTLING_S = 4.0
AFTER_S = 3.0
DEADLINE_S = 120.0
_KEYS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Heard:
    """One load: what was played of its answer until it was stopped."""

    load: str
    played_s: float
    underruns: int
    missing_ms: float


async def measure(home: Path, base: Mapping[str, str]) -> list[Heard]:
    """Ask for each load in turn, in one session."""
    prose = [*tokens(BODY.replace("\n", " ")), "\n\n"]
    answers = [[*prose, *pieces(kind, count)] for kind, count in LOADS.values()]
    async with scripted_openai(*answers[:-1], rate_hz=DELTAS_HZ) as slow_url:
        await _talked(AppInPty(home, slow_url, base=base, size=SIZE), len(answers) - 1)
    async with scripted_openai(answers[-1]) as fast_url:
        await _talked(AppInPty(home, fast_url, base=base, size=SIZE), 1)
    async with await StoredLibrary.open(home) as library:
        sessions = [summary.id for summary in reversed(await library.sessions())]
        timelines = [await library.events(session_id, with_pcm=False) for session_id in sessions]
    answered = [one for timeline in timelines for one in _answers(timeline)]
    return [_heard(load, events) for load, events in zip(LOADS, answered, strict=True)]


async def _talked(app: AppInPty, answers: int) -> None:
    with app.drained():
        async with asyncio.timeout(DEADLINE_S):
            await app.ready.wait()
        await asyncio.sleep(SETTLING_S)
        for _ in range(answers):
            app.type("Tell me more.\r")
            async with asyncio.TaskGroup() as group:
                pressing = group.create_task(_press_keys(app))
                await app.wait_for(END_MARK, for_s=DEADLINE_S)
                pressing.cancel()
            await asyncio.sleep(AFTER_S)
            app.type("\x1b")
            await asyncio.sleep(AFTER_S)


async def _press_keys(app: AppInPty) -> None:
    number = 0
    while True:
        await asyncio.sleep(KEY_EVERY_S)
        app.type(_KEYS[number % len(_KEYS)])
        number += 1


def _answers(timeline: list[Event]) -> list[list[Event]]:
    """The events of each answer, oldest first."""
    turns = [
        event.turn
        for event in timeline
        if isinstance(event, TurnStarted) and event.role == "assistant"
    ]
    return [[event for event in timeline if getattr(event, "turn", None) == turn] for turn in turns]


def _heard(load: str, events: list[Event]) -> Heard:
    heard_samples = [event.heard_samples for event in events if isinstance(event, TurnInterrupted)]
    gaps = [event for event in events if isinstance(event, Underran)]
    missing = sum(event.missing_samples for event in gaps)
    return Heard(
        load=load,
        played_s=round(max(heard_samples, default=0) / VOICE_HZ, 1),
        underruns=len(gaps),
        missing_ms=round(1000 * missing / VOICE_HZ, 1),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 if there was a gap")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as home, mortal_sound_card() as (card, _):
        results = asyncio.run(measure(Path(home), card.env))
    if options.json:
        print(json.dumps({"loads": [asdict(one) for one in results]}))
    else:
        for one in results:
            print(
                f"{one.load:6} {one.played_s:6.1f} s played   {one.underruns} underruns, "
                f"{one.missing_ms:.1f} ms missing   wanted: none"
            )
        print(f"took {time.monotonic() - began_s:.0f} s")
    met = all(one.played_s > 1.0 and not one.underruns for one in results)
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
