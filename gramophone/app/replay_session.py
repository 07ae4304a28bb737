"""Replays of stored sessions, connected to the speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gramophone.app.session import make_speaker
from gramophone.audio.time_stretch import WsolaStretcher
from gramophone.config.config import Config
from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Entry, Event
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay, ReplayOptions, ReplayPorts
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.time_transforms import begin_promptly, limit_idle
from gramophone.replay.track import AudioSource


def make_schedule(events: Sequence[Event], sound: AudioSource | None = None) -> ReplaySchedule:
    """Lay out a session for listening: without the wait before the first turn, and with short
    pauses between turns."""
    return ReplaySchedule(limit_idle(begin_promptly(events)), sound)


def make_replay(
    schedule: ReplaySchedule, config: Config, emit: Callable[[Entry], None], speed: float
) -> Replay:
    """Make a replay that ends at its end; a muted one emits all events at once."""
    clock = SystemClock()
    ports = ReplayPorts(
        clock=clock,
        speaker=make_speaker(config, schedule.rate_hz, clock),
        emit=emit,
        make_stretcher=WsolaStretcher,
    )
    return Replay(schedule, ports, ReplayOptions(speed=float("inf") if config.muted else speed))


def make_interactive_replay(
    schedule: ReplaySchedule,
    config: Config,
    emit: Callable[[Entry], None],
    *,
    state: ReplayState,
    on_state: Callable[[ReplayState], None],
) -> Replay:
    """Make a replay that begins as `state` says and stays at its end; a muted one keeps its time,
    because its text is read on the screen."""
    clock = SystemClock()
    ports = ReplayPorts(
        clock=clock,
        speaker=make_speaker(config, schedule.rate_hz, clock),
        emit=emit,
        on_state=on_state,
        make_stretcher=WsolaStretcher,
    )
    options = ReplayOptions(
        speed=state.speed,
        audible=not config.muted,
        playing=state.playing,
        position_us=state.position_us,
        stays=True,
        restarts=True,
    )
    return Replay(schedule, ports, options)
