"""Words of a row, and the offsets of the text that they came from."""

from __future__ import annotations

import pytest

from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.layout import TextRow
from tui.transcript.row_text import source_at, word_at, word_source_at

TEXT = "- One **two** &amp; three"


def row_of(text: str) -> TextRow:
    answer = AnswerLayout(40)
    answer.grow(text)
    answer.finish()
    return answer.row(0)


@pytest.mark.parametrize(("character", "source"), [(2, 2), (6, 8), (8, 10), (12, 20)])
def test_a_character_has_the_offset_that_it_was_written_at(character: int, source: int) -> None:
    assert source_at(row_of(TEXT), character) == source


@pytest.mark.parametrize("character", [0, 1, 5, 99])
def test_bullets_spaces_and_what_is_beyond_the_end_have_none(character: int) -> None:
    assert source_at(row_of(TEXT), character) is None
    assert word_source_at(row_of(TEXT), character) is None


def test_a_word_reaches_from_space_to_space() -> None:
    assert word_at(row_of(TEXT), 7) == (6, 9)
    assert word_source_at(row_of(TEXT), 7) == TEXT.index("two")
