"""Server-sent events: read as WHATWG's grammar has it, written as OpenAI and Anthropic do."""

# The grammar (WHATWG HTML, 9.2.5 and 9.2.6), as far as it matters here:
#
#     stream = [BOM] *event          event = *(comment / field) end-of-line
#     field  = name [":" [" "] value] end-of-line          comment = ":" *char end-of-line
#     end-of-line = CR LF / LF / CR
#
# An empty line dispatches an event. Several `data` lines of one event are joined with LF. A line
# without a colon is a field without a value; one single space behind the colon is dropped. An
# event without data is none, and what is not dispatched when the stream ends is thrown away.
#
# Pieces of a stream are cut anywhere. Three places need a memory of one or more bytes between
# pieces: within the byte order mark, between the CR and the LF of one line end (a CR at the end
# of a piece has ended the line already, so an LF at the beginning of the next one is dropped),
# and within a line. A line under way grows in one `bytearray`, and lines are found by one regular
# expression over the new piece only: the time is linear in the bytes, however they are cut.

from __future__ import annotations

import re
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import compact, encoded
from gramophone.wire.limits import MOST_EVENT_BYTES, TooMuch

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MARK = b"\xef\xbb\xbf"
_LINE_BYTES = 64
"""Counted for each line beside its text, so that millions of empty ones are bounded, too."""

# --- writing ----------------------------------------------------------------------------------

Timed: TypeAlias = tuple[int, bytes]
"""The bytes of one event, and when it goes out: microseconds after the request."""

DONE = b"data: [DONE]\n\n"
"""How a stream of Chat Completions ends."""


def event_bytes(data: object, name: str = "") -> bytes:
    """One event with a JSON value."""
    return raw_event(compact(data), name)


def raw_event(data: str, name: str = "") -> bytes:
    """One event with a text as it is; its lines become the event's."""
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = f"event: {name}\n" if name else ""
    return encoded(head + "".join(f"data: {line}\n" for line in lines) + "\n")


# --- reading ----------------------------------------------------------------------------------


@frozen
class SseEvent:
    """One event; `name` is empty where the stream gives none, and lines of `data` end with LF."""

    name: bytes
    data: bytes

    def encoded(self) -> bytes:
        """The event as the stream has it, with LF as line end."""
        name = b"event: " + self.name + b"\n" if self.name else b""
        data = self.data.replace(b"\n", b"\ndata: ") if b"\n" in self.data else self.data
        return b"".join((name, b"data: ", data, b"\n\n"))


class SseReader:
    """A parser of one stream; ids, times to retry and comments are ignored."""

    def __init__(self, most_bytes: int = MOST_EVENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._opening: bytes | None = b""
        self._after_return = False
        self._line = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._came_bytes = 0

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that are whole with this piece.

        Raises:
            TooMuch: the event under way is larger than this reader takes.
        """
        return [event.data.decode(errors="replace") for event in self.events(piece)]

    def events(self, piece: bytes) -> list[SseEvent]:
        """The events that are whole with this piece.

        Raises:
            TooMuch: the event under way is larger than this reader takes.
        """
        piece = self._without_mark(piece)
        if not piece:
            return []
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        first, *lines = _LINE_END.split(piece)
        self._after_return = piece.endswith(b"\r")
        self._line += first
        events: list[SseEvent] = []
        for next_line in lines:
            line, self._line = bytes(self._line), bytearray(next_line)
            event = self._read(line)
            if event is not None:
                events.append(event)
        if len(self._line) + self._came_bytes > self._most_bytes:
            raise TooMuch.of("an event", self._most_bytes)
        return events

    def _without_mark(self, piece: bytes) -> bytes:
        """The piece without a byte order mark, which may come in pieces itself."""
        if self._opening is None:
            return piece
        opening = self._opening + piece
        if len(opening) < len(_MARK) and _MARK.startswith(opening):
            self._opening = opening
            return b""
        self._opening = None
        return opening.removeprefix(_MARK)

    def _read(self, line: bytes) -> SseEvent | None:
        """Take in a line; an empty one ends an event."""
        # Comments count: what never says anything has no end either.
        self._came_bytes += len(line) + _LINE_BYTES
        if self._came_bytes > self._most_bytes:
            raise TooMuch.of("an event", self._most_bytes)
        if not line:
            return self._dispatch()
        colon = line.find(b":")
        field = line if colon < 0 else line[:colon]
        if field not in (b"data", b"event"):
            return None
        # A line may be large: its value is copied once.
        value = (
            b"" if colon < 0 else line[colon + (2 if line[colon + 1 : colon + 2] == b" " else 1) :]
        )
        if field == b"data":
            self._data.append(value)
        else:
            self._name = value
        return None

    def _dispatch(self) -> SseEvent | None:
        name, data = self._name, self._data
        self._name, self._data = b"", []
        if not data:
            return None
        self._came_bytes = 0
        return SseEvent(name, data[0] if len(data) == 1 else b"\n".join(data))
