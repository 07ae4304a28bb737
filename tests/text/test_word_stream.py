"""Words of a stream: each is given when it is whole, and Markdown is left out as by the chunker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.chunker import Chunk, Chunker
from gramophone.text.word_stream import LONGEST, WordStream

MARKDOWN = (
    "# Hi *there*\n\nIt is **3.5** [km](https://x.org) 🙂, or `code`.\n\n| a | b |\n- one\n- two"
)


def fed(deltas: Sequence[str]) -> list[Chunk]:
    stream = WordStream()
    chunks = [chunk for delta in deltas for chunk in stream.feed(delta)]
    return chunks + stream.finish()


def texts(*deltas: str) -> list[str]:
    return [chunk.text for chunk in fed(deltas)]


def without_spaces(chunks: Sequence[Chunk]) -> str:
    return re.sub(r"\s", "", "".join(chunk.text for chunk in chunks))


def test_a_word_is_given_with_the_space_behind_it() -> None:
    stream = WordStream()
    assert stream.feed("Hel") == []
    assert stream.feed("lo") == []
    assert stream.feed(" the") == [Chunk("Hello", 0, 5, False)]
    assert stream.feed("re, you ") == [Chunk("there, you", 6, 16, False)]
    assert stream.finish() == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("One. Two! Three ", ["One.", "Two!", "Three"]),
        ("A heading\nand more\n", ["A heading", "and more"]),
        ("**Bold**, _it_ `is` ", ["Bold, it is"]),
        ("Well 🙂, so ", ["Well, so"]),
        ("one — two ", ["one — two"]),
        ("…", []),
        ("\x1b[31mred\x1b[0m", ["red"]),
    ],
    ids=["sentences", "lines", "emphasis", "emoji", "dash", "marks-alone", "escape"],
)
def test_what_is_spoken(text: str, spoken: list[str]) -> None:
    assert texts(text) == spoken


def test_a_mark_that_stands_alone_goes_with_the_next_word() -> None:
    assert texts("one ", "— ", "two ") == ["one", "— two"]


def test_a_chunk_of_many_words_ends_before_it_grows_too_long() -> None:
    assert max(map(len, texts("word " * 400))) <= LONGEST + 10


def test_marks_without_a_word_are_not_held_for_ever() -> None:
    stream = WordStream()
    for _ in range(100):
        assert stream.feed("— — — — — ") == []
    assert stream.feed("word ")[0].text.endswith("word")
    assert texts("…" * 5000) == []


@given(cuts=st.lists(st.integers(0, len(MARKDOWN)), max_size=12))
def test_the_words_are_the_chunkers_in_deltas_of_any_size(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(MARKDOWN)]
    deltas = [MARKDOWN[start:end] for start, end in pairwise(edges)]
    chunker = Chunker()
    whole = [*chunker.feed(MARKDOWN), *chunker.finish()]
    chunks = fed(deltas)
    assert without_spaces(chunks) == without_spaces(whole)
    spans = [(chunk.source_start, chunk.source_end) for chunk in chunks]
    assert all(start < end for start, end in spans)
    assert spans == sorted(spans)
    for chunk in chunks:
        first = re.findall(r"\w+", chunk.text)[0]
        assert first in MARKDOWN[chunk.source_start : chunk.source_end]


def test_nothing_follows_the_end() -> None:
    stream = WordStream()
    stream.finish()
    with pytest.raises(ValueError, match="finished"):
        stream.feed("more")
