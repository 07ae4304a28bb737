"""Rows of a table: whole in every frame, while it streams and while it is spoken."""

from __future__ import annotations

import pytest

from tests.support.markdown_rows import grown, rows_of
from tui.markdown.document import Document
from tui.markdown.document_rows import DocumentRows
from tui.transcript.turn_layout import TurnLayout
from tui.transcript.turn_view import Phase, TurnView

TABLE = "| Name | What it is |\n|---|---|\n| horn | a flared tube of brass |\n| arm | a lever |\n"
WIDE = "| A | B |\n|---|---|\n| " + "one " * 12 + "| " + "two " * 12 + "|\n\nAfter it.\n"


def test_a_row_is_drawn_when_it_is_whole() -> None:
    document, layout = Document(), DocumentRows(60)
    for end in range(1, len(TABLE) + 1):
        while document.grow(TABLE[:end]):
            layout.update(document.units, document.changed_from)
        texts = [text for text, *_ in rows_of(layout)]
        if end > TABLE.index("---|\n") + 4:
            whole = TABLE[:end].count("\n")
            assert len(texts) == (whole if whole > 2 else 1), (end, texts)
            assert not any(text.strip() in ("|", "") for text in texts)


def test_half_a_row_is_drawn_once_no_more_comes() -> None:
    assert [text.split() for text, *_ in grown(TABLE[: TABLE.index(" a flared")], 60, 1)][-1] == [
        "horn",
        "│",
    ]


@pytest.mark.parametrize("cell", ["one", "two"])
def test_all_lines_of_a_row_look_different_where_its_word_is_lit(cell: str) -> None:
    view = TurnView(1, "assistant", text=WIDE, phase=Phase.DONE)
    layout = TurnLayout(view, 40)
    layout.wake(whole=True)
    lines = [
        index
        for index in range(layout.text_top, layout.text_bottom)
        if any(part in row_text(layout, index) for part in ("one", "two"))
    ]
    assert len(lines) > 2
    view.heard_chars = WIDE.index(cell) + 1
    layout.hear()
    view.heard_chars = WIDE.index(cell) + 5
    assert layout.hear() == (lines[0], lines[-1])


def row_text(layout: TurnLayout, index: int) -> str:
    return layout.text_of(index, (0, 1 << 20))[0]
