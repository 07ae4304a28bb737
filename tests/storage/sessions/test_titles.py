"""Titles: the first words, safe on one line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.joiners import without_strays
from storage.sessions.titles import title_of


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is a gramophone?", "What is a gramophone?"),
        (
            "one two three four five six seven eight nine",
            "one two three four five six seven eight…",
        ),
        ("  two\n\tlines \r\n ", "two lines"),
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07bell\x07", "red and bell"),
        ("\u202eright to left\u2066", "right to left"),
        ("family 👨\u200d👩\u200d👧 here", "family 👨\u200d👩\u200d👧 here"),
        ("می\u200cخواهم ශ්\u200dරී a\u200cb\u200d", "می\u200cخواهم ශ්\u200dරී ab"),
        ("half \ud83d an emoji", "half an emoji"),
        ("", ""),
        ("\x00\x1b", ""),
    ],
)
def test_a_title_is_the_first_words(text: str, title: str) -> None:
    assert title_of(text) == title


def test_long_words_are_cut() -> None:
    assert title_of("a" * 100_000) == "a" * 59 + "…"
    assert title_of("word " + "b" * 100) == "word…"
    assert title_of("क्षि" * 40) == "क्षि" * 14 + "…"
    assert title_of("x" + "👨\u200d👩\u200d👧" * 40) == "x" + "👨\u200d👩\u200d👧" * 11 + "…"


@given(text=st.text(st.characters(codec=None)))
def test_any_title_is_one_short_drawable_line(text: str) -> None:
    title = title_of(text)
    assert len(title) <= 60
    assert without_strays(title) == title
    assert re.sub("[\u200c\u200d]", "", title).isprintable() or "\U000e0061" <= max(title)
    title.encode()
