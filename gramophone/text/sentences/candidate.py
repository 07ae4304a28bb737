"""Candidate for a sentence boundary: a run of terminators, and the words around it.

Its meaning is judged in `boundary`, `numerals` and `shortened_words`.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.text.characters import DASHES, OPENERS, is_mark


def _mark_ranges() -> str:
    """Give the marks that combine with letters, as ranges of a class of a regular expression."""
    marks = (code for code in (*range(0x300, 0x1100), *range(0x1780, 0x1800)) if is_mark(chr(code)))
    runs = (list(run) for _, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


_LETTER: Final = rf"(?:[^\W\d_]|[{_mark_ranges()}])"
KEY: Final = re.compile(
    rf"(?<![^\W_])((?:{_LETTER}\.[ ]?)*)({_LETTER}+(?:[.\-'’]{_LETTER}+)*)\Z", re.UNICODE
)
"""The last word of a text: single letters with full stops, and what follows them."""

_WORD: Final = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)*")


@frozen
class BoundaryCandidate:
    """A run of terminators and the text around it.

    `before` is the text of the sentence up to the run, `run` the terminators, `closers` the
    quotes and brackets that follow them directly, `after` the text that has come since; `ended`
    says that no more will come, `cased` that the sentence began with a capital.
    """

    before: str
    run: str
    closers: str
    after: str
    ended: bool
    cased: bool = False


def last_word(before: str) -> str:
    """Give the word that `before` ends with, or an empty string."""
    match = KEY.search(before)
    return match[2] if match else ""


def next_word(candidate: BoundaryCandidate, text: str) -> tuple[str, bool]:
    """Give the word that `text`, the head of what follows, begins with; and whether it is whole."""
    match = _WORD.match(text)
    if match is None:
        return "", True
    rest = text[match.end() :]
    return match[0], candidate.ended or len(rest) > 1 or (rest != "" and rest not in "'’")


def match_word(text: str) -> re.Match[str] | None:
    """Match the word that `text` begins with."""
    return _WORD.match(text)


def letter_after(text: str) -> str | None:
    """Give the first character of `text` that is not an opening mark, a dash or a space."""
    for char in text:
        if char not in OPENERS and char not in DASHES and char != " ":
            return char
    return None
