"""Where panes stand, by the room there is."""

from __future__ import annotations

import pytest

from tui.conversation.layout import MOST_PANES, Arrangement, Wish, arrangement


@pytest.mark.parametrize(
    ("panes", "width", "height", "columns", "rows"),
    [
        (1, 200, 60, 1, 1),
        (2, 80, 20, 2, 1),
        (2, 59, 20, 1, 2),
        (2, 140, 36, 2, 1),
        (3, 80, 20, 2, 2),
        (3, 200, 55, 3, 1),
        (4, 80, 20, 2, 2),
        (4, 140, 36, 2, 2),
        (4, 200, 55, 2, 2),
    ],
)
def test_panes_stand_where_they_have_most_room(
    panes: int, width: int, height: int, columns: int, rows: int
) -> None:
    assert arrangement(panes, width, height) == Arrangement(columns, rows)


@pytest.mark.parametrize(("panes", "width", "height"), [(2, 40, 9), (4, 50, 20), (3, 29, 17)])
def test_one_stands_alone_where_there_is_no_room_for_two(
    panes: int, width: int, height: int
) -> None:
    assert arrangement(panes, width, height) == Arrangement(alone=True)


def test_a_wish_is_granted_where_there_is_room_for_it() -> None:
    assert arrangement(4, 140, 36, Wish.BESIDE) == Arrangement(4, 1)
    assert arrangement(4, 140, 36, Wish.BELOW) == Arrangement(1, 4)
    assert arrangement(4, 110, 20, Wish.BESIDE) == Arrangement(2, 2)
    assert arrangement(4, 110, 20, Wish.BELOW) == Arrangement(2, 2)


@pytest.mark.parametrize("panes", range(1, MOST_PANES + 1))
@pytest.mark.parametrize("wish", Wish)
def test_each_has_a_place_at_any_size(panes: int, wish: Wish) -> None:
    for width in range(0, 240, 13):
        for height in range(0, 70, 3):
            placed = arrangement(panes, width, height, wish)
            assert placed.alone or placed.columns * placed.rows >= panes
            assert placed.alone or placed.columns * (placed.rows - 1) < panes
