"""Silences of a track, found a little ahead of the playing."""

from __future__ import annotations

from array import array

from gramophone.replay.track import Track

WINDOW_MS = 20
SHORTEST_MS = 600
LOUD = 328
"""One hundredth of full scale: -40 dB."""


class SilenceScanner:
    """Looks through a track from `start` on, only as far as it is asked to."""

    # Reading a track ahead costs time on the loop that plays it, so it is read once, window by
    # window, and no further than a silence that begins before the asked sample could reach.

    def __init__(self, track: Track, start: int) -> None:
        self._track = track
        self._window = max(1, track.rate_hz * WINDOW_MS // 1000)
        self._shortest = track.rate_hz * SHORTEST_MS // 1000
        self._scanned = start
        self._quiet_from: int | None = None

    def first_before(self, sample: int) -> tuple[int, int] | None:
        """Give the first long silence that begins before a timeline sample, as its first sample
        and the one after its last; None for none."""
        until = sample + self._shortest
        while self._scanned < self._track.samples:
            if self._quiet_from is None and self._scanned >= until:
                return None
            if self._is_quiet():
                if self._quiet_from is None:
                    self._quiet_from = self._scanned
                self._scanned += self._window
                continue
            silence = self._silence_up_to(self._scanned)
            if silence is not None:
                return silence
            self._quiet_from = None
            self._scanned += self._window
        return self._silence_up_to(self._track.samples)

    def _is_quiet(self) -> bool:
        samples = array("h", self._track.read(self._scanned, self._window))
        return max(samples) < LOUD and -min(samples) < LOUD

    def _silence_up_to(self, end: int) -> tuple[int, int] | None:
        start = self._quiet_from
        return (start, end) if start is not None and end - start >= self._shortest else None
