"""What is typed into the search: taken apart, refused with a sentence, completed, lifted."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.errors import FilterError
from gramophone.library.search_query import (
    FILTERS,
    Search,
    SearchFilter,
    SearchWord,
    completed,
    highlights,
    hint,
    parse,
)

TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
ANYTHING = st.text() | st.lists(
    st.sampled_from([*(f"{name}:" for name in FILTERS), "-", '"', " ", "x", "2026-11", "7d", ":"])
).map("".join)


@pytest.mark.parametrize(
    ("typed", "search"),
    [
        ("", Search()),
        ("  ***  ", Search()),
        ("horn", Search((SearchWord("horn", open=True),))),
        ("a horn", Search((SearchWord("a"), SearchWord("horn", open=True)))),
        ('"the horn"', Search((SearchWord("the horn"),))),
        ('"the horn', Search((SearchWord("the horn"),))),
        ('horn "a b" -wax', Search((SearchWord("horn"), SearchWord("a b")), without=("wax",))),
        ("well-known", Search((SearchWord("well-known", open=True),))),
        ("http://x.org", Search((SearchWord("http://x.org", open=True),))),
        ("12:30", Search((SearchWord("12:30", open=True),))),
        ('"note:this"', Search((SearchWord("note:this"),))),
        ("Provider:OpenAI", Search(filters=(SearchFilter("provider", "OpenAI"),))),
        ("-provider:local", Search(filters=(SearchFilter("provider", "local", True),))),
        (
            'tag:"On Hold" tag:#x',
            Search(filters=(SearchFilter("tag", "on-hold"), SearchFilter("tag", "x"))),
        ),
        ('title:"two words"', Search(filters=(SearchFilter("title", "two words"),))),
        (
            "has:audio IS:Pinned",
            Search(filters=(SearchFilter("has", "audio"), SearchFilter("is", "pinned"))),
        ),
        ("is:pinned is:pinned", Search(filters=(SearchFilter("is", "pinned"),))),
        ("horn provider:", Search((SearchWord("horn"),))),
        ("horn ", Search((SearchWord("horn"),))),
        ("horn is:pinned", Search((SearchWord("horn"),), filters=(SearchFilter("is", "pinned"),))),
        ("is:pin", Search()),
        ("before:", Search()),
        ("before:2026-11-02", Search(until=date(2026, 11, 2))),
        ("after:2026-11", Search(since=date(2026, 11, 1))),
        ("on:2026-12", Search(since=date(2026, 12, 1), until=date(2027, 1, 1))),
        ("on:2024", Search(since=date(2024, 1, 1), until=date(2025, 1, 1))),
        ("on:today", Search(since=TODAY, until=TODAY + DAY)),
        ("on:yesterday", Search(since=TODAY - DAY, until=TODAY)),
        ("after:7d before:today", Search(since=TODAY - 7 * DAY, until=TODAY)),
        ("after:2w after:3d", Search(since=TODAY - 3 * DAY)),
    ],
)
def test_it_is_taken_apart(typed: str, search: Search) -> None:
    assert parse(typed, TODAY) == search


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("colour:red", r"There is no filter colour: .* provider:.*\"colour:red\""),
        ("is:lost x", "is:lost is not known; there are is:pinned, is:archived"),
        ("has:x", "has:x is not known; there are has:audio, has:tags"),
        ("provider: local", "provider: needs a value right after the colon"),
        ("title:***", "title: needs a word"),
        ("before:2026-13", "before:2026-13 does not name a day; write it as 2026-11-02,"),
        ("on:2026-02-30", "does not name a day"),
        ("after:99999d", "does not name a day"),
        ("on:9999-12-31", "does not name a day"),
        ("-on:today", "-on:today cannot be negated"),
        ("-wax", "-wax leaves out; write a word"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(FilterError, match=sentence):
        parse(typed, TODAY)


@given(typed=ANYTHING)
def test_nothing_that_is_typed_does_worse_than_a_sentence(typed: str) -> None:
    hint(typed, ["work"])
    longer = completed(typed, ["work"])
    assert longer is None or longer.startswith(typed)
    with suppress(FilterError):
        search = parse(typed, TODAY)
        assert all(any(map(str.isalnum, word.text)) for word in search.words)
        assert not any(word.open for word in search.words[:-1])


@given(
    name=st.sampled_from(("provider", "model", "voice", "title")),
    value=st.text(st.characters(codec="ascii", categories=("L", "N"))).filter(bool),
    negated=st.booleans(),
)
def test_a_filter_comes_back_as_it_was_written(name: str, value: str, negated: bool) -> None:
    for written in (value, f'"{value}"'):
        typed = f"{'-' if negated else ''}{name}:{written}"
        assert parse(typed, TODAY).filters == (SearchFilter(name, value, negated),)


@given(text=st.text(), words=st.lists(st.text(min_size=1), max_size=3))
def test_highlights_lie_in_the_text_in_order(text: str, words: list[str]) -> None:
    spans = highlights(text, [SearchWord(word, open=True) for word in words])
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize(
    ("words", "lifted"),
    [
        ([SearchWord("cafe")], ["Café"]),
        ([SearchWord("PLAY", open=True)], ["plays"]),
        ([SearchWord("play")], []),
        ([SearchWord("the corner")], ["the corner"]),
        ([SearchWord("jazz"), SearchWord("plays jazz")], ["plays jazz"]),
        ([SearchWord("p", open=True)], []),
    ],
)
def test_words_are_lifted(words: list[SearchWord], lifted: list[str]) -> None:
    text = "Café on the corner plays jazz."
    assert [text[start:end] for start, end in highlights(text, words)] == lifted


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("horn pro", "horn provider:"),
        ("is:a", "is:archived"),
        ("is:", "is:pinned"),
        ("-tag:w", "-tag:work"),
        ("before:y", "before:yesterday"),
        ("horn ", None),
        ("p", None),
        ("is:pinned", None),
        ('"pro', None),
    ],
)
def test_the_last_word_is_completed(typed: str, whole: str | None) -> None:
    assert completed(typed, ["work", "home"]) == whole


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", "provider:"),
        ("horn ", "provider:"),
        ("is:", "is:pinned  is:archived  is:recovered"),
        ("after:2", "2026-11-02"),
        ("tag:w", "tag:work"),
        ("mod", "model:"),
    ],
)
def test_a_line_says_what_can_be_typed(typed: str, expected: str) -> None:
    assert expected in hint(typed, ["work", "home"])
