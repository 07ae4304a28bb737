"""Figures drawn with bars of block characters, in as many cells as there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from gramophone.core.frozen import frozen

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEAST_BAR_CELLS = 4


@frozen
class Row:
    """A bar with what stands before and behind it."""

    label: str
    amount: float
    told: str


@frozen
class Pen:
    """How wide it may be, with which characters, and in which colour."""

    cells: int = 80
    blocks: bool = True
    coloured: bool = False

    def paint(self, text: str) -> str:
        """`text` in the colour of bars."""
        return f"\x1b[36m{text}\x1b[0m" if self.coloured and text.strip() else text


def bars(rows: Sequence[Row], pen: Pen) -> list[str]:
    """One line a row; the longest bar takes what room the words leave."""
    label_cells = max((len(row.label) for row in rows), default=0)
    told_cells = max((len(row.told) for row in rows), default=0)
    bar_cells = max(_LEAST_BAR_CELLS, pen.cells - label_cells - told_cells - 4)
    most = max((row.amount for row in rows), default=0) or 1
    lines: list[str] = []
    for row in rows:
        bar = _bar(row.amount / most * bar_cells, pen)
        lines.append(f"  {row.label:>{label_cells}} {pen.paint(bar)} {row.told}".rstrip())
    return lines


def facts(told: Sequence[str], pen: Pen, *, indent: str = "  ") -> list[str]:
    """Facts side by side, as many as a line takes; none is broken where it can stand whole."""
    whole = "  ".join(each.replace(" ", "\xa0") for each in told)
    lines = wrap(whole, max(8, pen.cells), initial_indent=indent, subsequent_indent=indent)
    return [line.replace("\xa0", " ") for line in lines]


def _bar(cells: float, pen: Pen) -> str:
    """A bar of that length; whatever there is at all is seen."""
    if not pen.blocks:
        return "#" * max(round(cells), int(cells > 0))
    eighths = max(round(cells * 8), int(cells > 0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
