"""The last seconds of what was heard, a column for every level measured; no widget here.

New columns come in on the right. A column is the highest peak of its 60 ms, drawn from the
bottom in eighths of a row; where the sound broke off stands a mark.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from math import sqrt
from typing import Final, TypeAlias

from textual.content import Content

from tui.colours import MUTED, SOUND, WARNING

Level: TypeAlias = tuple[float, float]

UNDERRUN: Final = -1.0
"""Stands among the peaks where the sound broke off."""

UNDERRUN_MARK: Final = "!"
MOST_COLUMNS: Final = 512
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Waveform:
    """Remembers as many columns as the widest screen shows."""

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=MOST_COLUMNS)

    @property
    def peaks(self) -> list[float]:
        """All columns, the oldest first."""
        return list(self._peaks)

    def add(self, peak: float) -> None:
        """Take in a column; a peak is a share of full scale, or `UNDERRUN`."""
        self._peaks.append(peak)

    def clear(self) -> None:
        self._peaks.clear()

    def rows(self, cells: int, rows: int, *, sounding: bool) -> list[Content]:
        """The newest columns that fit, from the top row down."""
        heights = [_eighths(peak, rows) for peak in list(self._peaks)[-cells:]]
        heights = [0] * (cells - len(heights)) + heights
        return [_row(heights, rows - 1 - row, sounding=sounding) for row in range(rows)]


def _eighths(peak: float, rows: int) -> int:
    """How high a column is; the square root lets quiet speech be seen beside loud.

    What sounded has at least one eighth: silence inside the speech is told from none at all.
    """
    if peak == UNDERRUN:
        return -1
    if not peak > 0.0:  # also catches NaN
        return 1
    return max(1, round(sqrt(min(peak, 1.0)) * 8 * rows))


def _row(heights: list[int], above: int, *, sounding: bool) -> Content:
    """The row that stands `above` others."""
    pieces: list[tuple[str, str]] = []
    for broken, group in groupby(heights, lambda height: height < 0):
        if broken:
            mark = UNDERRUN_MARK if above == 0 else " "
            pieces.append((mark * len(list(group)), f"bold {WARNING}"))
        else:
            cells = (_EIGHTHS[min(8, max(0, height - 8 * above))] for height in group)
            pieces.append(("".join(cells), SOUND if sounding else MUTED))
    return Content.assemble(*pieces)
