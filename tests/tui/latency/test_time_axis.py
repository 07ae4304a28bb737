"""Time over cells: bars in eighths, round ticks, a window that stays inside."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.latency.time_axis import Window, bar, difference_words, line, span_words, ticks

WHOLE = Window(0, 1_000_000)


def drawn(filled: list[tuple[int, str]], cells: int) -> str:
    row = [" "] * cells
    for cell, block in filled:
        row[cell] = block
    return "".join(row)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 32, "████"),
        (0, 12, "█▌  "),
        (4, 16, "▐█  "),
        (7, 9, "▕▏  "),
        (9, 9, " ▏  "),
        (15, 15, " ▕  "),
        (20, 23, "  ▐ "),
        (-80, 8, "█   "),
        (24, 900, "   █"),
        (32, 40, "    "),
        (-9, -1, "    "),
    ],
)
def test_a_bar_is_exact_to_the_eighth_where_a_block_can_be(
    start: int, end: int, expected: str
) -> None:
    assert drawn(bar(start, end, 4), 4) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 32, "━━━━"), (4, 12, "╺╸  "), (0, 2, "╸   "), (6, 8, "╺   "), (40, 50, "    ")],
)
def test_a_thin_line_is_exact_to_half_a_cell(start: int, end: int, expected: str) -> None:
    assert drawn(line(start, end, 4), 4) == expected


@given(st.integers(-500, 500), st.integers(0, 900), st.integers(1, 60))
def test_no_bar_leaves_its_row(start: int, length: int, cells: int) -> None:
    for shape in (bar, line):
        drawn_cells = [cell for cell, _ in shape(start, start + length, cells)]
        assert drawn_cells == sorted(set(drawn_cells))
        assert all(0 <= cell < cells for cell in drawn_cells)
        in_row = start + max(length, 1) > 0 and start < cells * 8
        assert bool(drawn_cells) is in_row


def test_ticks_are_round_and_far_enough_apart() -> None:
    assert ticks(WHOLE, 50) == [
        (0, "0"),
        (10, "200 ms"),
        (20, "400 ms"),
        (30, "600 ms"),
        (40, "800 ms"),
    ]
    assert [words for _, words in ticks(Window(0, 3_000_000), 60)][:4] == [
        "0",
        "500 ms",
        "1.0 s",
        "1.5 s",
    ]
    assert [words for _, words in ticks(Window(0, 2_000), 40)][:2] == ["0", "0.5 ms"]
    assert [words for _, words in ticks(Window(7_100_000, 9_000_000), 40)] == [
        "7.5 s",
        "8.0 s",
        "8.5 s",
    ]


@given(st.integers(0, 10**9), st.integers(1000, 10**9), st.integers(4, 200))
def test_ticks_stand_in_the_window(start_us: int, span_us: int, cells: int) -> None:
    tick_cells = [cell for cell, _ in ticks(Window(start_us, start_us + span_us), cells)]
    assert all(0 <= cell < cells for cell in tick_cells)
    assert all(after - before >= 9 for before, after in pairwise(tick_cells))


@given(
    st.integers(0, 10**7),
    st.integers(1000, 10**7),
    st.sampled_from([0.5, 2.0]),
    st.integers(0, 2 * 10**7),
)
def test_a_zoomed_window_stays_inside_the_answer(
    start_us: int, span_us: int, factor: float, around_us: int
) -> None:
    whole_us = start_us + span_us + 5
    window = Window(start_us, start_us + span_us).zoomed(factor, around_us, whole_us)
    assert 0 <= window.start_us < window.end_us <= whole_us
    moved = window.moved(10**8, whole_us)
    assert (moved.end_us, moved.span_us) == (whole_us, window.span_us)
    assert window.moved(-(10**8), whole_us).start_us == 0


def test_zooming_keeps_the_middle_in_its_place() -> None:
    assert WHOLE.zoomed(0.5, 500_000, 1_000_000) == Window(250_000, 750_000)
    assert WHOLE.zoomed(0.5, 0, 1_000_000) == Window(0, 500_000)
    assert WHOLE.zoomed(2.0, 0, 1_000_000) == WHOLE


@pytest.mark.parametrize(
    ("span_us", "words"),
    [
        (0, "0.0 ms"),
        (6_200, "6.2 ms"),
        (269_527, "270 ms"),
        (999_400, "999 ms"),
        (999_600, "1.00 s"),
        (5_820_000, "5.82 s"),
        (31_240_000, "31.2 s"),
        (125_000_000, "2 min 5 s"),
    ],
)
def test_spans_are_as_exact_as_they_are_short(span_us: int, words: str) -> None:
    assert span_words(span_us) == words


def test_differences_have_a_sign() -> None:
    words = [difference_words(by_us) for by_us in (123_000, -45_000, 20, 0)]
    assert words == ["+123 ms", "−45 ms", "same", "same"]
