"""The waveform of a session: peaks reduced to columns, columns to eighths of a cell.

An hour of sound is 170 million samples, a seek bar some hundred columns. The reduction is by
maximum, in two steps: the library gives the loudest sample of each 1/20 s (`BUCKETS_PER_SECOND`),
and a column takes the loudest of its buckets. A maximum of maxima is the maximum, so no short
sound gets lost between the steps, as it would by picking every n-th sample, and silence stays
silent, which a mean over a long column would fill up. Columns are scaled by the loudest of the
session: a quiet recording would be a flat line otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gramophone.core.frozen import frozen
from gramophone.ports.backend import AudibleSpan, TurnMark
from tui.playback.eighth_blocks import eighths

BUCKETS_PER_SECOND = 20
_CURVE = 0.8
"""Exponent of heights, flatter than the running waveform's: a column is the loudest of seconds, so
it is seldom quiet."""

NEAR_US = 100_000
"""Turns that begin within this are one stop: a question and the answer to it."""


@frozen
class SessionWaveform:
    """A session as the seek bar shows it: its length, its stretches of sound, its peaks.

    `peaks` are those of each turn, 0 to 255, `BUCKETS_PER_SECOND` of them; none while they load.
    """

    duration_us: int = 0
    passages: tuple[AudibleSpan, ...] = ()
    marks: tuple[TurnMark, ...] = ()
    peaks: Mapping[int, bytes] | None = None


def loudness(waveform: SessionWaveform, columns: int) -> list[float]:
    """The loudest sample of each column, 0.0 to 1.0 of the loudest of the session; -1.0 where
    nothing sounds."""
    levels = [-1.0] * columns
    peaks = waveform.peaks or {}
    loudest = max((max(turn, default=0) for turn in peaks.values()), default=0) or 255
    for passage in waveform.passages:
        first = column_at(passage.start_us, waveform.duration_us, columns)
        last = column_at(passage.end_us - 1, waveform.duration_us, columns)
        for column in range(first, last + 1):
            start_us = max(passage.start_us, column * waveform.duration_us // columns)
            end_us = min(passage.end_us, (column + 1) * waveform.duration_us // columns)
            peak = _peak(peaks.get(passage.turn, b""), passage, start_us, end_us)
            levels[column] = max(levels[column], peak / loudest)
    return levels


def _peak(peaks: bytes, passage: AudibleSpan, start_us: int, end_us: int) -> int:
    # Buckets count from the start of the turn's sound, of which the passage may be a later part.
    begun_us = passage.sound_us - passage.start_us
    first = (begun_us + start_us) * BUCKETS_PER_SECOND // 1_000_000
    last = (begun_us + max(start_us, end_us - 1)) * BUCKETS_PER_SECOND // 1_000_000
    return max(peaks[first : last + 1], default=0)


def heights(levels: Sequence[float], rows: int) -> list[int]:
    """Heights in eighths of a cell; sound is never lower than one, silence has none."""
    return [0 if level < 0 else eighths(level, rows, curve=_CURVE) for level in levels]


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
    """The positions at which one stops when going from turn to turn."""
    positions: list[int] = []
    for mark in marks:
        if not positions or mark.start_us - positions[-1] > NEAR_US:
            positions.append(mark.start_us)
    return positions
