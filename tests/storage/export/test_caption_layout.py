"""Captions: which words stand together, and how long."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.text.sanitize import plain, plain_line
from storage.export.caption_layout import LINE_CHARS, LONGEST_US, SHORTEST_US, CaptionCue, cues
from storage.export.excerpt import SpokenSentence
from tests.support.captions import caption_texts, excerpt, passage


def test_a_sentence_that_fits_stands_alone() -> None:
    assert caption_texts(
        "It keeps a movement, and the air does the rest.", "A small horn is thin."
    ) == [
        "It keeps a movement,\nand the air does the rest.",
        "A small horn is thin.",
    ]


def test_a_long_sentence_is_cut_where_a_clause_ends() -> None:
    long = (
        "When the needle follows the groove, which is as fine as a hair, the membrane is shaken, "
        "and whoever stands before the horn hears a voice that is no longer there."
    )
    texts = caption_texts(long)
    assert " ".join(text.replace("\n", " ") for text in texts) == long
    assert all(text.endswith((",", ".")) for text in texts)


def test_what_is_too_short_to_be_read_stands_with_its_neighbour() -> None:
    assert caption_texts("Yes.", "Of course it does.") == ["Yes. Of course it does."]
    assert caption_texts("Ask Dr. Who. He knows 2.5 ways to do that.") == [
        "Ask Dr. Who. He knows 2.5 ways to do that."
    ]


def test_a_cue_stands_a_second_when_nothing_wants_its_place() -> None:
    (cue,) = cues(excerpt((passage("Yes.", 0),)))
    assert (cue.start_us, cue.end_us) == (0, SHORTEST_US)
    first, second = cues(excerpt((passage("Yes.", 0),), (passage("No.", 300_000),)))
    assert (first.turn, first.end_us, second.turn) == (0, 300_000, 1)


def test_no_cue_stands_through_a_silence() -> None:
    assert caption_texts("One two") == ["One two"]
    apart = (passage("One", 0), passage("two", 3_000_000))
    assert [cue.text for cue in cues(excerpt(apart))] == ["One", "two"]


def test_a_word_without_end_is_broken_to_fit() -> None:
    assert "".join(caption_texts("x" * 200)).replace("\n", "") == "x" * 200
    japanese = "蓄音機は音を記録して再生する装置です。針が溝をたどると膜が震え、音になります。"
    assert "".join(caption_texts(japanese, pace_us=150_000)).replace("\n", "") == japanese
    slow = list(cues(excerpt((passage("Slow", 0, pace_us=20_000_000),))))
    assert [cue.text for cue in slow] == ["S", "l", "o", "w"]
    assert all(cue.end_us - cue.start_us <= LONGEST_US for cue in slow)


def test_what_was_not_spoken_has_no_cue() -> None:
    assert list(cues(excerpt((), ()))) == []
    assert caption_texts("\x1b[31m\u200b") == []


TEXTS = st.text(
    st.one_of(st.sampled_from("ab .,;:?!1\n\té。世👍\u0301\x1b<>-"), st.characters()),
    min_size=1,
    max_size=300,
)
TURNS = st.lists(st.lists(st.tuples(TEXTS, st.integers(1_000, 400_000)), max_size=4), max_size=3)


@settings(deadline=None)
@given(TURNS, st.integers(0, 3_000_000))
def test_cues_are_readable_and_in_order(
    spoken: list[list[tuple[str, int]]], silence_us: int
) -> None:
    turns: list[tuple[SpokenSentence, ...]] = []
    at_us = 0
    for chunks in spoken:
        passages: list[SpokenSentence] = []
        for text, pace_us in chunks:
            passages.append(passage(text, at_us, pace_us))
            at_us = passages[-1].end_us + silence_us
        turns.append(tuple(passages))
    laid_out = list(cues(excerpt(*turns)))
    for cue in laid_out:
        assert 1 <= len(cue.lines) <= 2
        assert all(0 < len(line) <= LINE_CHARS for line in cue.text.split("\n"))
        assert 0 < cue.end_us - cue.start_us <= LONGEST_US
        assert plain(cue.text) == cue.text
    for one, other in pairwise(laid_out):
        assert one.end_us <= other.start_us
        assert one.end_us == other.start_us or one.end_us - one.start_us >= SHORTEST_US
    for turn, laid in enumerate(turns):
        words = "".join(plain_line(word.text) for sentence in laid for word in sentence.words)
        assert "".join(_letters(cue) for cue in laid_out if cue.turn == turn) == words.replace(
            " ", ""
        )


def _letters(cue: CaptionCue) -> str:
    return cue.text.replace("\n", "").replace(" ", "")
