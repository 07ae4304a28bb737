"""Events as rows of a table: their detail in words, and a filter that lets some of them through.

A session may have 100,000 events, so a row is made when it is seen, and never before.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Final

from gramophone.analysis.metrics import MetricsFold
from gramophone.core.codec import encode
from gramophone.core.frozen import frozen
from gramophone.core.timeline import Event, TurnStarted
from gramophone.text.sanitize import plain

_OWN_COLUMNS: Final = frozenset({"at_us", "turn", "pcm"})


@cache
def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _OWN_COLUMNS)


def detail_of(event: Event, longest: int | None = None) -> str:
    """The fields of the event that have no column of their own; of each text at most `longest`
    characters. It is not sanitized yet."""
    return " ".join(
        f"{name}={value[:longest] if isinstance(value, str) else value}"
        for name in _names(type(event))
        if (value := getattr(event, name)) not in ("", None)
    )


def event_json(event: Event) -> str:
    """The whole event as JSON on lines, harmless."""
    return escaped(json.dumps(encode(event), ensure_ascii=False, indent=2))


def escaped(text: str) -> str:
    """JSON in which whatever could act on a terminal stands as an escape: the same value."""
    return text if text.isascii() and "\x7f" not in text else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character == "\n" or (plain(character) == character and character.isprintable()):
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else json.dumps(character)[1:-1]


# --- time -------------------------------------------------------------------------------------


class TimeMode(Enum):
    """Origin of the times in the first column; the value is the column's title."""

    SESSION = "Time"
    ABOVE = "Since above"
    TURN = "Since asked"


class Beginnings:
    """Moments at which answers were asked for, as the metrics have them: times count from these."""

    def __init__(self, events: Iterable[Event]) -> None:
        fold = MetricsFold()
        self._at_us: list[int] = []
        for event in events:
            if isinstance(event, TurnStarted):
                fold.emit(event)
                submitted_us = fold.moments(event.turn).submitted_us
                if submitted_us is not None:
                    self._at_us.append(submitted_us)
        self._at_us.sort()

    def before(self, at_us: int) -> int | None:
        """The last beginning at or before a moment."""
        index = bisect_right(self._at_us, at_us)
        return self._at_us[index - 1] if index else None


def time_words(span_us: int, *, sign: bool, decimals: int = 6) -> str:
    """`5.401663`, `+0.000080`: seconds, so that digits stand under digits."""
    return f"{span_us / 1e6:{'+' if sign else ''},.{decimals}f}"


# --- filter -----------------------------------------------------------------------------------

_TERM = re.compile(r'(?=\S)(-?)(?:(kind|turn):)?(?:"([^"]*)"?|(\S*))')


@frozen
class _Term:
    """One condition; `field` is empty for words to be found in kind or detail."""

    field: str
    value: str
    unwanted: bool

    def fits(self, event: Event) -> bool:
        return self._holds(event) is not self.unwanted

    def _holds(self, event: Event) -> bool:
        kind = type(event).__name__
        if self.field == "kind":
            return self.value in kind.lower()
        if self.field == "turn":
            return str(getattr(event, "turn", None)) == self.value
        return self.value in kind.lower() or self.value in detail_of(event).lower()


class EventFilter:
    """Conditions such as `kind:Delta turn:3 -kind:ModelChunk horn`, all of which must hold.

    `-` negates one, quotes keep words together; upper and lower case are the same.
    """

    def __init__(self, text: str) -> None:
        terms = [
            _Term(field, (quoted or bare).lower(), bool(minus))
            for minus, field, quoted, bare in _TERM.findall(text)
            if quoted or bare
        ]
        # Conditions that need no detail come first: most events are decided by them.
        self._terms = sorted(terms, key=lambda term: not term.field)

    def __bool__(self) -> bool:
        return bool(self._terms)

    def fits(self, event: Event) -> bool:
        return all(term.fits(event) for term in self._terms)

    def indexes(self, events: Sequence[Event], start: int, end: int) -> Iterator[int]:
        """Indexes of the events from `start` to `end` that it lets through."""
        return (index for index in range(start, min(end, len(events))) if self.fits(events[index]))
