"""Bar charts of block characters, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from gramophone.core.frozen import frozen

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEAST_BAR_CELLS = 4


@frozen
class Bar:
    """A bar, with its label before it and its amount as text behind it."""

    label: str
    amount: float
    amount_words: str


@frozen
class Pen:
    """Width of a chart in cells, and the means there are: block characters, colour."""

    cells: int = 80
    blocks: bool = True
    coloured: bool = False

    def paint(self, text: str) -> str:
        """`text` in the colour of bars."""
        return f"\x1b[36m{text}\x1b[0m" if self.coloured and text.strip() else text


def draw_bars(bars: Sequence[Bar], pen: Pen) -> list[str]:
    """Draw a bar on each line; the longest fills the width that the words leave."""
    label_cells = max((len(bar.label) for bar in bars), default=0)
    words_cells = max((len(bar.amount_words) for bar in bars), default=0)
    bar_cells = max(_LEAST_BAR_CELLS, pen.cells - label_cells - words_cells - 4)
    most = max((bar.amount for bar in bars), default=0) or 1
    lines: list[str] = []
    for bar in bars:
        blocks = pen.paint(_blocks(bar.amount / most * bar_cells, pen))
        lines.append(f"  {bar.label:>{label_cells}} {blocks} {bar.amount_words}".rstrip())
    return lines


def wrap_facts(facts: Sequence[str], pen: Pen, *, indent: str = "  ") -> list[str]:
    """Set facts side by side, as many as fit a line; none is broken that fits one."""
    # `wrap` does not break at non-breaking spaces.
    whole = "  ".join(fact.replace(" ", "\xa0") for fact in facts)
    lines = wrap(whole, max(8, pen.cells), initial_indent=indent, subsequent_indent=indent)
    return [line.replace("\xa0", " ") for line in lines]


def _blocks(cells: float, pen: Pen) -> str:
    """A bar of this length; what is more than nothing is drawn with one eighth at least."""
    if not pen.blocks:
        return "#" * max(round(cells), int(cells > 0))
    eighths = max(round(cells * 8), int(cells > 0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
