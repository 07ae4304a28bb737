"""What is drawn is as wide as it is taken to be; no line, look or selection parts a grapheme."""

from __future__ import annotations

import pytest
import regex
import rich.cells
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.builders import spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_text
from tui.app import GramophoneApp
from tui.markdown.flow import lines_of, plain_flow
from tui.markdown.layout import Slice, TextRow
from tui.markdown.paint import SpokenSpan, copied, pieces
from tui.theme import cell_widths

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
WHOLE = [FAMILY, "👋🏽", "🇩🇪", "1\ufe0f\u20e3", "e\u0301", "क्षि", "❤️\u200d🔥", "한", "ක්\u200dය"]
LINES = st.lists(st.sampled_from([*WHOLE, "a", " ", "漢", "word ", "\n"])).map("".join)


@pytest.fixture(autouse=True)
def mended() -> None:
    cell_widths.mend()


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("ක්\u200dය", 2),
        ("ශ්\u200dරී ලංකා", 5),
        ("ه\u200d.ش", 3),
        ("র\u200d্যা", 2),
        ("می\u200cخ", 3),
        (FAMILY, 2),
        ("❤️\u200d🔥", 2),
        ("👋🏽", 2),
        ("⛹🏽\u200d♂️", 2),
        ("葛\U000e0100", 2),
    ],
)
def test_a_joiner_takes_no_cells_from_a_letter(text: str, cells: int) -> None:
    assert cell_len(text) == cells
    spans, total = rich.cells.split_graphemes(text)
    assert total == cells
    assert [spans[0][0], spans[-1][1]] == [0, len(text)]


@given(LINES, st.integers(2, 20), st.booleans())
def test_lines_are_broken_between_graphemes_and_fit(text: str, width: int, words: bool) -> None:
    edges = {0}
    for part in regex.findall(r"\X", text):
        edges.add(max(edges) + len(part))
    spans = lines_of(text, width, words=words)
    assert {edge for line in spans for edge in line} <= edges
    for start, end in spans:
        assert cell_len(text[start:end]) <= width
    drawn = "".join(text[start:end] for start, end in spans)
    assert regex.sub(r"\s", "", drawn) == regex.sub(r"\s", "", text)


@given(LINES.map(lambda text: text.replace("\n", "")), st.integers(0, 40), st.integers(0, 40))
def test_looks_and_copies_part_no_grapheme(text: str, one: int, other: int) -> None:
    row = TextRow((Slice(plain_flow(text, 0), 0, len(text)),), 0, len(text))
    texts = [piece.text for piece in pieces(row, SpokenSpan(min(one, other), max(one, other)))]
    assert "".join(texts) == text
    parts = regex.findall(r"\X", text)
    assert [part for piece in texts for part in regex.findall(r"\X", piece)] == parts
    edges = {len("".join(parts[:number])) for number in range(len(parts) + 1)}
    taken = copied(row, min(one, other), max(one, other))
    starts = [edge for edge in edges if text.startswith(taken, edge) and edge <= min(one, other)]
    assert taken == "" or any(start + len(taken) in edges for start in starts)


async def test_an_answer_keeps_its_spelling_on_the_screen() -> None:
    text = f"می\u200cخواهم ශ්\u200dරී {FAMILY} 1\ufe0f\u20e3"
    backend = FakeBackend(FakeFeed(spoken_exchange("Hi", f"{text} a\u200db\u202e")))
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        assert text in screen_text(pilot)
        assert f"{text} ab" in screen_text(pilot)
        assert all(cell_len(line) <= 80 for line in screen_text(pilot).split("\n"))
