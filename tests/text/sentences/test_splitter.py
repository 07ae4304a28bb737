"""A text cut at the ends of its sentences, verbatim."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.text.characters import is_speakable
from gramophone.text.sentences.splitter import LONGEST, SentenceCutter


def cut(*texts: str) -> list[str]:
    cutter = SentenceCutter()
    return [*(sentence for text in texts for sentence in cutter.feed(text)), cutter.rest()]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you?", ["Hello there.", " How are you?"]),
        ("It costs 3.14 dollars. Dr. Who knows.", ["It costs 3.14 dollars.", " Dr. Who knows."]),
        ('"Stop!" he said. She left.', ['"Stop!" he said.', " She left."]),
        ("One\n\nTwo", ["One\n\n", "Two"]),
        ("... Well. Yes.", ["... Well.", " Yes."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("", [""]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences
    assert cut(*text) == sentences


def test_a_sentence_that_does_not_end_is_cut_at_a_space() -> None:
    text = "word " * 200
    sentences = cut(text)
    assert "".join(sentences) == text
    assert all(len(sentence) <= LONGEST for sentence in sentences[:-1])
    assert all(sentence.endswith("word") for sentence in sentences[:-1])
    assert len(cut("x" * 1_000)) == 3


def test_a_whole_text_is_not_cut() -> None:
    cutter = SentenceCutter(whole=True)
    assert cutter.feed("One. Two. ") == []
    assert cutter.feed("Three.") == []
    assert (cutter.held, cutter.rest(), cutter.held) == ("One. Two. Three.",) * 2 + ("",)


prose = st.text(alphabet="abA1.,!?…\"' \n(”“)。好", max_size=300) | st.text(max_size=40)


@settings(deadline=None)
@given(st.lists(prose, max_size=6))
def test_messages_make_no_difference_and_nothing_is_lost(texts: list[str]) -> None:
    text = "".join(texts)
    sentences = cut(*texts)
    assert sentences == cut(text)
    assert sentences == cut(*text)
    assert "".join(sentences) == text
    assert all(is_speakable(sentence) or len(sentence) == LONGEST for sentence in sentences[:-1])
