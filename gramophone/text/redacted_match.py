"""Comparison of stored texts, in which marks stand for secrets, with texts that have the secrets.

A mark stands for any text; where the same mark stands again within one text, for the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container

from gramophone.text.redaction import MARK


def equals_redacted(stored: str, text: str) -> bool:
    """Say whether `text` is what was stored, whatever the marks hide."""
    return re.fullmatch(_pattern(stored), text, re.DOTALL) is not None


def starts_with_redacted(stored: str, text: str) -> bool:
    """Say whether `text` begins with what was stored."""
    return text.startswith(stored) or re.match(_pattern(stored), text, re.DOTALL) is not None


def redacted_parts(stored: str, text: str) -> dict[str, str]:
    """Give the text that each mark of `stored` stands for in `text`, by the mark's hash.

    Marks of which that is not certain are left out.
    """
    # Where the shortest and the longest reading agree there is only one.
    shortest, longest = _parts(stored, text, ".+?"), _parts(stored, text, ".+")
    return {digest: part for digest, part in shortest.items() if longest[digest] == part}


def _parts(stored: str, text: str, anything: str) -> dict[str, str]:
    names: dict[str, str] = {}
    match = re.fullmatch(_pattern(stored, names, anything), text, re.DOTALL)
    return {} if match is None else {digest: match[name] for digest, name in names.items()}


def _pattern(stored: str, names: dict[str, str] | None = None, anything: str = ".+?") -> str:
    """Give a regular expression for `stored`; `names` gets the group of each hash."""
    pieces: list[str] = []
    names = {} if names is None else names
    end = 0
    for match in MARK.finditer(stored):
        pieces.append(re.escape(stored[end : match.start()]))
        name = names.get(match[1])
        if name is None:
            name = names[match[1]] = f"hidden{len(names)}"
            pieces.append(f"(?P<{name}>{anything})")
        else:
            pieces.append(f"(?P={name})")
        end = match.end()
    pieces.append(re.escape(stored[end:]))
    return "".join(pieces)


class RedactedText:
    """A stored text that comes again piece by piece.

    A position is an offset into it; one within a mark stands for any position in the secret.
    """

    def __init__(self, text: str, ends: Container[int] = ()) -> None:
        """`ends` are the positions where texts end, if it is several joined."""
        self._text = text
        self._borders = ends
        self._marks = [match.span() for match in MARK.finditer(text)]
        self._ends = [end for _, end in self._marks]

    def __bool__(self) -> bool:
        """Say whether anything in it is redacted."""
        return bool(self._marks)

    def whole(self, position: int) -> int:
        """Give the position, or the end of the mark in which it is."""
        mark = self._mark(position)
        return mark[1] if mark is not None and mark[0] < position else position

    def follow(self, position: int, text: str, last_word: int) -> int | None:
        """Give the position at which `text` ends if it goes on at `position`; None if it does not.

        It may end within a secret, if that is all in the `last_word` characters of it, or if
        nothing more stands behind the mark.
        """
        return self._follow(position, text, 0, len(text) - last_word, set())

    def _follow(
        self, position: int, text: str, at: int, last_at: int, failed: set[tuple[int, int]]
    ) -> int | None:
        """`failed` holds what was tried in vain: without it the time would be exponential."""
        mark = self._mark(position)
        stop = len(self._text) if mark is None else max(position, mark[0])
        literal, rest_chars = self._text[position:stop], len(text) - at
        if mark is None or rest_chars <= len(literal):
            return (
                position + rest_chars
                if rest_chars <= len(literal) and text.endswith(literal[:rest_chars])
                else None
            )
        if not text.startswith(literal, at):
            return None
        start, end = mark
        at += len(literal)
        for beyond in range(at + (0 if position > start else 1), len(text)):
            if (end, beyond) in failed:
                continue
            ended_at = self._follow(end, text, beyond, last_at, failed)
            if ended_at is not None:
                return ended_at
            failed.add((end, beyond))
        ends_here = end == len(self._text) or end in self._borders
        return start + 1 if ends_here or at >= last_at else None

    def _mark(self, position: int) -> tuple[int, int] | None:
        """Give the first mark that does not end before this position."""
        index = bisect_right(self._ends, position)
        return self._marks[index] if index < len(self._marks) else None
