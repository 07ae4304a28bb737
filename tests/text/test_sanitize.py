"""Plain: nothing that could act on a terminal passes, and nothing else is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.sanitize import PlainStream, plain, plain_line, unfinished, without_sequences

HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b2Jx\x85y\u202eabc\u2066\u200b\ufeffé\ud800"


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("plain text", "plain text"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\after", "after"),
        ("\x1b]0;never closed, still said", "]0;never closed, still said"),
        ("\x1bc reset", " reset"),
        ("\x9b31mC1\x9d0;t\x9c!", "C1!"),
        ("bell\x07 back\x08 nul\x00 del\x7f", "bell back nul del"),
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("abc\u202edcba\u202c \u2066x\u2069", "abcdcba x"),
        ("zero\u200bwidth\ufeff\u2060\u00ad", "zerowidth"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("naïve 日本語 🙂 ½ — “quotes”", "naïve 日本語 🙂 ½ — “quotes”"),
    ],
)
def test_only_what_is_harmless_passes(hostile: str, harmless: str) -> None:
    assert plain(hostile) == harmless


@pytest.mark.parametrize("size", range(1, 9))
def test_a_sequence_may_be_cut_anywhere(size: int) -> None:
    stream = PlainStream()
    pieces = [HOSTILE[at : at + size] for at in range(0, len(HOSTILE), size)]
    assert "".join(map(stream.feed, pieces)) + stream.finish() == plain(HOSTILE)


def test_what_is_never_closed_is_given_back_in_the_end() -> None:
    stream = PlainStream()
    assert stream.feed("before\x1b]0;open") == "before"
    assert stream.feed("x" * 5_000).endswith("xxx")
    assert stream.finish() == ""


def test_ordinary_text_is_not_held_back() -> None:
    assert PlainStream().feed("Hello [there") == "Hello [there"


def test_a_line_is_one_line() -> None:
    assert plain_line(" a\n b\t\x1b[1mc ") == "a b c"


@given(st.text(st.characters(codec=None), max_size=60), st.integers(1, 7))
def test_no_control_character_ever_passes(text: str, size: int) -> None:
    stream = PlainStream()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    passed = "".join(map(stream.feed, pieces)) + stream.finish()
    assert not any(
        (ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160 for char in passed
    )
    assert not set(passed) & set("\u202e\u2066\u200b\ufeff")
    passed.encode()


# --- as long as it takes ------------------------------------------------------------------------

# What the scanner does, as the expressions that say it; they take a thousand times as long.
SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,4096}[ -/]{0,4096}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4096}[0-OQ-WYZ\\`-~]"
)
UNFINISHED = re.compile(
    r"(?:\r"
    r"|(?:\x1b\[|\x9b)[0-?]{0,4096}[ -/]{0,4096}"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}\x1b?"
    r"|\x1b[ -/]{0,4096})\Z"
)
PARTS = st.sampled_from(
    [
        *"\x1b\x9b\x9d\x90\x07\x9c\\[]P0;/ m(c\r\nx",
        "\x1b\\",
        "\x1b]",
        "y" * 4095,
        "z" * 4096,
        "0" * 4096,
    ]
)


@given(st.lists(PARTS, max_size=14).map("".join))
def test_sequences_are_those_of_the_expressions(text: str) -> None:
    assert without_sequences(text) == SEQUENCE.sub("", text)
    expected = UNFINISHED.search(text)
    assert unfinished(text) == (expected.start() if expected else len(text))
