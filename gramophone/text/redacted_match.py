"""Comparison of stored texts, in which marks stand for secrets, with texts that have the secrets.

A mark stands for any text; where the same mark stands again within one text, for the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container
from typing import NamedTuple

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


class _Met(NamedTuple):
    """A mark that was met: its number, the offset in the text where its secret begins, and the
    least characters that the secret has there."""

    mark: int
    offset: int
    least: int

    @property
    def from_offset(self) -> int:
        """Offset in the text from which something else may stand."""
        return self.offset + self.least


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
        nothing more stands behind the mark. Between two marks the first match is the best one,
        since what can follow a later one can follow the first: so the time is in proportion to
        the texts, and no match is tried twice.
        """
        mark = self._mark(position)
        stop = len(self._text) if mark is None else max(position, mark[0])
        literal = self._text[position:stop]
        if mark is None or len(text) <= len(literal):
            return position + len(text) if literal.startswith(text) else None
        if not text.startswith(literal):
            return None
        last_at = len(text) - last_word
        least = 0 if position > mark[0] else 1
        met = [_Met(bisect_right(self._ends, position), len(literal), least)]
        while (following := self._next(met[-1], text)) is not None:
            met.append(following)
        for number, one in reversed(list(enumerate(met))):
            if number + 1 < len(met) and self._again(one, text, last_at):
                return self._marks[one.mark + 1][0] + 1
            if (chars := _overlap(self._behind(one.mark), text[one.from_offset :])) > 0:
                return self._marks[one.mark][1] + chars
            start, end = self._marks[one.mark]
            if end == len(self._text) or end in self._borders or one.offset >= last_at:
                return start + 1
        return None

    def _behind(self, mark: int) -> str:
        """Give the text between this mark and the next one, or the end."""
        following = self._marks[mark + 1][0] if mark + 1 < len(self._marks) else len(self._text)
        return self._text[self._marks[mark][1] : following]

    def _next(self, one: _Met, text: str) -> _Met | None:
        """Give the next mark where `text` first has all that stands before it, and more."""
        if one.mark + 1 == len(self._marks):
            return None
        literal = self._behind(one.mark)
        found_at = text.find(literal, one.from_offset, len(text) - 1)
        return None if found_at < 0 else _Met(one.mark + 1, found_at + len(literal), 1)

    def _again(self, one: _Met, text: str, last_at: int) -> bool:
        """Say whether the next mark can be met in the last word, too."""
        literal = self._behind(one.mark)
        first = max(one.from_offset, last_at - len(literal))
        return text.find(literal, first, len(text) - 1) >= 0

    def _mark(self, position: int) -> tuple[int, int] | None:
        """Give the first mark that does not end before this position."""
        index = bisect_right(self._ends, position)
        return self._marks[index] if index < len(self._marks) else None


def _overlap(literal: str, text: str) -> int:
    """Count the characters of the longest beginning of `literal` with which `text` ends.

    By the failure function of Knuth, Morris and Pratt, so in proportion to the literal.
    """
    text = text[-len(literal) :] if literal else ""
    fallbacks = [0] * len(literal)
    length = 0
    for index in range(1, len(literal)):
        while length and literal[index] != literal[length]:
            length = fallbacks[length - 1]
        length += literal[index] == literal[length]
        fallbacks[index] = length
    length = 0
    for character in text:
        while length and (length == len(literal) or character != literal[length]):
            length = fallbacks[length - 1]
        length += character == literal[length]
    return length
