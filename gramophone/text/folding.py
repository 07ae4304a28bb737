"""Folding of text for search: one case, one width, no accents, one spelling of letters.

The full-text index is folded by this, and so are the query and the text of a hit in which matches
are highlighted. A change of its result needs a migration that builds the index again
(`storage.sqlite.schema`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

NON_JOINER: Final = "\u200c"

# Accents, Arabic and Hebrew points, not the vowel signs of scripts in which they are letters.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08d3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")  # fmt: skip
# Invisible, or only stretching; a non-joiner stays, since it may divide.
_IGNORED: Final = frozenset(
    (0x00AD, 0x0640, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F, 0x200B, 0x200D, 0x200E, 0x200F)
) | frozenset((0x2060, 0xFEFF, *range(0xFE00, 0xFE10), *range(0xE0000, 0xE0200)))
# Letters that Arabic, Persian, Urdu and Kurdish keyboards write for one another, and digits.
_LETTERS: Final = (
    dict.fromkeys(_IGNORED)
    | str.maketrans(
        "\u064a\u0649\u06d2\u0643\u0629\u06d5\u06c0\u06c1\u06c3\u06be", "یییکههههه\u0647"
    )
    | {0x0660 + digit: str(digit) for digit in range(10)}
    | {0x06F0 + digit: str(digit) for digit in range(10)}
)
_VIRAMAS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_AFTER_VIRAMA = re.compile(f"(?<=[{_VIRAMAS}]){NON_JOINER}")
# Characters that are folded one by one, and by their case alone.
_SIMPLE = re.compile("[\x00-\x7f\u3400-\u4dbf\u4e00-\u9fff]+")
_JUNGSEONG, _JONGSEONG_ENDS = "\u1160", "\u11ff"


def folded(text: str) -> str:
    """Give `text` as it is compared: é is e, ß is ss, Ａ is a, ي is ی; a non-joiner stays."""
    if text.isascii():
        return text.lower()
    # As Unicode's compatibility caseless match (3.13, D146): decomposed before and after folding.
    text = unicodedata.normalize("NFKD", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)
    if NON_JOINER in text:
        text = _AFTER_VIRAMA.sub("", text)
    return unicodedata.normalize("NFC", text)


def folded_with_places(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Give the folded text, and for each of its characters the start and end in `text`."""
    if text.isascii():
        return text.lower(), range(len(text)), range(1, len(text) + 1)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    start = 0
    for simple in _SIMPLE.finditer(text):
        # What follows may belong to its last character.
        _fold(text, start, simple.start(), pieces, starts, ends)
        start = simple.end() - (0 if simple.end() == len(text) else 1)
        pieces.append(text[simple.start() : start].lower())
        starts += range(simple.start(), start)
        ends += range(simple.start() + 1, start + 1)
    _fold(text, start, len(text), pieces, starts, ends)
    return "".join(pieces), starts, ends


def _fold(
    text: str, start: int, end: int, pieces: list[str], starts: list[int], ends: list[int]
) -> None:
    """Fold from `start` to `end`, each character with what goes with it."""
    while start < end:
        after = start + 1
        while after < end and _goes_with_the_one_before(text[after]):
            after += 1
        piece = _folded_piece(text[start:after])
        pieces.append(piece)
        starts += [start] * len(piece)
        ends += [after] * len(piece)
        start = after


@lru_cache(maxsize=4096)
def _folded_piece(text: str) -> str:
    return folded(text)


@lru_cache(maxsize=4096)
def _goes_with_the_one_before(character: str) -> bool:
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character)[0] == "M"
        or ord(character) in _IGNORED
        or _JUNGSEONG <= character <= _JONGSEONG_ENDS
    )
