"""Snapshot at a seek: the few entries that stand for all events a jump goes over.

An hour of about a hundred thousand events becomes some thousand entries. Left out are the rows of
the wire; joined are the deltas that are gone over; and of a turn that is over only what its
figures, text and state are made of is emitted, since its sound is not heard any more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from typing import TypeAlias

from gramophone.core.timeline import (
    AnswerRetracted,
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

IndexedEntry: TypeAlias = tuple[int, Entry]
"""An entry and the index, in the schedule, of the event that it stands for."""

_WIRE = frozenset({FrameSent, FrameReceived, ModelChunkReceived})
_ENDS_TEXT = (AnswerRetracted, Failed, ModelFinished, TurnInterrupted, TurnCompleted, TurnStarted)

# Correctness: a listener that jumps must come to the state of one that heard every event, as far
# as that state shows at the new position. The tests compare the two folds. Entries stay in the
# order of the events they stand for, so that no fold sees an effect before its cause.


class SeekSnapshot:
    """Index of a session's events by turn, from which a snapshot is made.

    Of the turns in `outlasted` sound is heard after their last event, so they are never over.
    """

    def __init__(self, events: Sequence[Event], outlasted: Container[int]) -> None:
        self._events = events
        self._indices: dict[int | None, list[int]] = {}
        for index, event in enumerate(events):
            if type(event) not in _WIRE:
                turn: int | None = getattr(event, "turn", None)
                self._indices.setdefault(turn, []).append(index)
        # Most turns of a jump lie in it as a whole: their part is the same each time.
        self._whole_turns = {
            turn: self._summary(indices, over=True, begun=False)
            for turn, indices in self._indices.items()
            if turn is not None and turn not in outlasted
        }

    def between(self, first: int, end: int) -> list[Entry]:
        """Give the entries that stand for `events[first:end]`, in their order."""
        entries: list[IndexedEntry] = []
        for turn, indices in self._indices.items():
            begin, until = bisect_left(indices, first), bisect_left(indices, end)
            if begin == until:
                continue
            if turn is None:
                entries += self._indexed(indices[begin:until])
                continue
            over = until == len(indices) and turn in self._whole_turns
            if over and not begin:
                entries += self._whole_turns[turn]
            else:
                begun = any(map(_is_sound, self._indexed(indices[:begin])))
                entries += self._summary(indices[begin:until], over=over, begun=begun)
        entries.sort(key=_index_of)
        return [entry for _, entry in entries]

    def _indexed(self, indices: Iterable[int]) -> list[IndexedEntry]:
        return [(index, self._events[index]) for index in indices]

    def _summary(self, indices: Sequence[int], *, over: bool, begun: bool) -> list[IndexedEntry]:
        """Give the entries for some events of one turn; `begun` says that its sound began before
        them, `over` that they include its last."""
        entries = _join_deltas(self._indexed(indices))
        if over:
            return _finished_sound(entries, begun=begun)
        return self._sound_so_far(entries, begun=begun)

    def _sound_so_far(self, indexed: Iterable[IndexedEntry], *, begun: bool) -> list[IndexedEntry]:
        """Keep of frames that follow each other only how far they reach."""
        entries: list[IndexedEntry] = []
        others = self._indices.get(None, [])
        run = -1
        for index, entry in indexed:
            if not isinstance(entry, AudioReceived):
                run = run if isinstance(entry, DeltaReceived | DeltasPassed) else -1
            elif entry.stale:
                continue
            elif not begun:
                # The beginning of the sound belongs to the figures.
                begun = True
            elif run >= 0 and bisect_left(others, entries[run][0]) == bisect_left(others, index):
                if _end_bytes(entry) >= _end_bytes(entries[run][1]):
                    entries[run] = index, entry
                continue
            else:
                run = len(entries)
            entries.append((index, entry))
        return entries


def _join_deltas(indexed: Iterable[IndexedEntry]) -> list[IndexedEntry]:
    """Join deltas at the place of the first of them, up to what ends the text."""
    entries: list[IndexedEntry] = []
    joined: list[tuple[int, DeltaReceived]] = []
    at = 0

    def close() -> None:
        if joined:
            index, first = joined[0]
            text = "".join(delta.text for _, delta in joined)
            passed = DeltasPassed(at_us=first.at_us, turn=first.turn, text=text, deltas=len(joined))
            entries.insert(at, (index, passed if len(joined) > 1 else first))
            joined.clear()

    for index, entry in indexed:
        if isinstance(entry, DeltaReceived):
            at = at if joined else len(entries)
            joined.append((index, entry))
            continue
        if isinstance(entry, _ENDS_TEXT):
            close()
        entries.append((index, entry))
    close()
    return entries


def _finished_sound(indexed: Iterable[IndexedEntry], *, begun: bool) -> list[IndexedEntry]:
    """Keep of a turn's speech and sound their beginnings and how long they got."""
    entries: list[IndexedEntry] = []
    has_speech = False
    answered = -1
    for index, entry in indexed:
        match entry:
            case AudioReceived():
                if begun or entry.stale:
                    continue
                begun = True
            case TextSpoken():
                if has_speech:
                    continue
                has_speech = True
            case FlushAnswered():
                if answered >= 0:
                    entries[answered] = index, entry
                    continue
                answered = len(entries)
            case PlaybackStarted():
                answered = -1
            case _:
                pass
        entries.append((index, entry))
    return entries


def _end_bytes(entry: Entry) -> int:
    return entry.offset_bytes + entry.size_bytes if isinstance(entry, AudioReceived) else 0


def _is_sound(indexed: IndexedEntry) -> bool:
    return isinstance(indexed[1], AudioReceived) and not indexed[1].stale


def _index_of(indexed: IndexedEntry) -> int:
    return indexed[0]
