"""Port of a speaker: PCM of a turn goes in, and what was played is reported.

`devices` implements it, and `app` hands it to the engine.
"""

from __future__ import annotations

from typing import Protocol

from gramophone.core.frozen import frozen


class SpeakerListener(Protocol):
    """Listener of a speaker; called on the engine's loop. Times are of the engine's clock."""

    def playback_began(self, turn: int, at_us: int) -> None: ...
    def underran(
        self, turn: int, at_us: int, position_samples: int, missing_samples: int
    ) -> None: ...
    def drained(self, turn: int, played_samples: int) -> None: ...
    def device_changed(self, device: str, silent: bool, detail: str) -> None: ...


@frozen
class PlayoutState:
    """A glance at the speaker: position in the turn, and what waits to be played."""

    turn: int
    position_samples: int
    queued_samples: int


class Speaker(Protocol):
    """Plays signed 16-bit mono PCM. Methods are called on the engine's loop.

    It has one sample rate, and resamples turns that have another; positions and numbers of samples
    are always those of the turn's own sound.

    A speaker that is not audible holds no device; it keeps the pace of one in silence, so that
    positions and events of a turn are the same.
    """

    @property
    def device(self) -> str: ...

    @property
    def silent(self) -> bool: ...

    def open(self, listener: SpeakerListener) -> None:
        """Open the device once for the session; falls back to silence, never raises."""
        ...

    def set_audible(self, audible: bool) -> None:
        """Be heard from the present position on, or keep the pace in silence. Called before
        `open`, it says how to begin. `device_changed` reports the device, once there is one."""
        ...

    def play(
        self, turn: int, pcm: bytes, *, realign: bool = False, sample_rate_hz: int = 0
    ) -> None:
        """Queue a frame of the turn; an odd last byte is carried over to the next frame, unless
        that is the first of a new stream (`realign`). `sample_rate_hz` is the same for all frames
        of a turn; 0 is the speaker's."""
        ...

    def finish(self, turn: int) -> None:
        """Play what is left of this turn, of which no more will come, then call `drained`."""
        ...

    def stop(self) -> int:
        """Be silent at once and drop what waits; returns the samples of the turn heard so far."""
        ...

    def playout(self) -> PlayoutState: ...

    def level(self) -> tuple[float, float]:
        """Peak and RMS, 0.0 to 1.0, of the sound that was handed over in the last 60 ms."""
        ...

    async def aclose(self) -> None: ...
