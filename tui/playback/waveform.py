"""The waveform of the last seconds, a column for every level measured; no widget.

New columns come in on the right. A column is the highest peak of its 60 ms, drawn from the
bottom in eighths of a row; where the sound broke off stands a mark.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

from textual.content import Content

from tui.playback.eighth_blocks import cell, eighths, row_of
from tui.theme.colour_names import MUTED, SOUND, WARNING

Level: TypeAlias = tuple[float, float]

UNDERRUN: Final = -1.0
"""Stands among the peaks where the sound broke off."""

UNDERRUN_MARK: Final = "!"
MOST_COLUMNS: Final = 512
_CURVE: Final = 0.5


class Waveform:
    """Remembers as many columns as the widest screen shows."""

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=MOST_COLUMNS)

    @property
    def peaks(self) -> list[float]:
        """Peaks of the columns, the oldest first."""
        return list(self._peaks)

    def add(self, peak: float) -> None:
        """Take in a column; a peak is a share of full scale, or `UNDERRUN`."""
        self._peaks.append(peak)

    def clear(self) -> None:
        self._peaks.clear()

    def rows(self, cells: int, rows: int, *, sounding: bool) -> list[Content]:
        """The newest columns that fit, from the top row down."""
        heights = [_height(peak, rows) for peak in list(self._peaks)[-cells:]]
        # Until enough was heard, the newest column is at the right edge all the same.
        heights = [0] * (cells - len(heights)) + heights
        return [_row(heights, rows - 1 - row, sounding=sounding) for row in range(rows)]


def _height(peak: float, rows: int) -> int:
    """Height of a column in eighths; -1 where the sound broke off."""
    return -1 if peak == UNDERRUN else eighths(peak, rows, curve=_CURVE)


def _row(heights: list[int], above: int, *, sounding: bool) -> Content:
    """One row of the waveform, with `above` rows below it."""
    style = SOUND if sounding else MUTED
    broken = UNDERRUN_MARK if above == 0 else " "
    return row_of(
        (cell(height, above), style) if height >= 0 else (broken, f"bold {WARNING}")
        for height in heights
    )
