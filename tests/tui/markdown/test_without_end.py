"""Blocks that grow without end: a tick costs what is new, and the text decides the cuts."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.endless_markdown import ENDLESS, WORDS, endless
from tests.support.markdown_rows import grown, rows_of
from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.cutting import LONGEST_OPEN_CHARACTERS
from tui.markdown.document import SLICE_CHARACTERS, Document
from tui.markdown.document_rows import DocumentRows
from tui.markdown.layout import Decoration, TextRow
from tui.markdown.paint import copied, pieces

END = "\n\nAt the **end**.\n"


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_rows_are_the_same_whatever_the_sizes_of_the_deltas(kind: str) -> None:
    text = endless(kind, 3 * LONGEST_OPEN_CHARACTERS) + END
    whole = grown(text, 40, len(text))
    for step in (787, 2_003, 8_191):
        assert grown(text, 40, step) == whole


def test_the_rows_are_the_same_character_by_character() -> None:
    text = WORDS * (LONGEST_OPEN_CHARACTERS // len(WORDS) + 1)
    document, rows = Document(), DocumentRows(40)
    for until in range(LONGEST_OPEN_CHARACTERS - 50, len(text)):
        while document.grow(text, until=until):
            rows.update(document.units, document.changed_from)
    assert len(document.units) == 2
    assert rows_of(rows) == grown(text[: len(text) - 1], 40, len(text))


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_tick_costs_no_more_than_what_is_new_and_the_longest_open_block(kind: str) -> None:
    """Parsing and laying out alike."""
    text = endless(kind, 12 * LONGEST_OPEN_CHARACTERS)
    document, rows = Document(), DocumentRows(40)
    before = 0
    while document.grow(text):
        # A cut parses what is settled and what is left, once each.
        assert document.work - before <= 4 * LONGEST_OPEN_CHARACTERS
        before = document.work
        rows.update(document.units, document.changed_from)
        again = rows.height - rows.changed_from
        assert again <= 2 * LONGEST_OPEN_CHARACTERS
    slices = len(text) / SLICE_CHARACTERS
    assert document.work <= 2 * slices * LONGEST_OPEN_CHARACTERS


def _text(rows: list[TextRow]) -> str:
    return "".join(copied(row, 0, -1).rstrip() + row.join for row in rows)


def _first_mark(row: TextRow) -> str:
    mark = row.parts[0]
    assert isinstance(mark, Decoration)
    return mark.text


def _answer(text: str) -> list[TextRow]:
    answer = AnswerLayout(40)
    answer.grow(text)
    answer.finish()
    return [answer.row(index) for index in range(answer.height)]


@pytest.mark.parametrize("kind", ["paragraph", "lines", "without spaces", "one letter"])
def test_what_is_copied_across_a_cut_is_what_was_written(kind: str) -> None:
    text = endless(kind, 3 * LONGEST_OPEN_CHARACTERS)
    written = text.replace("\n", " ").replace("**", "").replace("`", "")
    written = written.replace("[this](https://example.org/page)", "this").rstrip()
    assert _text(_answer(text)).rstrip() == written


@pytest.mark.parametrize("kind", ["heading", "quote", "item", "nested", "row of a table"])
def test_looks_and_marks_go_on_behind_a_cut(kind: str) -> None:
    rows = _answer(endless(kind, 3 * LONGEST_OPEN_CHARACTERS))
    last = [piece for row in rows[-3:-1] for piece in pieces(row)]
    drawn = "".join(piece.text for row in rows for piece in pieces(row) if piece.copied)
    match kind:
        case "heading":
            assert all("heading" in piece.looks for piece in last)
        case "quote" | "nested":
            assert any(piece.text == "▎ " for piece in last)
            assert drawn.count("•") == (kind == "nested")
            assert drawn.count("3.") == (kind == "nested")
        case "item":
            assert drawn.count("•") == 1
            assert all(_first_mark(row).isspace() for row in rows[1:])
        case _:
            assert any(piece.text == "│" for piece in last)


@pytest.mark.parametrize("kind", ["paragraph", "heading", "quote", "nested", "line of code"])
def test_each_character_knows_where_it_stood(kind: str) -> None:
    text = endless(kind, 3 * LONGEST_OPEN_CHARACTERS)
    drawn = [
        piece
        for row in _answer(text)
        for piece in pieces(row)
        if piece.source >= 0 and piece.text.strip()
    ]
    assert all(text.startswith(piece.text.rstrip(), piece.source) for piece in drawn)
    assert all(before.source < after.source for before, after in pairwise(drawn))


def test_a_piece_of_code_stays_one_piece() -> None:
    for kind in ("line of code", "line of code in an item", "code in an item"):
        text = endless(kind, 3 * LONGEST_OPEN_CHARACTERS)
        answer = AnswerLayout(40)
        answer.grow(text)
        answer.finish()
        code = text[text.index("python\n") + len("python\n") :]
        indented = " " * (text.index("```") - text.rfind("\n", 0, text.index("```")) - 1)
        (block,) = answer.code_blocks()
        lines = [line.removeprefix(indented) for line in code.split("\n")]
        assert block.rstrip("\n") == "\n".join(lines).rstrip("\n")
        rows = [answer.row(index) for index in range(answer.height)]
        assert sum(any("label" in piece.looks for piece in pieces(row)) for row in rows) == 1


def test_a_cut_does_not_fall_into_code_a_link_or_emphasis() -> None:
    text = endless("paragraph", 4 * LONGEST_OPEN_CHARACTERS)
    drawn = _text(_answer(text))
    assert not set("*`[]") & set(drawn)


def test_a_definition_changes_what_was_cut() -> None:
    text = "> " + "See [it][x] here. " * 1_000 + "\n\n[x]: https://example.org\n\nEnd.\n"
    whole = grown(text, 40, len(text))
    assert grown(text, 40, 997) == whole
    document, rows = Document(), DocumentRows(40)
    while document.grow(text):
        rows.update(document.units, document.changed_from)
    assert not any("[" in row[3] for row in rows_of(rows))
