"""Replay: a kept session as a source of the same events, in the same order and time.

The recorded sound of a turn goes to the speaker when its `PlaybackStarted` comes up. While it
sounds, the speaker is the master: `PlaybackFinished` waits for the last sample, and everything
after it moves on by as much. The replay knows the clock and the speaker only through `clock`
and `ports`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from gramophone.clock import Clock
from gramophone.errors import ConfigError
from gramophone.ports import Speaker
from gramophone.tasks import cancel, spawn
from gramophone.timeline import (
    AudioReceived,
    DeviceChanged,
    Entry,
    Event,
    LevelMeasured,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlayoutAdvanced,
    TurnInterrupted,
)

GLANCE_US = 60_000

Stretch = Callable[[bytes], bytes]
"""Makes sound shorter or longer; given PCM, returns PCM."""


class Replay:
    """Plays `events` once. `speed` 2.0 is twice as fast; infinity waits for nothing.

    At another speed than 1 the sound passes through `stretch`.

    Raises:
        ConfigError: the speed is not above 0.
    """

    def __init__(
        self,
        events: Sequence[Event],
        *,
        clock: Clock,
        speaker: Speaker,
        emit: Callable[[Entry], None],
        speed: float = 1.0,
        stretch: Stretch = bytes,
    ) -> None:
        if not speed > 0:
            raise ConfigError(f"The speed is {speed:g}; it must be above 0.")
        self._events = events
        self._frames: dict[int, list[AudioReceived]] = {}
        for event in events:
            if isinstance(event, AudioReceived) and not event.stale:
                self._frames.setdefault(event.turn, []).append(event)
        self._clock = clock
        self._speaker = speaker
        self._emit = emit
        self._speed = speed
        self._stretch = stretch
        self._drained = asyncio.Event()
        self._drained.set()
        self._sounding: int | None = None
        self._at_us = 0

    async def run(self) -> None:
        """Emit every event in its time; returns when the last sample has been played."""
        self._speaker.open(self)
        glancing = spawn(self._glance(), name="replay levels")
        try:
            await self._play_through()
            await self._drained.wait()
        finally:
            await cancel(glancing)
            await self._speaker.aclose()

    async def _play_through(self) -> None:
        began_us = self._clock.now_us()
        for event in self._events:
            due_us = began_us + round(event.at_us / self._speed)
            await self._clock.sleep_until_us(due_us)
            if isinstance(event, PlaybackFinished) and event.turn == self._sounding:
                await self._drained.wait()
                began_us += max(0, self._clock.now_us() - due_us)
            self._at_us = event.at_us
            self._emit(event)
            match event:
                case PlaybackStarted():
                    self._sound(event.turn)
                case TurnInterrupted() | PlaybackStopped() if event.turn == self._sounding:
                    self._speaker.stop()
                    self._drained.set()
                case _:
                    pass

    def _sound(self, turn: int) -> None:
        frames = self._frames.get(turn, ())
        if math.isinf(self._speed) or not any(frame.pcm for frame in frames):
            return
        self._sounding = turn
        self._drained.clear()
        pcm = b"".join(_aligned(frames))
        self._speaker.play(turn, self._stretch(pcm) if self._speed != 1.0 else pcm)
        self._speaker.finish(turn)

    async def _glance(self) -> None:
        due_us = self._clock.now_us()
        while True:
            due_us += GLANCE_US
            await self._clock.sleep_until_us(due_us)
            if self._drained.is_set():
                continue
            state = self._speaker.glance()
            if state.turn < 0:
                continue
            peak, rms = self._speaker.level()
            at_us = self._at_us
            self._emit(LevelMeasured(at_us=at_us, peak=peak, rms=rms))
            position = round(state.position_samples * self._speed)
            queued = round(state.queued_samples * self._speed)
            self._emit(
                PlayoutAdvanced(
                    at_us=at_us,
                    turn=state.turn,
                    position_samples=position,
                    queued_samples=queued,
                )
            )

    # --- what the speaker tells ---------------------------------------------------------------

    def playback_began(self, turn: int, at_us: int) -> None:
        """Nothing to do: the recording says when the sound began."""

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        """Nothing to do: all sound is at hand."""

    def drained(self, turn: int, played_samples: int) -> None:
        """The turn's sound is over."""
        if turn == self._sounding:
            self._drained.set()

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        """Where this replay sounds is a fact of now."""
        self._emit(DeviceChanged(at_us=self._at_us, device=device, silent=silent, detail=detail))


def _aligned(frames: Sequence[AudioReceived]) -> list[bytes]:
    """The frames' bytes, each at its place: silence where the recording has padding between two
    connections, or has lost a frame."""
    pieces: list[bytes] = []
    end = 0
    for frame in frames:
        pieces.append(bytes(max(0, frame.offset_bytes - end)))
        pieces.append(frame.pcm.ljust(frame.size_bytes, b"\0"))
        end = frame.offset_bytes + frame.size_bytes
    return pieces
