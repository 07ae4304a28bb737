"""Level of a block of signed 16-bit PCM, without numpy so that it loads at once."""

from __future__ import annotations

from array import array
from math import sqrt
from operator import mul

FULL_SCALE = 32768


def level(pcm: bytes) -> tuple[float, float]:
    """Give peak and RMS of a block, each 0.0 to 1.0 of full scale; 0.0 for an empty one."""
    samples = array("h", pcm[: len(pcm) & ~1])
    if not samples:
        return 0.0, 0.0
    peak = max(max(samples), -min(samples)) / FULL_SCALE
    rms = sqrt(sum(map(mul, samples, samples)) / len(samples)) / FULL_SCALE
    return peak, rms
