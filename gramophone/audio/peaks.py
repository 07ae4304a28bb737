"""Peaks of a sound that is still coming: the loudest sample of each short span."""

from __future__ import annotations

from typing import Final

from gramophone.audio.pcm import decode, samples_of

PEAKS_PER_SECOND: Final = 20
FULL: Final = 255
_FULL_SCALE: Final = 32_767


class PeakMeter:
    """Takes frames of any size, and gives a peak for each 1/20 s: 0 is silence, 255 full scale.

    The last peak is that of a span that is not over; it may still rise. `encoding` is linear16,
    mulaw or alaw; numpy is not needed, so that a screen can measure what it hears at once.
    """

    def __init__(self, rate_hz: int, encoding: str = "linear16") -> None:
        self.peaks = bytearray()
        self.samples = 0
        self.rate_hz = rate_hz
        self._encoding = encoding
        self._rest: bytes = b""

    def add(self, pcm: bytes) -> None:
        """Measure a frame; it may end within a sample, and the next one goes on there."""
        received = self._rest + pcm
        whole = len(received) & ~1 if self._encoding == "linear16" else len(received)
        self._rest = received[whole:]
        samples = samples_of(decode(received[:whole], self._encoding))
        start = 0
        while start < len(samples):
            bucket = self._bucket(self.samples)
            end = min(len(samples), start + self._edge(bucket + 1) - self.samples)
            span = samples[start:end]
            peak = min(FULL, round(max(max(span), -min(span)) * FULL / _FULL_SCALE))
            if bucket < len(self.peaks):
                self.peaks[bucket] = max(peak, self.peaks[bucket])
            else:
                self.peaks.append(peak)
            self.samples += end - start
            start = end

    def realign(self) -> None:
        """Begin with a whole sample: the half that was left over belongs to another stream."""
        self._rest = b""

    def _bucket(self, sample: int) -> int:
        # The last bucket whose first sample is not behind this one.
        return ((sample + 1) * PEAKS_PER_SECOND - 1) // self.rate_hz

    def _edge(self, bucket: int) -> int:
        """First sample of a bucket; a rate need not divide evenly."""
        return bucket * self.rate_hz // PEAKS_PER_SECOND
