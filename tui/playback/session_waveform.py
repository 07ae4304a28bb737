"""A session's sound as a shape: loudest samples into columns, columns into eighths. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gramophone.core.frozen import frozen
from gramophone.ports.backend import AudibleSpan, TurnMark
from tui.playback.eighth_blocks import eighths

BUCKETS_PER_SECOND = 20
_CURVE = 0.8
"""Flatter than the running waveform's: a column is the loudest of seconds, seldom quiet."""

NEAR_US = 100_000
"""Turns that begin within this are one place to go to: a question and the answer to it."""


@frozen
class Shape:
    """What the seek bar shows of a session: its length, where it sounds, how loud."""

    duration_us: int = 0
    passages: tuple[AudibleSpan, ...] = ()
    marks: tuple[TurnMark, ...] = ()
    peaks: Mapping[int, bytes] | None = None
    rate_hz: int = 48_000


def loudness(shape: Shape, columns: int) -> list[float]:
    """For each column its loudest sample, 0.0 to 1.0 of the loudest of the session; -1.0 where
    nothing sounds."""
    louds = [-1.0] * columns
    peaks = shape.peaks or {}
    loudest = max((max(each, default=0) for each in peaks.values()), default=0) or 255
    for passage in shape.passages:
        first = column_at(passage.start_us, shape.duration_us, columns)
        last = column_at(passage.end_us - 1, shape.duration_us, columns)
        for column in range(first, last + 1):
            start_us = max(passage.start_us, column * shape.duration_us // columns)
            end_us = min(passage.end_us, (column + 1) * shape.duration_us // columns)
            peak = _peak(peaks.get(passage.turn, b""), passage, shape.rate_hz, start_us, end_us)
            louds[column] = max(louds[column], peak / loudest)
    return louds


def _peak(peaks: bytes, passage: AudibleSpan, rate_hz: int, start_us: int, end_us: int) -> int:
    begun_us = passage.start_samples * 1_000_000 // rate_hz - passage.start_us
    first = (begun_us + start_us) * BUCKETS_PER_SECOND // 1_000_000
    last = (begun_us + max(start_us, end_us - 1)) * BUCKETS_PER_SECOND // 1_000_000
    return max(peaks[first : last + 1], default=0)


def heights(louds: Sequence[float], rows: int) -> list[int]:
    """Heights in eighths of a cell; sound is never lower than one, silence has none."""
    return [0 if loud < 0 else eighths(loud, rows, curve=_CURVE) for loud in louds]


def column_at(position_us: int, duration_us: int, columns: int) -> int:
    """The column in which a position lies."""
    if duration_us <= 0 or columns <= 0:
        return 0
    return min(columns - 1, max(0, position_us * columns // duration_us))


def position_at(column: int, duration_us: int, columns: int) -> int:
    """The position that a click on a column means; the last one means the end."""
    if columns <= 1 or column <= 0:
        return 0
    if column >= columns - 1:
        return duration_us
    return min(duration_us, -(-column * duration_us // columns))


def stops(marks: Sequence[TurnMark]) -> list[int]:
    """The positions that going from turn to turn stops at."""
    found: list[int] = []
    for mark in marks:
        if not found or mark.start_us - found[-1] > NEAR_US:
            found.append(mark.start_us)
    return found
