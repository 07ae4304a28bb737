"""Spelling reaches the voice whole: joiners stay, and no cut lies within a grapheme."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.characters import splits_between
from gramophone.text.chunker import LONGEST_CHUNK, Chunker
from gramophone.wire.deepgram.speak_v1.client import split_text

SPELLED = "می\u200cخواهم کتاب\u200cها را بخوانم. ශ්\u200dරී ලංකා හොඳයි. അവന്\u200d പോയി."


def spoken(text: str, size: int) -> list[str]:
    chunker = Chunker()
    chunks = [
        chunk.text
        for at in range(0, len(text), size)
        for chunk in chunker.feed(text[at : at + size])
    ]
    return chunks + [chunk.text for chunk in chunker.finish()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_joiners_are_spoken_in_deltas_of_any_size(size: int) -> None:
    assert " ".join(spoken(SPELLED, size)) == SPELLED
    assert spoken("a\u200cb \u200dc\u200d.", size) == ["ab c."]


@pytest.mark.parametrize("unit", ["क्षि", "e\u0301", "ន្ត", "က္က", "각", "ก็"])
def test_a_run_without_an_end_is_cut_between_graphemes(unit: str) -> None:
    for shift in range(len(unit)):
        text = "a" * shift + unit * (2 * LONGEST_CHUNK)
        chunks = spoken(text, 100)
        assert len(chunks) > 1
        assert "".join(chunks) == text
        whole = regex.findall(r"\X", text)
        assert [part for chunk in chunks for part in regex.findall(r"\X", chunk)] == whole


@given(
    st.lists(st.sampled_from(["👨\u200d👩\u200d👧", "🇩🇪", "e\u0301", "क्षि", "a", "b ", "漢"])),
    st.integers(12, 40),
)
def test_a_message_to_the_voice_is_cut_between_graphemes(parts: list[str], limit: int) -> None:
    text = "".join(parts)
    pieces = split_text(text, limit)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)
    whole = regex.findall(r"\X", text)
    assert [part for piece in pieces for part in regex.findall(r"\X", piece)] == whole


def test_what_has_no_end_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * 5_000
    assert "".join(split_text(text, 2_000)) == text


def test_nothing_is_parted_from_what_stands_below_it() -> None:
    assert not splits_between("្", "ត")
    assert not splits_between("\u1039", "က")
    assert splits_between("ត", "ក")
