"""Texts that were kept, with marks where secrets stood, against what is said with the secrets.

Where a mark stands anything may; where it stands again within one text, the same. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container

from gramophone.text.redaction import MARK


def same_but_hidden(kept: str, said: str) -> bool:
    """Whether a text that was kept is what is said now, whatever its marks hide."""
    return re.fullmatch(_pattern(kept), said, re.DOTALL) is not None


def begins_but_hidden(kept: str, said: str) -> bool:
    """Whether what is said now begins with a text that was kept."""
    return said.startswith(kept) or re.match(_pattern(kept), said, re.DOTALL) is not None


def hidden_in(kept: str, said: str) -> dict[str, str]:
    """What each mark of a text that was kept stands for, by the mark's hash, when it is said;
    without those of which that is not certain."""
    shortest, longest = _hidden_in(kept, said, ".+?"), _hidden_in(kept, said, ".+")
    return {digest: text for digest, text in shortest.items() if longest[digest] == text}


def _hidden_in(kept: str, said: str, anything: str) -> dict[str, str]:
    names: dict[str, str] = {}
    found = re.fullmatch(_pattern(kept, names, anything), said, re.DOTALL)
    return {} if found is None else {digest: found[name] for digest, name in names.items()}


def _pattern(kept: str, names: dict[str, str] | None = None, anything: str = ".+?") -> str:
    """`names` learns which group stands for which hash."""
    pieces: list[str] = []
    names = {} if names is None else names
    end = 0
    for found in MARK.finditer(kept):
        pieces.append(re.escape(kept[end : found.start()]))
        name = names.get(found[1])
        if name is None:
            name = names[found[1]] = f"hidden{len(names)}"
            pieces.append(f"(?P<{name}>{anything})")
        else:
            pieces.append(f"(?P={name})")
        end = found.end()
    pieces.append(re.escape(kept[end:]))
    return "".join(pieces)


class Kept:
    """A text that was kept, said again piece by piece.

    A place is an offset into it; one within a mark stands for any place in what was there.
    """

    def __init__(self, text: str, ends: Container[int] = ()) -> None:
        """`ends` are places where one of several texts ends, besides the end of all."""
        self._text = text
        self._borders = ends
        self._marks = [found.span() for found in MARK.finditer(text)]
        self._ends = [end for _, end in self._marks]

    def __bool__(self) -> bool:
        """Whether anything in it is hidden."""
        return bool(self._marks)

    def whole(self, place: int) -> int:
        """The place, or the end of the mark in which it is."""
        mark = self._mark(place)
        return mark[1] if mark is not None and mark[0] < place else place

    def follow(self, place: int, said: str, last_word: int) -> int | None:
        """Where this ends when it goes on at `place`; None when it does not.

        It may end within a secret, if that is all in the `last_word` characters of it, or if
        nothing more stands behind the mark.
        """
        return self._follow(place, said, 0, len(said) - last_word, set())

    def _follow(
        self, place: int, said: str, at: int, last_at: int, failed: set[tuple[int, int]]
    ) -> int | None:
        """`failed` are the places where this was tried in vain, from any mark before."""
        mark = self._mark(place)
        stop = len(self._text) if mark is None else max(place, mark[0])
        literal, left = self._text[place:stop], len(said) - at
        if mark is None or left <= len(literal):
            return place + left if left <= len(literal) and said.endswith(literal[:left]) else None
        if not said.startswith(literal, at):
            return None
        start, end = mark
        at += len(literal)
        for beyond in range(at + (0 if place > start else 1), len(said)):
            if (end, beyond) in failed:
                continue
            found = self._follow(end, said, beyond, last_at, failed)
            if found is not None:
                return found
            failed.add((end, beyond))
        ends_here = end == len(self._text) or end in self._borders
        return start + 1 if ends_here or at >= last_at else None

    def _mark(self, place: int) -> tuple[int, int] | None:
        """The first mark that does not end before this place."""
        index = bisect_right(self._ends, place)
        return self._marks[index] if index < len(self._marks) else None
