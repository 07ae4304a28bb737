"""Source map: the offset in the source of each character of a spoken text.

A text is spoken without its Markdown, so its words are looked for in the source, in order. Between
words that are found, and where no source is known, offsets rise evenly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(r"\S+")
_CORE = re.compile(r"[^\W_](?:\S*[^\W_])?")


def source_map(text: str, source: str, start: int, end: int) -> Sequence[int]:
    """Give for each character of `text`, and for its end, an offset in `source` from `start` to
    `end`; they never fall."""
    if end - start == len(text):
        # Spoken as it is written: no search, and no list.
        return range(start, end + 1)
    anchors = [(0, start)]
    at = start
    for word in _WORD.finditer(text):
        core = _CORE.search(word[0])
        # First as it is spoken; Markdown may stand between it and its punctuation ("**word**.").
        for part, first in ((word[0], word.start()), _part(core, word.start())):
            offset = _find(part, source, at, end)
            if offset >= 0:
                at = offset + len(part)
                anchors += ((first, offset), (first + len(part), at))
                break
    anchors.append((len(text), max(at, end)))
    return _filled(anchors)


def _part(core: re.Match[str] | None, word_start: int) -> tuple[str, int]:
    return ("", 0) if core is None else (core[0], word_start + core.start())


def _find(word: str, source: str, start: int, end: int) -> int:
    """Find a word that stands by itself in this part of the source; -1 for none."""
    at = source.find(word, start, end) if word else -1
    while at >= 0:
        after = at + len(word)
        inside = (word[0].isalnum() and at > start and source[at - 1].isalnum()) or (
            word[-1].isalnum() and after < end and source[after : after + 1].isalnum()
        )
        if not inside:
            break
        at = source.find(word, at + 1, end)
    return at


def _filled(anchors: Sequence[tuple[int, int]]) -> list[int]:
    """Fill in the offsets between those that are known, evenly."""
    offsets: list[int] = []
    for (first, low), (last, high) in pairwise(anchors):
        offsets += (low + (high - low) * step // (last - first) for step in range(last - first))
    return [*offsets, anchors[-1][1]]
