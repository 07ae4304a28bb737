"""Columns drawn in eighths of a row: the one way in which sound is drawn, live or stored.

Unicode has blocks of one eighth of a cell to eight (U+2581 to U+2588), so a column of n rows shows
8 n heights. Amplitudes are raised to a power below 1 first: most of speech lies far below its
peaks, and would be one flat line on a linear scale.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def eighths(share: float, rows: int, *, curve: float) -> int:
    """Height of a column in eighths; `share` is 0.0 to 1.0 of the loudest, `curve` the exponent.

    Sound has at least one eighth, so that silence within it differs from no sound at all.
    """
    if not share > 0.0:  # also catches NaN
        return 1
    return max(1, round(min(share, 1.0) ** curve * 8 * rows))


def cell(height: int, above: int) -> str:
    """The part of a column that is seen in the row above `above` others."""
    return _EIGHTHS[min(8, max(0, height - 8 * above))]


def row_of(pieces: Iterable[tuple[str, str]]) -> Content:
    """Join marks with their styles to a row, neighbours of one style as one piece.

    Fewer pieces are cheaper to draw.
    """
    joined: list[tuple[str, str]] = []
    for mark, style in pieces:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + mark, style)
        else:
            joined.append((mark, style))
    return Content.assemble(*joined)
