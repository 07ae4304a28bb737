"""Amplitudes as dots: around a middle line, or on the lower edge of a single row."""

from __future__ import annotations

import pytest

from tui.playback.braille import NO_SOUND, highest, needle, wave


def test_one_row_stands_on_its_lower_edge() -> None:
    assert highest(1) == 3
    assert wave([0, 0, 1, 1, 2, 2, 3, 3, 3, 0], 1) == ["⣀⣤⣶⣿⣇"]


def test_more_rows_grow_both_ways_from_the_middle() -> None:
    assert highest(2) == 4
    assert wave([1, 1, 2, 2, 4, 4, 0, 3], 2) == ["⣀⣤⣿⢰", "⠉⠛⣿⠹"]


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_silence_is_a_line_and_no_sound_a_dotted_one(rows: int) -> None:
    """The two differ without colours, too."""
    silence, nothing = wave([0, 0], rows), wave([NO_SOUND, NO_SOUND], rows)
    assert [dots(row) for row in silence if row != " "] == [2]
    assert [dots(row) for row in nothing if row != " "] == [1]


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_each_amplitude_has_more_dots_than_the_one_before(rows: int) -> None:
    counts = [
        sum(map(dots, wave([amplitude, amplitude], rows))) for amplitude in range(highest(rows) + 1)
    ]
    assert counts == sorted(set(counts))
    assert counts[-1] == 8 * rows


def test_a_needle_is_a_line_with_the_level_beside_it() -> None:
    assert needle(NO_SOUND, 3) == ["⡇", "⡇", "⡇"]
    assert needle(0, 3) == ["⡇", "⡧", "⡇"]
    assert needle(highest(3), 3) == ["⣿", "⣿", "⣿"]


def dots(cell: str) -> int:
    return 0 if cell == " " else (ord(cell) - 0x2800).bit_count()
