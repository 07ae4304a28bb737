"""Columns drawn in eighths of a row: the one way in which sound is drawn, live or kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def eighths(share: float, rows: int, *, curve: float) -> int:
    """How high a column is; a `curve` below 1 lets what is quiet be seen beside what is loud.

    What sounded has at least one eighth: silence inside the sound is told from none at all.
    """
    if not share > 0.0:  # also catches NaN
        return 1
    return max(1, round(min(share, 1.0) ** curve * 8 * rows))


def cell(height: int, above: int) -> str:
    """What is seen of a column in the row that stands `above` others."""
    return _EIGHTHS[min(8, max(0, height - 8 * above))]


def row_of(pieces: Iterable[tuple[str, str]]) -> Content:
    """Marks with their styles, neighbours of one style as one piece: cheaper to draw."""
    joined: list[tuple[str, str]] = []
    for mark, style in pieces:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + mark, style)
        else:
            joined.append((mark, style))
    return Content.assemble(*joined)
