"""A text is cut between graphemes only."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.graphemes import (
    LONGEST,
    after,
    before,
    cut,
    end_of,
    graphemes,
    is_plain,
    start_of,
)

WHOLE = [
    "👨\u200d👩\u200d👧\u200d👦",
    "👋🏽",
    "🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "1\ufe0f\u20e3",
    "e\u0301\u0323",
    "क्षि",
    "ශ්\u200dරී"[:-1] + "ී",
    "각",
    "กำ",
    "葛\U000e0100",
    "\r\n",
]
WRITING = st.text(
    st.sampled_from(
        "ab \r\n\u0301\u200d\ufe0f👨👩🏽🇩🇪🇫🇷कषि्ශර්ก\u0e33ᄒ\u1161\u11ab葛\U000e0100\u0600"
    )
    | st.characters(codec="utf-8"),
    max_size=40,
)


@pytest.mark.parametrize("grapheme", WHOLE)
def test_no_cut_lies_within_one(grapheme: str) -> None:
    parts = regex.findall(r"\X", grapheme)
    text = f"a{grapheme}b"
    places = [1]
    for part in parts:
        places.append(places[-1] + len(part))
    for index in range(1, len(text) - 1):
        assert start_of(text, index) == max(edge for edge in places if edge <= index)
        assert end_of(text, index) == min(edge for edge in places if edge >= index)


@given(WRITING, st.integers(-1, 41))
def test_every_place_is_judged_as_the_whole_text_is(text: str, index: int) -> None:
    edges = [0]
    for part in regex.findall(r"\X", text):
        edges.append(edges[-1] + len(part))
    inside = min(max(index, 0), len(text))
    assert start_of(text, index) == max(edge for edge in edges if edge <= inside)
    assert end_of(text, index) == min(edge for edge in edges if edge >= inside)
    if 0 < index <= len(text):
        assert before(text, index) == max(edge for edge in edges if edge < index)
    if 0 <= index < len(text):
        assert after(text, index) == min(edge for edge in edges if edge > index)


@given(WRITING, st.integers(0, 40))
def test_a_cut_text_is_a_beginning_of_whole_graphemes(text: str, longest: int) -> None:
    beginning = cut(text, longest)
    assert text.startswith(beginning)
    assert len(beginning) <= longest
    assert "".join(regex.findall(r"\X", text)[: len(regex.findall(r"\X", beginning))]) == beginning


@given(WRITING)
def test_plain_text_has_one_character_in_each(text: str) -> None:
    parts = regex.findall(r"\X", text)
    assert [text[start:end] for start, end in graphemes(text)] == parts
    if is_plain(text):
        assert parts == list(text)


def test_every_plain_character_is_plain_beside_every_kind_of_other() -> None:
    for code in range(0x110000):
        character = chr(code)
        if is_plain(character):
            doubled = f"a{character}{character}é漢😀"
            assert len(regex.findall(r"\X", doubled)) == len(doubled), hex(code)


def test_what_is_no_writing_is_cut_all_the_same() -> None:
    text = "a" + "\u0301" * 10_000
    assert start_of(text, 5_000) == 5_000
    assert len(cut(text, 5_000)) == 5_000
    assert start_of(text, LONGEST // 2) == 0
