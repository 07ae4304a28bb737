"""Bigrams: writing without spaces, made searchable as pairs of characters.

`数据库` is indexed as `数据 据库 库`, in its place between the other words; a phrase of pairs finds
any part of it. The last character alone ends a run, so that no pair reaches over its end, and lets
a single character be looked up as the beginning of a pair.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.folding import NON_JOINER, folded

SPACELESS: Final = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eb9\u0ebb-\u0ece\u0edc-\u0edf"  # Thai, Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a-\uaa7f"
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7c"  # Khmer, Tai
    "\uaa80-\uaadd\u3005-\u3007\u3021-\u302f\u3031-\u3035\u303b\u303c\u3041-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c"
    "\uf900-\ufaff\U00016fe0-\U0001b2ff\U00020000-\U0003ffff"
)
"""Letters and signs of scripts that put no space between words, as the inside of a class."""

_SPACELESS = re.compile(f"[{SPACELESS}]")
_WORD = re.compile(rf"[\w{SPACELESS}]*[{SPACELESS}][\w{SPACELESS}]*")
_PIECE = re.compile(rf"[{SPACELESS}]+|[^{SPACELESS}]+")
_END = re.compile(rf"(?<![{SPACELESS}])[{SPACELESS}]+\Z")
_JOINED = re.compile(rf"\w+(?:{NON_JOINER}\w+)+")


def is_spaceless(text: str) -> bool:
    """Say whether there is such writing in `text`."""
    return not text.isascii() and _SPACELESS.search(text) is not None


def indexed(text: str) -> str:
    """Give the form of a text for the full-text index.

    It is folded, its runs are pairs; words with a non-joiner are there divided, in their place,
    and joined, at the end.
    """
    text = folded(text)
    if text.isascii():
        return text
    joined = [match[0].replace(NON_JOINER, "") for match in _JOINED.finditer(text)]
    return " ".join([_WORD.sub(_in_pairs, text), *joined])


def looked_up(text: str) -> tuple[str, bool]:
    """Give the phrase that finds `text` in the index, and whether its last word is a prefix (of a
    pair)."""
    text = folded(text)
    phrase = _WORD.sub(_in_pairs, text)
    end = _END.search(text)
    if end is None:
        return phrase, False
    # The last character alone would ask for a run that ends there.
    return (phrase, True) if len(end[0]) == 1 else (phrase[:-2], False)


def _in_pairs(word: re.Match[str]) -> str:
    pieces: list[str] = []
    for match in _PIECE.finditer(word[0]):
        piece = match[0]
        if _SPACELESS.match(piece):
            pieces += [piece[at : at + 2] for at in range(len(piece))]
        else:
            pieces.append(piece)
    return " ".join(pieces)
