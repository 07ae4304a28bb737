"""Graphemes (UAX #29): a text may be cut between them, never within one.

An emoji of several people, a letter with its marks and a syllable of Hindi are one grapheme each,
of many characters. `regex`, which knows them, is loaded at the first character that is not
plain. A grapheme is followed over `LONGEST` characters at most; no writing has longer ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import regex

LONGEST: Final = 128
"""Characters of a grapheme beyond which it may be cut."""

# Each of these beside another of them is a grapheme of its own; no mark, no half of a flag, no
# part of a syllable is among them.
_PLAIN = re.compile(
    "[\x00-\x0c\x0e-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u1fff\u2010-\u2027\u2030-\u205e"
    "\u20a0-\u20cf\u2100-\u2cee\u3000-\u3029\u3030-\u3098\u309b-\ua4cf\uac00-\ud7a3\uff01-\uff9d"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff\U00020000-\U0003fffd]*"
)


@cache
def _grapheme() -> regex.Pattern[str]:
    import regex

    return regex.compile(r"\X")


def start_of(text: str, position: int) -> int:
    """Give the last position at or before `position` at which `text` may be cut."""
    if position <= 0 or position >= len(text) or _parted(text, position):
        return max(0, min(position, len(text)))
    start, _ = _around(text, position)
    return start


def end_of(text: str, position: int) -> int:
    """Give the first position at or after `position` at which `text` may be cut."""
    if position <= 0 or position >= len(text) or _parted(text, position):
        return max(0, min(position, len(text)))
    start, end = _around(text, position)
    return position if start == position else end


def before(text: str, position: int) -> int:
    """Give the start of the grapheme that ends at `position`, or that it lies in."""
    return start_of(text, position - 1)


def after(text: str, position: int) -> int:
    """Give the end of the grapheme that starts at `position`, or that it lies in."""
    return end_of(text, position + 1)


def cut(text: str, longest: int) -> str:
    """Give the beginning of `text`, at most `longest` characters long, cut between graphemes."""
    return text if len(text) <= longest else text[: start_of(text, longest)]


def is_plain(text: str) -> bool:
    """Say whether each character of `text` is a grapheme of its own, by its ranges alone."""
    return _PLAIN.fullmatch(text) is not None


def graphemes(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield start and end of each grapheme between two positions at which `text` may be cut."""
    end = len(text) if end is None else end
    return (match.span() for match in _grapheme().finditer(text, start, end))


def _parted(text: str, position: int) -> bool:
    """Say whether the characters beside a position are plain enough to need no table."""
    return is_plain(text[position - 1 : position + 1])


def _around(text: str, position: int) -> tuple[int, int]:
    """Find start and end of the grapheme that holds the character at `position`."""
    # Whether a break lies between two characters may depend on many before (the halves of flags
    # pair up from the first one on): so it is found from the last certain break onward.
    first = position
    lowest = max(0, position - LONGEST)
    while first > lowest and not _parted(text, first):
        first -= 1
    is_certain = first == 0 or _parted(text, first)
    for match in _grapheme().finditer(text, first, min(len(text), position + LONGEST)):
        if match.end() > position:
            start = match.start() if is_certain or match.start() > first else position
            return start, match.end()
    return position, position + 1
