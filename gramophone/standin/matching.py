"""What a program said, against what its source expects: found, changed, unsent, extra, order.

What counts is what was said: spaces and the cutting into messages do not, unless `by_message`. A
connection has a place in the source, from its beginning. Whatever is said is looked for at that
place, then ahead of it, then behind; so a program that begins anew, or says one thing a
connection, is understood. Where a secret was hidden when the source was kept stands a hash of it:
anything may be said there, and from then on the same wherever the hash is the same. (The key of
the hash is in no bundle, so what it was cannot be tried out, here neither.) Pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias

from gramophone.hidden import Kept, hidden_in, same_but_hidden

Kind: TypeAlias = Literal["changed", "unsent", "extra", "order"]
Side: TypeAlias = Literal["speech", "prompt"]

_ALIKE = 0.6
"""From this share of the same characters on, a text is another wording and not another text."""
_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the source has it; `expected` or `got` is empty where none was."""

    kind: Kind
    side: Side
    expected: str
    got: str

    def fields(self) -> dict[str, str]:
        """For JSON; `detail` is the sentence."""
        told = {"kind": self.kind, "side": self.side, "expected": self.expected, "got": self.got}
        return told | {"detail": self.sentence}

    @property
    def sentence(self) -> str:
        """What is different, for a person."""
        what = "The speech" if self.side == "speech" else "The prompt"
        expected, got = _shown(self.expected), _shown(self.got)
        match self.kind:
            case "changed":
                return f"{what} {expected} came as {got}."
            case "unsent":
                return f"{what} {expected} never came."
            case "extra":
                return f"{what} {got} is not in the source."
            case "order":
                return f"{what} {got} came out of order: {expected} was to come first."


@dataclass(frozen=True, slots=True)
class Found:
    """Where something stands in the source: the first of its texts, and the one after the last.

    It is empty where the text ends within one whose sound has been given already.
    """

    first: int
    end: int


class Expectation:
    """The texts of one side of a source, in order, and how much of them has come."""

    def __init__(self, side: Side, texts: Sequence[str], *, by_message: bool = False) -> None:
        self._side: Side = side
        self._texts = tuple(texts)
        said = [_said(text) for text in texts]
        self._known = frozenset(said)
        self._script = "".join(said)
        self._starts = list(accumulate(map(len, said), initial=0))
        self._kept = Kept(self._script, frozenset(self._starts))
        self._by_message = by_message
        self._places: dict[int, int] = {}
        self._resume = 0
        self._came: list[tuple[int, int]] = []
        self._secrets: dict[str, str] = {}
        self._met: list[Difference] = []
        self._jumps: list[tuple[int, int, str]] = []

    def came(self, connection: int, text: str) -> Found | Difference:
        """Something was said on a connection: where it stands, or how it differs.

        What is out of order is found all the same, and told by `differences`.
        """
        said = _said(text)
        if connection not in self._places:
            self._places[connection], self._resume = self._resume, 0
        place = self._places[connection]
        found = self._find(said, place, _last_word(text))
        if found is None or not self._stands_for(*found, said):
            return self._miss(connection, place, text)
        start, end = found
        if start > place and not self._has_come(place, start):
            self._jumps.append((place, start, text))
        self._mark(connection, start, end)
        end = self._kept.whole(end)
        return Found(bisect_left(self._starts, start), bisect_left(self._starts, end))

    def break_off(self, connection: int) -> None:
        """The source ends this connection here; the next new one goes on at this place."""
        self._resume = self._places.get(connection, 0)

    def awaits(self, connection: int) -> int | None:
        """Which text is to begin on this connection; None within one, and behind the last."""
        place = self._kept.whole(self._places.get(connection, self._resume))
        index = bisect_left(self._starts, place)
        begins = index < len(self._texts) and self._starts[index] == place
        return index if begins else None

    def knows(self, text: str) -> bool:
        """Whether this is one of the texts, whenever it comes."""
        said = _said(text)
        return said in self._known or (
            bool(self._kept) and any(same_but_hidden(known, said) for known in self._known)
        )

    def differences(self) -> tuple[Difference, ...]:
        """All that differed, in the order in which it came, then what came too early, then what
        never came."""
        # What was passed over and never came is not out of order: it is missing.
        order = (
            Difference("order", self._side, self._texts[self._index(place)], text)
            for place, start, text in self._jumps
            if self._has_come(place, start)
        )
        unsent = (
            Difference("unsent", self._side, self._texts[index], "")
            for index in self._missing()
            if self._texts[index].strip()
        )
        return (*self._met, *order, *unsent)

    def _find(self, said: str, place: int, last_word: int) -> tuple[int, int] | None:
        """Where this stands: at this place, or else ahead of it, or else behind."""
        if self._by_message:
            whole = (
                stretch
                for stretch in self._ahead_first(place)
                if self._is(self._script[slice(*stretch)], said)
            )
            return next(whole, None)
        if (end := self._ends(said, place, last_word)) is not None:
            return place, end
        found = [
            (start, end)
            for start, _ in self._ahead_first(place)
            if (end := self._ends(said, start, last_word)) is not None
        ]
        # Whole texts before a part of one.
        ends = set(self._starts)
        whole = [stretch for stretch in found if self._kept.whole(stretch[1]) in ends]
        return next(iter(whole or found), None)

    def _is(self, expected: str, said: str) -> bool:
        return expected == said or (bool(self._kept) and same_but_hidden(expected, said))

    def _ends(self, said: str, place: int, last_word: int) -> int | None:
        """Where this ends if it is said at this place."""
        if self._script.startswith(said, place):
            return place + len(said)
        return self._kept.follow(place, said, last_word) if self._kept else None

    def _ahead_first(self, place: int) -> Iterator[tuple[int, int]]:
        bounds = list(pairwise(self._starts))
        ahead = bisect_left(self._starts, place)
        return iter([*bounds[ahead:], *bounds[:ahead]])

    def _stands_for(self, start: int, end: int, said: str) -> bool:
        """Whether what stands at the marks is what it was before: a hash is of one secret alone."""
        values = hidden_in(self._script[start:end], said) if self._kept else {}
        if any(self._secrets.get(digest, value) != value for digest, value in values.items()):
            return False
        self._secrets |= values
        return True

    def _miss(self, connection: int, place: int, text: str) -> Difference:
        """Another wording of what was to come next, or something that nobody expects."""
        index = self._index(place)
        expected = self._texts[index] if index < len(self._texts) else ""
        if expected and _alike(_said(expected), _said(text)):
            self._mark(connection, self._starts[index], self._starts[index + 1])
            missed = Difference("changed", self._side, expected, text)
        else:
            missed = Difference("extra", self._side, "", text)
        self._met.append(missed)
        return missed

    def _index(self, place: int) -> int:
        """Of the text in which this place lies; behind the last it is their number."""
        return bisect_right(self._starts, place) - 1

    def _mark(self, connection: int, start: int, end: int) -> None:
        self._places[connection] = end
        self._came.append((start, self._kept.whole(end)))

    def _has_come(self, start: int, end: int) -> bool:
        """Whether all of this stretch has come, on whatever connection."""
        for from_, to in sorted(self._came):
            if from_ <= start < to:
                start = to
        return start >= end

    def _missing(self) -> Iterator[int]:
        for index, (start, end) in enumerate(pairwise(self._starts)):
            if not self._has_come(start, end):
                yield index


def diff(differences: Sequence[Difference]) -> str:
    """The differences as lines to read: what was expected after `-`, what came after `+`."""
    lines: list[str] = []
    for each in differences:
        lines.append(f"{each.side}: {each.kind}")
        if each.expected:
            lines.append(f"  - {_words(each.expected, each.got)}")
        if each.got:
            lines.append(f"  + {_words(each.got, each.expected)}")
    return "\n".join(lines)


def _words(text: str, other: str) -> str:
    """A text with the words that the other has not got in brackets."""
    words, others = text.split(), other.split()
    if not others:
        return " ".join(words)
    marked: list[str] = []
    matcher = SequenceMatcher(a=others, b=words, autojunk=False)
    for operation, _, _, start, end in matcher.get_opcodes():
        piece = " ".join(words[start:end])
        if piece:
            marked.append(piece if operation == "equal" else f"[{piece}]")
    return " ".join(marked)


def _said(text: str) -> str:
    """What is left of a text when only what is said counts."""
    return "".join(text.split())


def _last_word(text: str) -> int:
    """Its length; a secret that was cut in two ends with it."""
    words = text.split()
    return len(words[-1]) if words else 0


def _alike(one: str, other: str) -> bool:
    # The quick one first: the other takes time that grows with the square of the length.
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _shown(text: str) -> str:
    shown = " ".join(text.split())
    cut = shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[: _SHOWN_CHARACTERS - 1]}…"
    return f'"{cut}"'
