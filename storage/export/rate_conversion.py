"""Samples of a turn at another rate than its own, from any of them on."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

import numpy as np

from storage.export.sample_conversion import whole

_MARGIN_SAMPLES = 2_048
"""Read on either side of what is wanted: more than the filter is long."""


def resampled_range(
    read: Callable[[int, int], bytes], from_hz: int, to_hz: int, start: int, samples: int
) -> bytes:
    """Samples of 16-bit PCM at `to_hz`, counted at that rate. `read` gives samples at `from_hz`,
    from one on and as many as there are of a number.

    Blocks that follow each other fit: each begins at a multiple of both rates' common period, so
    that sample k lies at the same instant in all of them.
    """
    import soxr

    divisor = gcd(from_hz, to_hz)
    own_period, period = from_hz // divisor, to_hz // divisor
    margin = -(-_MARGIN_SAMPLES // own_period)
    first = max(0, start // period - margin)
    end = -(-(start + samples) // period) + margin
    own = np.frombuffer(read(first * own_period, (end - first) * own_period), "<i2")
    # As float, because soxr dithers whole numbers by the clock.
    resampled = whole(soxr.resample(own.astype(np.float32), from_hz, to_hz, quality="HQ"))
    skipped = start - first * period
    part = resampled[skipped : skipped + samples].astype("<i2", copy=False).tobytes()
    # The last sample of a turn may be rounded away.
    return part.ljust(2 * samples, b"\0")
