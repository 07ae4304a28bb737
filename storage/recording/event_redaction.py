"""Redaction of events, also of secrets that come in pieces, each in an event of its own.

Deltas, raw chunks, frames and spoken chunks follow each other, so they are redacted as the joined
texts that they are. An event waits until no piece in it can be a part of a secret any more; all
others are given back at once. Which number an event has in its session is settled when it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    TextSpoken,
    ThoughtReceived,
)
from gramophone.text.redaction import Redactor
from gramophone.text.redaction_stream import RedactedStreams, StreamPiece
from gramophone.wire.json_text import JsonPieces, with_texts
from storage.sqlite import rows

Numbered: TypeAlias = tuple[int, Event]

STREAMED: Final = frozenset(
    {DeltaReceived, ThoughtReceived, ModelChunkReceived, FrameSent, FrameReceived, TextSpoken}
)
"""Kinds of events whose texts go on in the next one."""


def _of(turn: int) -> tuple[tuple[int, str], ...]:
    """Prefixes of the keys of a turn's streams."""
    return (turn, "delta"), (turn, "thought"), (turn, "chunk"), (turn, "spoken")


# A secret may begin in one delta and end in the next, and none of the two looks like one. So texts
# of a stream (a turn's deltas, a connection's frames, each place in their JSON by itself) are
# searched as the joined text, and an event waits while its end could be the beginning of a secret.
# A mark stands in the piece in which the secret begins; pieces that hold only more of it become
# empty, but stay, with their time and number: the timeline is the same with and without secrets.
# Waiting is bounded by the end of the turn. All this happens before anything is written, because
# text that once was in the database stays in free pages, in the write-ahead log and in old segments
# of the search index.
class RedactedEvents:
    """The events of one session after another, numbered."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._streams = RedactedStreams[Numbered](redactor)
        self._json_pieces = JsonPieces()
        self._spoken_ends: dict[int, tuple[int, bool]] = {}

    def whole(self, events: Sequence[Event]) -> list[Event]:
        """The events with those redacted that are not `STREAMED`."""
        others = [event for event in events if type(event) not in STREAMED]
        if not self._redactor.may_change(rows.strings_of(others)):
            return list(events)
        return [
            event if type(event) in STREAMED else rows.with_strings(event, self._redactor)
            for event in events
        ]

    def put(self, number: int, event: Event) -> None:
        """Take an event of the kinds of `STREAMED`."""
        self._streams.put((number, event), self._pieces(event))

    def settled(self) -> list[Numbered]:
        """The events that are known to hold no part of a secret by now."""
        settled = [
            numbered if texts is None else (numbered[0], _with_texts(numbered[1], texts))
            for numbered, _, texts in self._streams.settled_pieces()
        ]
        documents = [document for _, event in settled if (document := _document(event))]
        if not self._redactor.may_change(documents):
            return settled
        return [(number, self._with_document(event)) for number, event in settled]

    def finish(self) -> None:
        """Settle all waiting events: none of their texts continues."""
        self._streams.finish()
        self._spoken_ends.clear()

    def finish_turn(self, turn: int) -> None:
        """Settle the waiting texts of one turn, while those of others may continue."""
        self._streams.finish(lambda key: isinstance(key, tuple) and key[:2] in _of(turn))
        self._spoken_ends.pop(turn, None)

    def _pieces(self, event: Event) -> list[StreamPiece]:
        match event:
            case DeltaReceived():
                return [StreamPiece((event.turn, "delta"), event.text)]
            case ThoughtReceived():
                return [StreamPiece((event.turn, "thought"), event.text)]
            case ModelChunkReceived():
                return self._json_pieces(event.raw, (event.turn, "chunk"))
            case FrameSent():
                return self._json_pieces(event.text, (event.connection, "sent"))
            case FrameReceived():
                return self._json_pieces(event.text, (event.connection, "received"))
            case TextSpoken():
                return [StreamPiece((event.turn, "spoken"), event.text, self._gap(event))]
            case _:
                raise AssertionError(event)

    def _gap(self, event: TextSpoken) -> str:
        """Text between this chunk and the one before, as far as it matters to redaction: a space or
        nothing."""
        before, shortened = self._spoken_ends.get(event.turn, (event.source_start, False))
        length = event.source_end - event.source_start
        self._spoken_ends[event.turn] = event.source_end, len(event.text) < length
        return " " if shortened or before < event.source_start else ""

    def _with_document(self, event: Event) -> Event:
        """The event without what the names and numbers in its JSON hide."""
        match event:
            case ModelChunkReceived():
                raw = self._redactor(event.raw)
                return event if raw == event.raw else replace(event, raw=raw)
            case FrameSent() | FrameReceived():
                text = self._redactor(event.text)
                return event if text == event.text else replace(event, text=text)
            case _:
                return event


def _document(event: Event) -> str:
    """The JSON of an event, or nothing where it is of a kind that has none."""
    match event:
        case ModelChunkReceived():
            return event.raw
        case FrameSent() | FrameReceived():
            return event.text
        case _:
            return ""


def _with_texts(event: Event, texts: Sequence[str]) -> Event:
    """The event with these in the place of the texts of its pieces."""
    match event:
        case DeltaReceived() | ThoughtReceived() | TextSpoken():
            return replace(event, text=texts[0])
        case ModelChunkReceived():
            return replace(event, raw=with_texts(event.raw, texts))
        case FrameSent() | FrameReceived():
            return replace(event, text=with_texts(event.text, texts))
        case _:
            raise AssertionError(event)
