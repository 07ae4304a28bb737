"""Layout of up to four panes: columns and rows that leave each of them room."""

from __future__ import annotations

from enum import Enum

from gramophone.core.frozen import frozen

MOST_PANES = 4
LEAST_CELLS = 30
LEAST_ROWS = 6
GOOD_CELLS = 60
GOOD_ROWS = 16


class Wish(Enum):
    """Layout that the user asked for; it holds where there is room for it."""

    BY_ROOM = "by room"
    BESIDE = "beside each other"
    BELOW = "below each other"


@frozen
class Arrangement:
    """Columns and rows of panes; `alone` where there is room for one of them only."""

    columns: int = 1
    rows: int = 1
    alone: bool = False


def arrangement(
    panes: int, width_cells: int, height_rows: int, wish: Wish = Wish.BY_ROOM
) -> Arrangement:
    """Columns and rows for so many panes in this space.

    As wished if that leaves each pane room to be read, else the layout that does, else one pane
    alone.
    """
    if panes == 1:
        return Arrangement()
    fitting = [
        shape
        for shape in _shapes(panes)
        if width_cells // shape.columns >= LEAST_CELLS and height_rows // shape.rows >= LEAST_ROWS
    ]
    if not fitting:
        return Arrangement(alone=True)
    if wish is Wish.BELOW:
        return fitting[-1]
    if wish is Wish.BESIDE:
        return fitting[0]
    return max(fitting, key=lambda shape: _comfort(shape, width_cells, height_rows))


def _shapes(panes: int) -> list[Arrangement]:
    """Every shape without an empty column, the widest first."""
    # Both divisions round up. A number of columns that leaves the last one empty has the rows of a
    # smaller number, so shapes are made from the different numbers of rows.
    rows = sorted({-(-panes // columns) for columns in range(1, panes + 1)})
    return [Arrangement(-(-panes // count), count) for count in rows]


def _comfort(shape: Arrangement, width_cells: int, height_rows: int) -> float:
    """1.0 where every pane has all the room it can use; the first of equals is the widest."""
    return min(
        1.0,
        width_cells / shape.columns / GOOD_CELLS,
        height_rows / shape.rows / GOOD_ROWS,
    )
