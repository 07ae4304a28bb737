"""Samples as numbers: spread over channels, and at another rate. Imported when it is first used,
because it brings numpy."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramophone.library.library import TurnRecord

Samples: TypeAlias = NDArray[np.int16]


def spread(pcm: bytes, channels: int, turn: TurnRecord | None) -> Samples:
    """Mono 16-bit PCM with a column a channel. Of two, the user's own voice is the left one and
    answers are the right one."""
    mono = np.frombuffer(pcm, "<i2").astype(np.int16, copy=False)
    if channels == 1:
        return mono[:, None]
    both = np.zeros((len(mono), 2), np.int16)
    both[:, 0 if turn is not None and turn.role == "user" else 1] = mono
    return both


def resampled(
    blocks: Iterable[Samples], from_hz: int, to_hz: int, channels: int
) -> Generator[Samples]:
    """The same sound at another rate; at its own, the very samples."""
    if from_hz == to_hz:
        yield from blocks
        return
    import soxr

    # As float, because soxr dithers whole numbers by the clock, and no two files were the same.
    stream: Any = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32", quality="HQ")
    for block in blocks:
        yield whole(stream.resample_chunk(block.astype(np.float32)))
    yield whole(stream.resample_chunk(np.zeros((0, channels), np.float32), last=True))


def whole(samples: NDArray[Any]) -> Samples:
    """The nearest samples of 16 bits; what is beyond them is cut off."""
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)
