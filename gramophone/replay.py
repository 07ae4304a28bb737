"""Replay: a kept session as a source of the same events, in the same order and time.

The recorded sound of a turn goes to the speaker when its `PlaybackStarted` comes up. The replay
knows the clock and the speaker only through `clock` and `ports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gramophone.clock import Clock
from gramophone.ports import Speaker
from gramophone.timeline import (
    AudioReceived,
    DeviceChanged,
    Entry,
    Event,
    LevelMeasured,
    PlaybackStarted,
    PlayoutAdvanced,
    TurnInterrupted,
)

GLANCE_US = 60_000

Stretch = Callable[[bytes], bytes]
"""Makes sound shorter or longer; given PCM, returns PCM."""


class Replay:
    """Plays `events` once. `speed` 2.0 is twice as fast; infinity waits for nothing.

    At another speed than 1 the sound passes through `stretch`.
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
        self._events = events
        self._clock = clock
        self._speaker = speaker
        self._emit = emit
        self._speed = speed
        self._stretch = stretch
        self._drained = asyncio.Event()
        self._drained.set()
        self._at_us = 0

    async def run(self) -> None:
        """Emit every event in its time; returns when the last sample has been played."""
        self._speaker.open(self)
        try:
            async with asyncio.TaskGroup() as group:
                glancing = group.create_task(self._glance(), name="replay levels")
                await self._play_through()
                await self._drained.wait()
                glancing.cancel()
        finally:
            await self._speaker.aclose()

    async def _play_through(self) -> None:
        began_us = self._clock.now_us()
        for event in self._events:
            await self._clock.sleep_until_us(began_us + round(event.at_us / self._speed))
            self._at_us = event.at_us
            self._emit(event)
            match event:
                case PlaybackStarted():
                    self._sound(event.turn)
                case TurnInterrupted():
                    self._speaker.stop()
                    self._drained.set()
                case _:
                    pass

    def _sound(self, turn: int) -> None:
        frames = [
            event
            for event in self._events
            if isinstance(event, AudioReceived) and event.turn == turn and not event.stale
        ]
        if not any(frame.pcm for frame in frames) or self._speed == float("inf"):
            return
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
        self._drained.set()

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        """Where this replay sounds is a fact of now."""
        self._emit(DeviceChanged(at_us=self._at_us, device=device, silent=silent, detail=detail))


def _aligned(frames: Sequence[AudioReceived]) -> list[bytes]:
    """The frames' bytes with the padding that the recording has between two connections."""
    pieces: list[bytes] = []
    end = 0
    for frame in frames:
        pieces.append(bytes(max(0, frame.offset_bytes - end)))
        pieces.append(frame.pcm)
        end = frame.offset_bytes + frame.size_bytes
    return pieces
