"""Comparison of what a program sends with what its source expects."""

# White space and the cutting into messages do not count, unless `by_message`. All texts of a source
# are joined without spaces into one string; what is sent is a position and a length in it.
#
# Each connection has a position of its own, at first the beginning. A text is looked for
#
#   1. at the position: the normal case, also in the middle of a text of the source, for a program
#      that cuts otherwise;
#   2. at the beginnings of texts ahead of it, then of those behind: a program that connects again,
#      or once for each text; whole texts before a part of one.
#
# Of these places the first is taken that has not come on this connection; so equal texts are found
# in their order. The result is one of
#
#   found      possibly out of order, which is reported at the end, unless what was passed over
#              never came: then that is missing
#   extra      it is not in the source, or has come as often as it is there
#   changed    it is not there, but like the text that was to come next (60 % of the characters)
#   unsent     never came, on no connection
#   tools      it came without the tools that its answer calls
#
# A secret that was hidden when the source was recorded stands in it as a keyed hash. Any text
# matches there, and from then on the same text wherever the hash is the same. (The key is in no
# bundle, so that guesses cannot be tried, by this module neither.)

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import field
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.text.redacted_match import RedactedText, equals_redacted, redacted_parts
from gramophone.text.spaceless import without_spaces

Kind: TypeAlias = Literal["changed", "unsent", "extra", "order", "tools"]
Side: TypeAlias = Literal["speech", "prompt", "recording", "utterance"]

_ALIKE = 0.6
"""From this share of the same characters on, a text is another wording and not another text."""
_SHOWN_CHARACTERS = 120
_STOP = "\0"


@frozen
class SourceRange:
    """A range of a source's texts: the index of the first, and of the one after the last.

    It is empty where a text lies within one whose sound was given already.
    """

    first: int
    end: int


@frozen
class Difference:
    """A difference between source and program; `expected` or `got` is empty where there is none."""

    kind: Kind
    side: Side
    expected: str
    got: str
    again: SourceRange | None = field(default=None, compare=False, repr=False)
    """The place in the source of a text that came too often."""

    def fields(self) -> dict[str, str]:
        """The difference for JSON; `detail` is the sentence."""
        fields = {"kind": self.kind, "side": self.side, "expected": self.expected, "got": self.got}
        return fields | {"detail": self.sentence}

    @property
    def sentence(self) -> str:
        """The difference as a sentence."""
        subject = f"The {self.side}"
        expected, actual = _shown(self.expected), _shown(self.got)
        match self.kind:
            case "changed":
                return f"{subject} {expected} came as {actual}."
            case "unsent" if self.side == "utterance":
                return f"{subject} {expected} was not heard: no sound came for it."
            case "unsent":
                return f"{subject} {expected} never came."
            case "extra" if self.again is not None:
                return f"{subject} {actual} came more often than the source has it."
            case "extra":
                return f"{subject} {actual} is not in the source."
            case "order":
                return f"{subject} {actual} came out of order: {expected} was to come first."
            case "tools":
                return f"{subject} {actual} came without the tools that its answer calls."


class RangeSet:
    """A set of indices as ranges, joined where they touch; a look takes logarithmic time."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Add the indices from `start` to before `end`."""
        if start >= end:
            return
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def cover(self, start: int, end: int) -> bool:
        """Whether all of a range is in the set; an empty one always is."""
        index = bisect_right(self._starts, start) - 1
        return start >= end or (index >= 0 and end <= self._ends[index])

    def meet(self, start: int, end: int) -> bool:
        """Whether any of a range is in the set; nothing of an empty one is."""
        index = bisect_right(self._ends, start)
        return start < end and index < len(self._starts) and self._starts[index] < end


class Expectation:
    """The texts of one side of a source, in order, and the parts of them that have come."""

    def __init__(self, side: Side, texts: Sequence[str], *, by_message: bool = False) -> None:
        self._side: Side = side
        self._texts = tuple(texts)
        bare = [without_spaces(text) for text in texts]
        self._whole_texts = frozenset(bare)
        # A message without text, such as a picture alone, must take up room as well.
        self._stop = _STOP if by_message else ""
        bare = [text + self._stop for text in bare]
        self._joined = "".join(bare)
        self._starts = list(accumulate(map(len, bare), initial=0))
        self._redacted = RedactedText(self._joined, frozenset(self._starts))
        self._by_message = by_message
        self._positions: dict[int, int] = {}
        self._resume = 0
        self._matched = RangeSet()
        self._used: dict[int, RangeSet] = {}
        self._secrets: dict[str, str] = {}
        self._missed: list[Difference] = []
        self._jumps: list[tuple[int, int, str]] = []

    @property
    def has_begun(self) -> bool:
        """Whether any text has come."""
        return bool(self._positions)

    def match(self, connection: int, text: str) -> SourceRange | Difference:
        """Take a text of a connection; gives its place in the source, or the difference.

        A text out of order is found all the same, and reported by `differences`.
        """
        bare = without_spaces(text) + self._stop
        if connection not in self._positions:
            self._positions[connection], self._resume = self._resume, 0
        position = self._positions[connection]
        used = self._used.setdefault(connection, RangeSet())
        span = already = None
        for candidate in self._find(bare, position, _last_word(text)):
            if not self._has_been(used, candidate):
                span = candidate
                break
            already = already or candidate
        if span is None and already is not None:
            return self._exhausted(already, text)
        if span is None or not self._stands_for(*span, bare):
            return self._unmatched(connection, position, text)
        start, end = span
        if start > position and not self._matched.cover(position, start):
            self._jumps.append((position, start, text))
        self._mark(connection, start, end)
        return self._texts_in(start, end)

    def break_off(self, connection: int) -> None:
        """End a connection as recorded; the next new one begins at its position."""
        self._resume = self._positions.get(connection, 0)

    def awaits(self, connection: int) -> int | None:
        """The index of the text at the position of a connection; None within one or at the end."""
        position = self._redacted.whole(self._positions.get(connection, self._resume))
        index = bisect_left(self._starts, position)
        begins = index < len(self._texts) and self._starts[index] == position
        return index if begins else None

    def surplus(self, text: str) -> None:
        """Report a text as extra, such as one step of its tools more than recorded."""
        self._missed.append(Difference("extra", self._side, "", text))

    def lacks_tools(self, text: str) -> None:
        """Report a text that came without the tools that its answer calls."""
        self._missed.append(Difference("tools", self._side, "", text))

    def knows(self, text: str) -> bool:
        """Whether this is one of the texts, at any position."""
        bare = without_spaces(text)
        return bare in self._whole_texts or (
            bool(self._redacted)
            and any(equals_redacted(source_text, bare) for source_text in self._whole_texts)
        )

    def differences(self) -> tuple[Difference, ...]:
        """The differences: those of single texts as they came, then of order, then missing ones."""
        # What was passed over and never came is not out of order: it is missing.
        order = (
            Difference("order", self._side, self._texts[self._index(position)], text)
            for position, start, text in self._jumps
            if self._matched.cover(position, start)
        )
        unsent = (
            Difference("unsent", self._side, self._texts[index], "")
            for index in self._missing()
            if self._texts[index].strip()
        )
        return (*self._missed, *order, *unsent)

    def _find(self, bare: str, position: int, last_word: int) -> Iterator[tuple[int, int]]:
        """The places of a text: at the position, ahead of it, then behind.

        Whole messages are found in the order of the source.
        """
        if self._by_message:
            for span in pairwise(self._starts):
                if self._is(self._joined[slice(*span)], bare):
                    yield span
            return
        if (end := self._ends(bare, position, last_word)) is not None:
            yield position, end
        places = [
            (start, end)
            for start, _ in self._ahead_first(position)
            if (end := self._ends(bare, start, last_word)) is not None
        ]
        # Whole texts before a part of one.
        ends = set(self._starts)
        yield from sorted(places, key=lambda span: self._redacted.whole(span[1]) not in ends)

    def _has_been(self, used: RangeSet, span: tuple[int, int]) -> bool:
        """Whether any of a place has come already; the rest of a secret that was cut has not."""
        start, end = map(self._redacted.whole, span)
        return used.meet(start, end)

    def _exhausted(self, span: tuple[int, int], text: str) -> Difference:
        """Report a text that has come as often as the source has it."""
        missed = Difference("extra", self._side, "", text, self._texts_in(*span))
        self._missed.append(missed)
        return missed

    def _texts_in(self, start: int, end: int) -> SourceRange:
        end = self._redacted.whole(end)
        return SourceRange(bisect_left(self._starts, start), bisect_left(self._starts, end))

    def _is(self, expected: str, bare: str) -> bool:
        return expected == bare or (bool(self._redacted) and equals_redacted(expected, bare))

    def _ends(self, bare: str, position: int, last_word: int) -> int | None:
        """The end of a text at a position; None if it is not there."""
        if self._joined.startswith(bare, position):
            return position + len(bare)
        return self._redacted.follow(position, bare, last_word) if self._redacted else None

    def _ahead_first(self, position: int) -> Iterator[tuple[int, int]]:
        bounds = list(pairwise(self._starts))
        ahead = bisect_left(self._starts, position)
        return iter([*bounds[ahead:], *bounds[:ahead]])

    def _stands_for(self, start: int, end: int, bare: str) -> bool:
        """Whether the texts at hidden places are the same as before: a hash is of one secret."""
        values = redacted_parts(self._joined[start:end], bare) if self._redacted else {}
        if any(self._secrets.get(digest, value) != value for digest, value in values.items()):
            return False
        self._secrets |= values
        return True

    def _unmatched(self, connection: int, position: int, text: str) -> Difference:
        """Report another wording of the text that was to come next, or an unexpected text."""
        index = self._index(position)
        used = self._used[connection]
        while index < len(self._texts) and used.meet(*self._starts[index : index + 2]):
            index += 1
        expected = self._texts[index] if index < len(self._texts) else ""
        if expected and _alike(without_spaces(expected), without_spaces(text)):
            self._mark(connection, self._starts[index], self._starts[index + 1])
            missed = Difference("changed", self._side, expected, text)
        else:
            missed = Difference("extra", self._side, "", text)
        self._missed.append(missed)
        return missed

    def _index(self, position: int) -> int:
        """The index of the text at a position; behind the last it is their number."""
        return bisect_right(self._starts, position) - 1

    def _mark(self, connection: int, start: int, end: int) -> None:
        self._positions[connection] = end
        end = self._redacted.whole(end)
        self._matched.add(start, end)
        self._used.setdefault(connection, RangeSet()).add(start, end)

    def _missing(self) -> Iterator[int]:
        for index, (start, end) in enumerate(pairwise(self._starts)):
            if not self._matched.cover(start, end):
                yield index


def diff(differences: Sequence[Difference]) -> str:
    """The differences as lines to read: what was expected after `-`, what came after `+`."""
    lines: list[str] = []
    for difference in differences:
        expected, actual = difference.expected, difference.got
        lines.append(f"{difference.side}: {difference.kind}")
        if expected:
            lines.append(f"  - {_words(expected, actual)}")
        if actual:
            lines.append(f"  + {_words(actual, expected)}")
    return "\n".join(lines)


def _words(text: str, other: str) -> str:
    """A text with the words in brackets that the other does not have."""
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


def _last_word(text: str) -> int:
    """The length of the last word, which may be the first half of a secret."""
    words = text.split()
    return len(words[-1]) if words else 0


def _alike(one: str, other: str) -> bool:
    # The quick one first: the other takes time that grows with the square of the length.
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _shown(text: str) -> str:
    one_line = " ".join(text.split())
    cut = (
        one_line if len(one_line) <= _SHOWN_CHARACTERS else f"{one_line[: _SHOWN_CHARACTERS - 1]}…"
    )
    return f'"{cut}"'
