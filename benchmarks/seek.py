"""What a jump costs in the replay of a session of one hour, from the key to the new screen.

    python -m benchmarks.seek [--json]

A talk of 300 questions and answers, 100,000 deltas and 36,000 frames of sound is laid out as a
schedule. The session screen, 120×40 without a terminal, is taken from place to place. *Emitted* is
the CPU time that the engine takes to emit what holds there, *drawn* what the screen takes until it
has folded and painted all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from textual.pilot import Pilot

from benchmarks.screen_apps import pieces
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    Event,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    RequestSent,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
    UsageReported,
)
from gramophone.ports.backend import ReplayState
from gramophone.replay.event_cursor import EventCursor
from gramophone.replay.schedule import ReplaySchedule
from tests.support.screen_backend import FakeBackend, FakeLibrary, FakeReplay, kept_session
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.screens.session import SessionScreen

EXCHANGES, DELTAS, FRAMES, FLUSHES = 300, 334, 120, 8
EXCHANGE_US = 12_000_000
RATE_HZ = 24_000
FRAME_SAMPLES = RATE_HZ // 12
JUMPS = (0.999, 0.5, 0.98, 0.02, 0.9, 0.899, 0.05, 0.7)
"""Parts of the whole, one after the other: forwards and back, far and near."""


class _Sound:
    """A hum, made when it is asked for."""

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        return b"\x01" * size_bytes

    def close(self) -> None: ...


def hour() -> list[Event]:
    """One talk of an hour."""
    chance = random.Random(7)
    words = pieces("mixed", 40 * DELTAS)
    events: list[Event] = [
        SessionStarted(
            at_us=0,
            session_id="5e55000000000000",
            provider="scripted",
            model="metronome",
            voice="tone",
            encoding="linear16",
            sample_rate_hz=RATE_HZ,
            system_prompt="",
        )
    ]
    for number in range(EXCHANGES):
        first = chance.randrange(len(words) - DELTAS)
        events += exchange(2 * number, number * EXCHANGE_US, words[first : first + DELTAS])
    return events


def exchange(question_turn: int, start_us: int, deltas: list[str]) -> list[Event]:
    """A question and its spoken answer: deltas every 25 ms, sound in step with them."""
    turn, text, question = question_turn + 1, "".join(deltas), f"Question {question_turn // 2}?"
    first_us, sound_us = start_us + 600_000, start_us + 1_000_000
    of_text: list[Event] = []
    for number, delta in enumerate(deltas):
        at_us = first_us + 25_000 * number
        of_text.append(ModelChunkReceived(at_us=at_us, turn=turn, raw="{}"))
        of_text.append(DeltaReceived(at_us=at_us, turn=turn, text=delta))
    ended_us = of_text[-1].at_us
    of_text.append(UsageReported(at_us=ended_us, turn=turn, input_tokens=9, output_tokens=DELTAS))
    of_text.append(ModelFinished(at_us=ended_us, turn=turn, reason="stop"))
    samples = FRAMES * FRAME_SAMPLES
    finished_us = sound_us + samples * 1_000_000 // RATE_HZ
    end = TurnCompleted(
        at_us=finished_us, turn=turn, role="assistant", text=text, finish_reason="stop"
    )
    return [
        TurnStarted(at_us=start_us, turn=question_turn, role="user", text=question),
        TurnCompleted(
            at_us=start_us, turn=question_turn, role="user", text=question, finish_reason="sent"
        ),
        TurnStarted(at_us=start_us, turn=turn, role="assistant"),
        RequestSent(at_us=start_us, turn=turn, provider="scripted", model="metronome", messages=1),
        *sorted(
            [*of_text, *_speech(turn, text, first_us, sound_us)], key=lambda event: event.at_us
        ),
        PlaybackFinished(at_us=finished_us, turn=turn, played_samples=samples),
        end,
    ]


def _speech(turn: int, text: str, first_us: int, sound_us: int) -> Iterator[Event]:
    part = len(text) // FLUSHES
    for flush in range(FLUSHES):
        at_us, start = first_us + 300_000 + 900_000 * flush, part * flush
        end = len(text) if flush == FLUSHES - 1 else start + part
        chunk_text = text[start:end]
        yield TextSpoken(
            at_us=at_us, turn=turn, chunk=flush, text=chunk_text, source_start=start, source_end=end
        )
        yield FrameSent(at_us=at_us, connection=0, text="{}")
        yield FlushSent(at_us=at_us, turn=turn, flush=flush, last_chunk=flush)
        share = FRAMES // FLUSHES
        for frame in range(flush * share, (flush + 1) * share):
            size = 2 * FRAME_SAMPLES
            yield AudioReceived(
                at_us=at_us + 50_000 + 1_000 * frame,
                turn=turn,
                connection=0,
                offset_bytes=frame * size,
                size_bytes=size,
            )
        end_samples = (flush + 1) * share * FRAME_SAMPLES
        answered_us = at_us + 60_000 + 1_000 * FRAMES
        yield FrameReceived(at_us=answered_us, connection=0, text="{}")
        yield FlushAnswered(at_us=answered_us, turn=turn, flush=flush, end_samples=end_samples)
    yield PlaybackStarted(at_us=sound_us, turn=turn, device="scripted")


class _Replay(FakeReplay):
    """Stands still where it was put, and tells what holds there, as a replay does."""

    def __init__(self, schedule: ReplaySchedule) -> None:
        state = ReplayState(
            ready=True,
            duration_us=schedule.duration_us,
            marks=schedule.marks,
            passages=schedule.passages,
        )
        super().__init__(state=state)
        self._cursor = EventCursor(schedule, self._emit, restarts=True)

    def _emit(self, entry: Entry) -> None:
        self.waiting.append(entry)

    def seek(self, position_us: int) -> None:
        self._cursor.seek(position_us)
        self._cursor.advance_to(position_us, jumped=True)
        self.now = replace(self.now, position_us=position_us)


@dataclass(frozen=True, slots=True)
class Jump:
    """One jump, in milliseconds of the CPU."""

    to_s: int
    entries: int
    emitted_ms: float
    drawn_ms: float


async def jumps(schedule: ReplaySchedule) -> list[Jump]:
    """Through the session and back, on the session screen."""
    backend = FakeBackend(library=FakeLibrary([kept_session(1)]))
    feed = backend.replay_feed = _Replay(schedule)
    async with GramophoneApp(backend).run_test(size=(120, 40)) as pilot:
        screen = SessionScreen(backend, kept_session(1).summary.id)
        await pilot.app.push_screen(screen)
        await pilot.pause()
        feed.seek(0)
        await pilot.press("space")
        feed.now = replace(feed.now, playing=False)
        await _drawn(pilot)
        return [await _jump(pilot, feed, int(schedule.duration_us * part)) for part in JUMPS]


async def _jump(pilot: Pilot[Any], feed: _Replay, position_us: int) -> Jump:
    begun_s = time.process_time()
    feed.seek(position_us)
    emitted_s = time.process_time()
    entries = len(feed.waiting)
    await _drawn(pilot)
    drawn_s = time.process_time()
    return Jump(
        to_s=position_us // 1_000_000,
        entries=entries,
        emitted_ms=round((emitted_s - begun_s) * 1000, 1),
        drawn_ms=round((drawn_s - emitted_s) * 1000, 1),
    )


async def _drawn(pilot: Pilot[Any]) -> None:
    pane = pilot.app.screen.query_one(Pane)
    await pane.tick()
    while not pane.settled:
        await pane.tick()
    await pilot.pause()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    schedule = ReplaySchedule(hour(), _Sound())
    asyncio.run(
        jumps(ReplaySchedule(hour()[:5_000], _Sound()))
    )  # What is loaded with the first answer.
    # As the app does with what is loaded, and with a long session.
    gc.collect()
    gc.freeze()
    measured = asyncio.run(jumps(schedule))
    if options.json:
        print(json.dumps([asdict(jump) for jump in measured]))
        return 0
    for jump in measured:
        print(
            f"to {jump.to_s:5} s  {jump.entries:7} entries  emitted {jump.emitted_ms:6.1f} ms  "
            f"drawn {jump.drawn_ms:6.1f} ms"
        )
    print("wanted: both within 100 ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
