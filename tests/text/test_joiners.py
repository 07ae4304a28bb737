"""Invisible characters that belong to the spelling stay and strays go, in pieces of any size."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.joiners import CONTEXT, without_strays
from gramophone.text.sanitize import PlainStream, plain, plain_line

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

SPELLED = {
    "Persian": "می\u200cخواهم کتاب\u200cهای خانه\u200cام را بخوانم",
    "Persian suffix of a Latin word": "API\u200cها و ۱۰\u200cتایی",
    "Persian abbreviation": "۱۴۰۴ ه\u200d.ش",
    "Persian with vowel marks": "مِی\u200cخواهَم",
    "Urdu": "ہم\u200cوطن",
    "Kurdish in the older spelling": "ئه\u200cمه\u200c به\u200cرز",
    "Sinhala": "ශ්\u200dරී ලංකා, ක්\u200dෂ",
    "Sinhala touching letters": "ත\u200d්ථ",
    "Malayalam chillu": "അവന്\u200d ന്\u200cറെ",
    "Devanagari half form": "क्\u200dष and क्\u200cष",
    "Marathi eyelash ra": "ऱ\u094d\u200dया",
    "Bengali reph": "র\u200d্যাম",
    "Tamil": "க்\u200cஷ",
    "Kannada": "ಕ್\u200cಷ",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "burning heart": "❤️\u200d🔥 and ❤\ufe0e",
    "flags": f"🏳️\u200d🌈 🏴\u200d☠️ {ENGLAND}",
    "skin and profession": "👩🏽\u200d🚀 ⛹🏽\u200d♂️ ⛹️\u200d♀️ 🧑🏽\u200d❤️\u200d💋\u200d🧑🏻",
    "arrow": "🙂\u200d↔️",
    "keycaps": "1\ufe0f\u20e3 #\ufe0f\u20e3",
    "ideographic variant": "葛\U000e0100城",
    "Mongolian": "\u1820\u180b\u1828\u180e\u1820",
    "Myanmar variant": "မ\ufe00",
}
STRAYS = [
    ("a\u200cb a\u200db", "ab ab"),
    ("\u200cword\u200d", "word"),
    ("x \u200c\u200d y", "x  y"),
    ("خ\u200c\u200d خ\u200d\u200c\ufe0f", "خ خ\u200d"),
    ("میخواهم\u200c", "میخواهم"),
    ("می\u200c\u200c\u200cخواهم", "می\u200cخواهم"),
    ("1\ufe0f a\ufe0f", "1 a"),
    ("😀\ufe0f\ufe0f\u200d", "😀\ufe0f"),
    ("\u200d😀 😀\u200d ", "😀 😀 "),
    ("a\U000e0100 葛\U000e0100\U000e0101", "a 葛\U000e0100"),
    ("hidden\U000e0061\U000e0062\U000e007f", "hidden"),
    ("🏴\U000e0067\U000e0062 🏴" + "\U000e0061" * 9 + "\U000e007f", "🏴 🏴"),
    ("می\u202e\u200cخواهم \u2066x\u2069", "می\u200cخواهم x"),
    ("می\x1b[31m\u200c\u200bخواهم", "می\u200cخواهم"),
]


@pytest.mark.parametrize("text", SPELLED.values(), ids=SPELLED)
def test_spelling_is_kept(text: str) -> None:
    assert plain(text) == plain_line(text) == text


@pytest.mark.parametrize(("text", "harmless"), STRAYS)
def test_strays_and_overrides_go(text: str, harmless: str) -> None:
    assert plain(text) == harmless


@pytest.mark.parametrize("text", [*SPELLED.values(), *(text for text, _ in STRAYS)])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_in_pieces_it_is_the_same(text: str, size: int) -> None:
    stream = PlainStream()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join(map(stream.feed, pieces)) + stream.finish() == plain(text)


@given(
    st.text(
        st.sampled_from("\u200c\u200d\ufe0f\ufe0e\u20e31aخیهدر❤👩🏽🚀🏴ක්ය葛\U000e0100 \n\x1b[m")
        | st.sampled_from("\U000e0067\U000e0062\U000e007f"),
        max_size=40,
    ),
    st.integers(1, 9),
)
def test_any_pieces_give_what_the_whole_gives(text: str, size: int) -> None:
    stream = PlainStream()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    once = plain(text)
    assert "".join(map(stream.feed, pieces)) + stream.finish() == once
    assert plain(once) == once


@pytest.mark.parametrize(
    "unit",
    ["\u200c", "\u200d\u200c", "ه\u200c", "😀\u200d", "\U000e0061", "🏴\U000e0061", "ه\u064b"],
)
def test_it_costs_no_more_than_in_proportion_to_the_length(unit: str) -> None:
    without_strays("می\u200cخواهم")

    def took(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        plain(text)
        return time.process_time() - began

    assert took(400_000) < 40 * max(took(50_000), 0.001)


def test_what_went_before_is_looked_at_no_further_than_it_may_matter() -> None:
    assert without_strays("\u200cخ", "می") == "\u200cخ"
    assert without_strays("\u200cخ", "می" + " " * CONTEXT) == "خ"
