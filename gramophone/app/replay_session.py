"""Replays of stored sessions, wired to the speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gramophone.app.session import speaker
from gramophone.audio.time_stretch import WsolaStretcher
from gramophone.config.config import Config
from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Entry, Event
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.time_transforms import begin_promptly, limit_idle
from gramophone.replay.track import AudioSource


def score_of(events: Sequence[Event], sound: AudioSource | None = None) -> ReplaySchedule:
    """A session laid out to be listened to: nobody waits for somebody who went to lunch."""
    return ReplaySchedule(limit_idle(begin_promptly(events)), sound)


def replay_of(
    score: ReplaySchedule, config: Config, emit: Callable[[Entry], None], speed: float
) -> Replay:
    """A replay wired to the speaker; a muted one waits for nothing."""
    clock = SystemClock()
    return Replay(
        score,
        clock=clock,
        speaker=speaker(config, score.rate_hz, clock),
        emit=emit,
        speed=float("inf") if config.muted else speed,
        stretch=lambda at_speed: WsolaStretcher(at_speed, score.rate_hz),
    )


def replay_in_hand(
    score: ReplaySchedule,
    config: Config,
    emit: Callable[[Entry], None],
    *,
    state: ReplayState,
    tell: Callable[[ReplayState], None],
) -> Replay:
    """A replay that begins as `state` says and stays at its end; muted, its text takes its time."""
    clock = SystemClock()
    return Replay(
        score,
        clock=clock,
        speaker=speaker(config, score.rate_hz, clock),
        emit=emit,
        speed=state.speed,
        stretch=lambda at_speed: WsolaStretcher(at_speed, score.rate_hz),
        heard=not config.muted,
        playing=state.playing,
        at_us=state.position_us,
        stays=True,
        tell=tell,
        anew=True,
    )
