"""Duration model: the time a voice takes for each character of a text, by its letters alone.

Only shares count: with the length of the whole the parts follow. The figures are fitted to the
durations that an engine (Piper, an English voice) gave for about five hundred words; speech is
even enough that they serve for other voices and alphabets, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator
from functools import lru_cache
from itertools import accumulate, chain
from typing import Final

from gramophone.alignment.pause_matching import TextPause
from gramophone.text.characters import CLOSERS, STRAIGHT_QUOTES, is_wide
from gramophone.text.sentences.splitter import SentenceCutter

_LETTER_MS: Final = 56
_FAINT_MS: Final = 19
"""A letter that is written and hardly heard."""
_SPELT_MS: Final = 200
_WIDE_MS: Final = 160
_DIGIT_MS: Final = 290
_LONG_DIGIT_MS: Final = 420
"""A digit of a number of three or more, with its `hundred` or `thousand`."""
_ZERO_MS: Final = 82
_POINT_MS: Final = 150
_SPACE_MS: Final = 24
# A mark is silent; its length here is that of the pause behind it.
_CLAUSE_MS: Final = 310
_SENTENCE_MS: Final = 210
_SYMBOL_MS: Final = {"%": 400, "&": 150, "@": 150, "+": 250, "=": 300, "°": 300, "/": 100} | (
    dict.fromkeys("$€£¥", 300)
)

_ENDING = "".join(re.escape(mark) for mark in sorted(CLOSERS | STRAIGHT_QUOTES))
_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<number>\d+(?:,\d+)*(?:\.\d+)?)|(?P<word>[^\W\d_]+)"
    rf"|(?P<clause>[,;:](?=[{_ENDING}]*(?:\s|\Z))|[–—]|[，、；：،؛])"
    rf"|(?P<sentence>[.!?…]+(?=[{_ENDING}]*(?:\s|\Z))|[。！？।॥؟۔]+)"
    rf"|(?P<other>.)"
)
_AFTER = re.compile(rf"[{_ENDING}]*\s*")
# The `h` of `the`, the second of two like consonants, the `k` of `back`; the `e` of `take`.
_FAINT = re.compile(
    r"(?<=[tscpwg])h|(?<=c)k|([bcdfglmnprstz])(?=\1)|(?<=[aeiouy][^\W\d_aeiouy])e(?=[sd]?\Z)"
    r"|(?<=[aeiouy][^\W\d_aeiouy]{2})e(?=[sd]?\Z)",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def reached_ms(text: str) -> tuple[int, ...]:
    """Give the time in ms at which each character begins, and last that of the end.

    The values never fall; `text` of n characters gives n + 1 of them.
    """
    return tuple(accumulate(chain.from_iterable(_lengths(text)), initial=0))


@lru_cache(maxsize=512)
def pauses(text: str) -> tuple[TextPause, ...]:
    """Give the pauses that a text asks for: at its marks, and at its end."""
    reached = reached_ms(text)
    result: list[TextPause] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup in ("clause", "sentence"):
            after = _AFTER.match(text, token.end())
            end = after.end() if after else token.end()
            sentence = token.lastgroup == "sentence"
            result.append(TextPause(reached[token.end() - 1], reached[end], sentence))
    if not result or result[-1].end_ms < reached[-1]:
        result.append(TextPause(reached[-1], reached[-1], True))
    return tuple(result)


def sentence_ends(text: str) -> set[int]:
    """Give the offsets at which sentences end, without the end of the text.

    "Dr. Who" has none.
    """
    ends = set[int]()
    at = 0
    for sentence in SentenceCutter().feed(text):
        at += len(sentence)
        ends.add(len(text[:at].rstrip()))
    return ends


def _lengths(text: str) -> Generator[Iterator[int]]:
    """Yield the lengths of the characters in ms, token by token."""
    for match_ in _TOKEN.finditer(text.replace("\n", " ")):
        token = match_[0]
        match match_.lastgroup:
            case "space":
                yield _last(token, _SPACE_MS)
            case "clause":
                yield _last(token, _CLAUSE_MS)
            case "sentence":
                yield _last(token, _SENTENCE_MS)
            case "number":
                yield _number(token)
            case "word":
                yield _word(token)
            case _:
                yield iter((_symbol(token),))


def _last(token: str, length_ms: int) -> Iterator[int]:
    return iter((*(0 for _ in token[1:]), length_ms))


def _number(token: str) -> Iterator[int]:
    digit_ms = _DIGIT_MS if len(token) < 3 else _LONG_DIGIT_MS
    special = {"0": _ZERO_MS if len(token) > 1 else digit_ms, ",": 0, ".": _POINT_MS}
    return (special.get(char, digit_ms) for char in token)


def _word(token: str) -> Iterator[int]:
    if token.isascii() and token.isupper() and 2 <= len(token) <= 3:
        return iter([_SPELT_MS] * len(token))
    faint = {match.start() for match in _FAINT.finditer(token)}
    return (_FAINT_MS if index in faint else _letter(char) for index, char in enumerate(token))


def _letter(char: str) -> int:
    return _WIDE_MS if char > "\u0dff" and is_wide(char) else _LETTER_MS


def _symbol(char: str) -> int:
    if char in _SYMBOL_MS:
        return _SYMBOL_MS[char]
    return _DIGIT_MS if not char.isascii() and unicodedata.category(char) == "No" else 0
