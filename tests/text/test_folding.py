"""What a search takes for the same, and where in the text it stands."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.folding import folded, folded_with_places

WRITING = st.text(
    st.sampled_from(
        "aé\u0301\u0308ßﬁＡ½Σς\u200c\u200d\ufe0fيىكة٣۳한\u1112\u1161\u11abदिन्數据がか\u3099ﾀﾞ😀 "
    )
    | st.characters(codec="utf-8")
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("café", "cafe\u0301"),
        ("CAFÉ", "cafe"),
        ("Straße", "STRASSE"),
        ("Ａｐｐｌｅ　１２", "apple 12"),
        ("ﾀﾜｰ", "タワー"),
        ("ﬁne", "fine"),
        ("علي", "علی"),
        ("كتاب", "کتاب"),
        ("مَكتَب", "مکتب"),
        ("أحمد", "احمد"),
        ("عـــلی", "علی"),
        ("۱۴۰۴", "١٤٠٤"),
        ("۱۴۰۴", "1404"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("がっこう", unicodedata.normalize("NFD", "がっこう")),
        ("ක්\u200dෂ", "ක්ෂ"),
        ("न्\u200cन", "न्न"),
        ("❤️", "❤"),
        ("ه\u200cه", "ە\u200cه"),
    ],
)
def test_spellings_of_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("か", "が"), ("हिन", "हन"), ("ไก", "ไก่"), ("می\u200cخواهم", "میخواهم")]
)
def test_what_is_not_the_same(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(WRITING)
def test_folding_once_is_enough_and_places_lie_in_the_text(text: str) -> None:
    within, starts, ends = folded_with_places(text)
    assert len(within) == len(starts) == len(ends)
    assert list(starts) == sorted(starts)
    assert list(ends) == sorted(ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    assert folded(folded(text)) == folded(text)


@given(st.text(st.sampled_from("aé\u0301ßＡΣςيكة٣한दिन्数据がタ1 ")))
def test_with_places_it_is_the_same(text: str) -> None:
    assert folded_with_places(text)[0] == folded(text)
