"""A tick takes so much of a text, however much there is; a long stored one comes tick by tick."""

from __future__ import annotations

import pytest

from tests.support.endless_markdown import WORDS, endless
from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.cutting import LONGEST_OPEN_CHARACTERS
from tui.markdown.layout import TextRow
from tui.transcript.row_numbers import ALL
from tui.transcript.turn_body import AT_ONCE_CHARACTERS, CHARACTERS_A_TICK, PARSED_A_TICK
from tui.transcript.turn_layout import TurnLayout
from tui.transcript.turn_view import Phase, TurnView

TEXT = WORDS * (96_000 // len(WORDS))
WIDTH = 60


def rows_of(layout: TurnLayout) -> list[TextRow]:
    return [layout.row(index) for index in range(layout.height)]


def drawn_at_once(text: str) -> list[TextRow]:
    layout = TurnLayout(TurnView(1, "assistant", text, Phase.DONE), WIDTH)
    layout.wake(whole=True)
    return rows_of(layout)


@pytest.mark.parametrize("kind", ["paragraph", "code in an item", "nested items"])
def test_a_tick_ends_after_so_much_work(kind: str) -> None:
    text = endless(kind, 10 * LONGEST_OPEN_CHARACTERS)
    answer = AnswerLayout(WIDTH)
    taken, work = 0, 0
    while taken < len(text):
        answer.grow(text, taken + CHARACTERS_A_TICK, PARSED_A_TICK)
        assert taken < answer.parsed <= taken + CHARACTERS_A_TICK
        assert answer.work - work < PARSED_A_TICK + 4 * LONGEST_OPEN_CHARACTERS
        taken, work = answer.parsed, answer.work


def test_a_long_text_that_streams_is_drawn_as_a_kept_one() -> None:
    view = TurnView(1, "assistant", phase=Phase.ANSWERING)
    layout = TurnLayout(view, WIDTH)
    for end in range(0, len(TEXT), 50_000):
        view.text = TEXT[: end + 50_000]
        layout.draw_text()
    view.phase = Phase.DONE
    layout.refresh()
    while not layout.settled:
        layout.draw_text()
    assert rows_of(layout) == drawn_at_once(TEXT)


def test_a_long_kept_text_comes_tick_by_tick() -> None:
    layout = TurnLayout(TurnView(1, "assistant", TEXT, Phase.DONE), WIDTH)
    layout.wake()
    assert not layout.settled
    assert not layout.can_rest
    first = rows_of(layout)
    # What stands below is about where it will stand.
    whole = drawn_at_once(TEXT)
    assert abs(len(first) - len(whole)) < len(whole) // 2
    ticks = 0
    while not layout.settled:
        assert layout.draw_text() != ALL
        ticks += 1
    assert ticks > 10
    assert rows_of(layout) == whole
    assert first[: AT_ONCE_CHARACTERS // WIDTH // 2] == whole[: AT_ONCE_CHARACTERS // WIDTH // 2]
    layout.rest()
    layout.wake()
    assert not layout.settled


def test_all_of_a_long_stored_text_is_at_hand_for_a_copy() -> None:
    text = f"{TEXT}\n\n```\nlast()\n```\n"
    layout = TurnLayout(TurnView(1, "assistant", text, Phase.DONE), WIDTH)
    with layout.awake():
        assert layout.code_blocks() == ["last()"]


def test_another_width_comes_tick_by_tick_and_at_once_where_it_is_seen() -> None:
    view = TurnView(1, "assistant", TEXT, Phase.DONE)
    layout = TurnLayout(view, WIDTH)
    layout.wake(whole=True)
    source = len(TEXT) // 2
    layout.widen(2 * WIDTH)
    assert not layout.settled
    assert not layout.can_rest
    index = layout.row_of_source(source)
    assert layout.lay_out(index, index + 20) != ALL
    assert layout.lay_out(index, index + 20) == ALL
    index = layout.row_of_source(source)
    row = layout.row(index)
    assert row.first <= source < row.last
    ticks = 0
    while not layout.settled:
        layout.draw_text()
        ticks += 1
    assert ticks > (len(TEXT) - AT_ONCE_CHARACTERS) // (CHARACTERS_A_TICK + LONGEST_OPEN_CHARACTERS)
    fresh = TurnLayout(view, 2 * WIDTH)
    fresh.wake(whole=True)
    assert rows_of(layout) == rows_of(fresh)


def test_rows_are_found_while_their_number_is_a_guess() -> None:
    layout = TurnLayout(TurnView(1, "assistant", TEXT, Phase.DONE), WIDTH)
    layout.wake(whole=True)
    layout.widen(WIDTH // 2)
    indexes = [layout.row_of_source(source) for source in range(0, len(TEXT), 500)]
    assert indexes == sorted(indexes)
    assert indexes[-1] < layout.height
    for source, index in zip(range(0, len(TEXT), 500), indexes, strict=True):
        assert abs(layout.source_of(index) - source) < WIDTH
