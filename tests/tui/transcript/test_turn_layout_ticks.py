"""A tick takes so much of a text, however much there is; a long kept one comes tick by tick."""

from __future__ import annotations

import pytest

from tests.support.endless_markdown import WORDS, endless
from tui.markdown.answer import Answer
from tui.markdown.cutting import LONGEST_OPEN_CHARACTERS
from tui.markdown.layout import Row
from tui.transcript.row_numbers import ALL
from tui.transcript.turn_layout import (
    AT_ONCE_CHARACTERS,
    CHARACTERS_A_TICK,
    PARSED_A_TICK,
    TurnLayout,
)
from tui.transcript.turn_view import Phase, TurnView

TEXT = WORDS * (96_000 // len(WORDS))
WIDTH = 60


def rows_of(sheet: TurnLayout) -> list[Row]:
    return [sheet.row(index) for index in range(sheet.height)]


def drawn_at_once(text: str) -> list[Row]:
    sheet = TurnLayout(TurnView(1, "assistant", text, Phase.DONE), WIDTH)
    sheet.wake(whole=True)
    return rows_of(sheet)


@pytest.mark.parametrize("kind", ["paragraph", "code in an item", "nested items"])
def test_a_tick_ends_after_so_much_work(kind: str) -> None:
    text = endless(kind, 10 * LONGEST_OPEN_CHARACTERS)
    answer = Answer(WIDTH)
    taken, work = 0, 0
    while taken < len(text):
        answer.grow(text, taken + CHARACTERS_A_TICK, PARSED_A_TICK)
        assert taken < answer.taken <= taken + CHARACTERS_A_TICK
        assert answer.work - work < PARSED_A_TICK + 4 * LONGEST_OPEN_CHARACTERS
        taken, work = answer.taken, answer.work


def test_a_long_text_that_streams_is_drawn_as_a_kept_one() -> None:
    view = TurnView(1, "assistant", phase=Phase.ANSWERING)
    sheet = TurnLayout(view, WIDTH)
    for end in range(0, len(TEXT), 50_000):
        view.text = TEXT[: end + 50_000]
        sheet.draw_text()
    view.phase = Phase.DONE
    sheet.refresh()
    while not sheet.settled:
        sheet.draw_text()
    assert rows_of(sheet) == drawn_at_once(TEXT)


def test_a_long_kept_text_comes_tick_by_tick() -> None:
    sheet = TurnLayout(TurnView(1, "assistant", TEXT, Phase.DONE), WIDTH)
    sheet.wake()
    assert not sheet.settled
    assert not sheet.can_rest
    first = rows_of(sheet)
    # What stands below is about where it will stand.
    whole = drawn_at_once(TEXT)
    assert abs(len(first) - len(whole)) < len(whole) // 2
    ticks = 0
    while not sheet.settled:
        assert sheet.draw_text() != ALL
        ticks += 1
    assert ticks > 10
    assert rows_of(sheet) == whole
    assert first[: AT_ONCE_CHARACTERS // WIDTH // 2] == whole[: AT_ONCE_CHARACTERS // WIDTH // 2]
    sheet.rest()
    sheet.wake()
    assert not sheet.settled


def test_all_of_a_long_kept_text_is_at_hand_for_a_copy() -> None:
    text = f"{TEXT}\n\n```\nlast()\n```\n"
    sheet = TurnLayout(TurnView(1, "assistant", text, Phase.DONE), WIDTH)
    with sheet.at_hand():
        assert sheet.code_blocks() == ["last()"]


def test_another_width_comes_tick_by_tick_and_at_once_where_it_is_seen() -> None:
    view = TurnView(1, "assistant", TEXT, Phase.DONE)
    sheet = TurnLayout(view, WIDTH)
    sheet.wake(whole=True)
    source = len(TEXT) // 2
    sheet.widen(2 * WIDTH)
    assert not sheet.settled
    assert not sheet.can_rest
    place = sheet.row_of_source(source)
    assert sheet.lay_out(place, place + 20) != ALL
    assert sheet.lay_out(place, place + 20) == ALL
    place = sheet.row_of_source(source)
    row = sheet.row(place)
    assert row.first <= source < row.last
    ticks = 0
    while not sheet.settled:
        sheet.draw_text()
        ticks += 1
    assert ticks > (len(TEXT) - AT_ONCE_CHARACTERS) // (CHARACTERS_A_TICK + LONGEST_OPEN_CHARACTERS)
    anew = TurnLayout(view, 2 * WIDTH)
    anew.wake(whole=True)
    assert rows_of(sheet) == rows_of(anew)


def test_rows_are_found_while_their_number_is_a_guess() -> None:
    sheet = TurnLayout(TurnView(1, "assistant", TEXT, Phase.DONE), WIDTH)
    sheet.wake(whole=True)
    sheet.widen(WIDTH // 2)
    places = [sheet.row_of_source(source) for source in range(0, len(TEXT), 500)]
    assert places == sorted(places)
    assert places[-1] < sheet.height
    for source, place in zip(range(0, len(TEXT), 500), places, strict=True):
        assert abs(sheet.source_of(place) - source) < WIDTH
