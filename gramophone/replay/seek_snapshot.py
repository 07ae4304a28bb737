"""What holds in a recording when somebody goes to a place of it at once; pure.

An hour is told as some thousand entries instead of a hundred thousand: the wire's own rows are left
out, the deltas that are gone over are joined, and of a turn that is over only that is told which
figures, text and state are made of. What it leaves out nobody can see who comes there: the sound of
such a turn is not heard any more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from typing import TypeAlias

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    Event,
    Failed,
    FlushAnswered,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    ModelFinished,
    PlaybackStarted,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)

Placed: TypeAlias = tuple[int, Entry]

_WIRE = frozenset({FrameSent, FrameReceived, ModelChunkReceived})
_ENDS_TEXT = (Failed, ModelFinished, TurnInterrupted, TurnCompleted, TurnStarted)


class SeekSnapshot:
    """Knows which events belong to which turn. Of the turns in `outlasted` sound is heard after
    their last event, so they are never over."""

    def __init__(self, events: Sequence[Event], outlasted: Container[int]) -> None:
        self._events = events
        self._places: dict[int | None, list[int]] = {}
        for place, event in enumerate(events):
            if type(event) not in _WIRE:
                turn: int | None = getattr(event, "turn", None)
                self._places.setdefault(turn, []).append(place)
        self._whole = {
            turn: self._told(places, over=True, begun=False)
            for turn, places in self._places.items()
            if turn is not None and turn not in outlasted
        }

    def between(self, first: int, end: int) -> list[Entry]:
        """What is told of the events from one place to another, in their order."""
        found: list[Placed] = []
        for turn, places in self._places.items():
            begin, until = bisect_left(places, first), bisect_left(places, end)
            if begin == until:
                continue
            if turn is None:
                found += self._placed(places[begin:until])
                continue
            over = until == len(places) and turn in self._whole
            if over and not begin:
                found += self._whole[turn]
            else:
                begun = any(map(_is_sound, self._placed(places[:begin])))
                found += self._told(places[begin:until], over=over, begun=begun)
        found.sort(key=_place_of)
        return [entry for _, entry in found]

    def _placed(self, places: Iterable[int]) -> list[Placed]:
        return [(place, self._events[place]) for place in places]

    def _told(self, places: Sequence[int], *, over: bool, begun: bool) -> list[Placed]:
        told = _deltas_joined(self._placed(places))
        return _sound_over(told, begun=begun) if over else self._sound_so_far(told, begun=begun)

    def _sound_so_far(self, placed: Iterable[Placed], *, begun: bool) -> list[Placed]:
        """Of frames that follow each other, only how far they reach."""
        told: list[Placed] = []
        others = self._places.get(None, [])
        run = -1
        for place, entry in placed:
            if not isinstance(entry, AudioReceived):
                run = run if isinstance(entry, DeltaReceived | DeltasPassed) else -1
            elif entry.stale:
                continue
            elif not begun:
                # Where the sound began belongs to the figures.
                begun = True
            elif run >= 0 and bisect_left(others, told[run][0]) == bisect_left(others, place):
                if _reach(entry) >= _reach(told[run][1]):
                    told[run] = place, entry
                continue
            else:
                run = len(told)
            told.append((place, entry))
        return told


def _deltas_joined(placed: Iterable[Placed]) -> list[Placed]:
    """Their text in one piece, where the first of them was, up to what ends the text."""
    told: list[Placed] = []
    joined: list[tuple[int, DeltaReceived]] = []
    at = 0

    def close() -> None:
        if joined:
            place, first = joined[0]
            text = "".join(delta.text for _, delta in joined)
            passed = DeltasPassed(at_us=first.at_us, turn=first.turn, text=text, deltas=len(joined))
            told.insert(at, (place, passed if len(joined) > 1 else first))
            joined.clear()

    for place, entry in placed:
        if isinstance(entry, DeltaReceived):
            at = at if joined else len(told)
            joined.append((place, entry))
            continue
        if isinstance(entry, _ENDS_TEXT):
            close()
        told.append((place, entry))
    close()
    return told


def _sound_over(placed: Iterable[Placed], *, begun: bool) -> list[Placed]:
    """Where its speech and its sound began, and how long it got."""
    told: list[Placed] = []
    spoken = False
    answered = -1
    for place, entry in placed:
        match entry:
            case AudioReceived():
                if begun or entry.stale:
                    continue
                begun = True
            case TextSpoken():
                if spoken:
                    continue
                spoken = True
            case FlushAnswered():
                if answered >= 0:
                    told[answered] = place, entry
                    continue
                answered = len(told)
            case PlaybackStarted():
                answered = -1
            case _:
                pass
        told.append((place, entry))
    return told


def _reach(entry: Entry) -> int:
    return entry.offset_bytes + entry.size_bytes if isinstance(entry, AudioReceived) else 0


def _is_sound(placed: Placed) -> bool:
    return isinstance(placed[1], AudioReceived) and not placed[1].stale


def _place_of(placed: Placed) -> int:
    return placed[0]
