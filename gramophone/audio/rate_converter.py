"""Conversion of a stream of samples to another rate, by soxr."""

from __future__ import annotations

from typing import Any

_SAMPLE_BYTES = 2
_FULL_QUALITY_HZ = 16_000
"""Below this the filter of full quality holds back more than 100 ms of sound: at 8 kHz 175 ms."""


class RateConverter:
    """Signed 16-bit mono PCM at `from_hz` in, the same sound at `to_hz` out, piece by piece.

    `samples` counts those that were taken.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        import numpy
        import soxr

        self.from_hz = from_hz
        self.samples = 0
        self._half_sample = b""
        self._numpy = numpy
        quality = "HQ" if min(from_hz, to_hz) >= _FULL_QUALITY_HZ else "LQ"
        # As float, because soxr dithers whole numbers by the clock.
        self._stream: Any = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=quality)

    def push(self, pcm: bytes) -> bytes:
        """Take a frame; give the output that is certain by now. An odd last byte is half a sample:
        it waits for the next frame."""
        held = self._half_sample + pcm
        whole_bytes = len(held) - len(held) % _SAMPLE_BYTES
        self._half_sample = held[whole_bytes:]
        self.samples += whole_bytes // _SAMPLE_BYTES
        return self._resample(held[:whole_bytes], last=False)

    def realign(self) -> None:
        """Forget half a sample: the stream it belonged to has ended."""
        self._half_sample = b""

    def finish(self) -> bytes:
        """Give the rest; nothing may be pushed after it."""
        return self._resample(b"", last=True)

    def _resample(self, pcm: bytes, *, last: bool) -> bytes:
        numbers = self._numpy
        samples = numbers.frombuffer(pcm, "<i2").astype(numbers.float32)
        resampled = numbers.rint(self._stream.resample_chunk(samples, last=last))
        return numbers.clip(resampled, -32_768, 32_767).astype("<i2").tobytes()


def load_converter() -> None:
    """Import what a conversion needs, ahead of the first; from any thread."""
    RateConverter(2, 1)
