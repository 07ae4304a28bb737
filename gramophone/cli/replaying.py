"""`replay`: a kept session again, in time, with its sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gramophone.cli.compose import speaker
from gramophone.cli.output import AnswerText, JsonLines, Notes, note
from gramophone.clock import SystemClock
from gramophone.config import Config
from gramophone.fanout import Fanout
from gramophone.ports import ReplayState, Sink
from gramophone.replay import Replay
from gramophone.timeline import AudioReceived, Entry, Event, SessionStarted, TurnCompleted
from gramophone.transform import begin_promptly, limit_idle
from gramophone.voice.stretch import Stretcher
from storage.library import Library


def replay_of(
    events: Sequence[Event], config: Config, emit: Callable[[Entry], None], speed: float
) -> Replay:
    """A replay of these events, wired to the speaker; muted ones wait for nothing."""
    rate_hz = _rate_of(events, config)
    clock = SystemClock()
    return Replay(
        list(limit_idle(begin_promptly(events))),
        clock=clock,
        speaker=speaker(config, rate_hz, clock),
        emit=emit,
        speed=float("inf") if config.muted else speed,
        stretch=lambda at_speed: Stretcher(at_speed, rate_hz),
    )


def replay_in_hand(
    events: Sequence[Event],
    config: Config,
    emit: Callable[[Entry], None],
    *,
    state: ReplayState,
    tell: Callable[[ReplayState], None] | None,
) -> Replay:
    """A replay that begins as `state` says and stays at its end; muted, its text takes its time."""
    rate_hz = _rate_of(events, config)
    clock = SystemClock()
    return Replay(
        list(limit_idle(begin_promptly(events))),
        clock=clock,
        speaker=speaker(config, rate_hz, clock),
        emit=emit,
        speed=state.speed,
        stretch=lambda at_speed: Stretcher(at_speed, rate_hz),
        heard=not config.muted,
        playing=state.playing,
        at_us=state.position_us,
        stays=True,
        tell=tell,
    )


def _rate_of(events: Sequence[Event], config: Config) -> int:
    started = next((e for e in events if isinstance(e, SessionStarted)), None)
    return started.sample_rate_hz if started else config.sample_rate_hz


async def replay(config: Config, home: Path, reference: str, *, speed: float, as_json: bool) -> int:
    """Play a session; the answers' text on stdout as it came, or every event as JSON."""
    async with await Library.open(home) as library:
        events = await library.events(await library.resolve(reference))
    if any(isinstance(e, AudioReceived) and e.size_bytes and not e.pcm for e in events):
        note("Some of the session's sound is missing; its text is replayed in time.")
    answer = _Dialogue()
    fanout = Fanout(lambda _sink, error: note(str(error)))
    printed: Sink = JsonLines() if as_json else answer
    fanout.add(printed)
    fanout.add(_DeviceNotes())
    with suppress(asyncio.CancelledError):
        await replay_of(events, config, fanout.emit, speed).run()
    return 0


class _DeviceNotes(Notes):
    """Failures of the past are part of the replay; only what is wrong now is a note."""

    def emit(self, entry: Entry) -> None:
        if not isinstance(entry, Event) or type(entry).__name__ == "DeviceChanged":
            super().emit(entry)


class _Dialogue(AnswerText):
    """Prints the answer as it streams, and the user's turns between."""

    def emit(self, entry: Entry) -> None:
        match entry:
            case TurnCompleted(role="user"):
                self._write(f"> {' '.join(entry.text.split())}\n")
            case TurnCompleted():
                self.finish()
            case _:
                super().emit(entry)
