"""A stretch of recorded sound on its way to the speaker, a little ahead of what is heard.

The speaker holds a quarter of a second at most, so that a seek, a pause or another speed is heard
at once. Every stretch is a turn of its own to the speaker, whose position in it is the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gramophone.ports.engine import Speaker
from gramophone.replay.silence_scanner import SilenceScanner
from gramophone.replay.track import Track

AHEAD_MS = 250
PIECE_MS = 50
KEPT_SILENCE_MS = 150
"""What is left at either end of a silence that is skipped: a breath, not a cut."""


class Stretch(Protocol):
    """Makes sound shorter or longer, piece by piece; sample k of what it gives stands for
    sample k × speed of what it was given."""

    def push(self, pcm: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


StretchMaker: TypeAlias = Callable[[float], Stretch]


class TrackPlayer:
    """Plays `track` from the laid sample `start` on, as the speaker's turn `number`."""

    def __init__(
        self,
        track: Track,
        start: int,
        *,
        speaker: Speaker,
        number: int,
        speed: float,
        stretch: Stretch,
        skip_silence: bool,
    ) -> None:
        self.track = track
        self.number = number
        self._start = start
        self._speaker = speaker
        self._speed = speed
        self._stretch = stretch
        self._scanner = SilenceScanner(track, start) if skip_silence else None
        self._read = start
        self._end = self._resume = track.samples
        self._fed = 0
        self._finished = False

    def feed(self) -> None:
        """Keep the speaker supplied."""
        ahead = self.track.rate_hz * AHEAD_MS // 1000
        piece = max(1, int(self.track.rate_hz * PIECE_MS / 1000 * self._speed))
        heard = self._handed_over()
        while not self._finished and self._fed - heard < ahead:
            self._look_for_silence(self._read + piece)
            pcm = self.track.read(self._read, min(piece, self._end - self._read))
            self._read = min(self._read + piece, self._end)
            self._hand(self._stretch.push(pcm))
            if self._read >= self._end:
                self._hand(self._stretch.finish())
                self._finished = True
                self._speaker.finish(self.number)

    def heard_to(self) -> int:
        """The laid sample that is being handed to the device."""
        return self._laid(self._handed_over())

    @property
    def over(self) -> bool:
        """Whether all of it has been handed to the device."""
        return self._finished and self._handed_over() >= self._fed

    @property
    def end(self) -> int:
        """The laid sample that it ends at: where a silence is skipped, or the track's end."""
        return self._end

    @property
    def resume(self) -> int:
        """The laid sample to go on at when this is over: behind a silence, or the end."""
        return self._resume

    def stop(self) -> int:
        """Silence; returns the laid sample that was heard last."""
        return self._laid(self._speaker.stop())

    def _laid(self, handed_over: int) -> int:
        if self._finished and handed_over >= self._fed:
            return self._end
        return min(self._start + int(handed_over * self._speed), self._end)

    def _handed_over(self) -> int:
        state = self._speaker.playout()
        return state.position_samples if state.turn == self.number else 0

    def _hand(self, pcm: bytes) -> None:
        if pcm:
            self._fed += len(pcm) // 2
            self._speaker.play(self.number, pcm)

    def _look_for_silence(self, until: int) -> None:
        if self._scanner is None or self._end < self.track.samples:
            return
        found = self._scanner.within(until)
        if found is not None:
            start, end = found
            kept = self.track.rate_hz * KEPT_SILENCE_MS // 1000
            self._end = max(self._read, start + kept)
            # At the end of the sound there is nothing to lead into.
            last = end >= self.track.samples
            self._resume = max(self._end, end if last else end - kept)
