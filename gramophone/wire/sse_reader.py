"""Server-sent events read as they come, in whatever pieces, by the grammar of WHATWG.

Lines end with CR, LF or CRLF, also where a piece ends between the two; a byte order mark may stand
before the first. What is not whole at the end of the stream is no event. Takes linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gramophone.wire.bounds import MOST_EVENT_BYTES, TooMuch

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MARK = b"\xef\xbb\xbf"
_LINE_BYTES = 64
"""What a line takes up beside its text, so that millions of empty ones are bounded, too."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event; `name` is empty where the stream gives none, and lines of `data` end with LF."""

    name: bytes
    data: bytes

    def encoded(self) -> bytes:
        """The event as the stream has it, with LF as line end."""
        name = b"event: " + self.name + b"\n" if self.name else b""
        data = self.data.replace(b"\n", b"\ndata: ") if b"\n" in self.data else self.data
        return b"%bdata: %b\n\n" % (name, data)


class SseReader:
    """Gives the events of a stream; ids, times to retry and comments are passed over."""

    def __init__(self, most_bytes: int = MOST_EVENT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._opening: bytes | None = b""
        self._after_return = False
        self._line = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0

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
        found: list[SseEvent] = []
        for line in lines:
            event = self._read(bytes(self._line))
            if event is not None:
                found.append(event)
            self._line = bytearray(line)
        if len(self._line) + self._data_bytes > self._most_bytes:
            raise TooMuch.of("an event", self._most_bytes)
        return found

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
        if not line:
            name, data = self._name, self._data
            self._name, self._data, self._data_bytes = b"", [], 0
            return SseEvent(name, b"\n".join(data)) if data else None
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value) + _LINE_BYTES
            if self._data_bytes > self._most_bytes:
                raise TooMuch.of("an event", self._most_bytes)
        elif field == b"event":
            self._name = value.removeprefix(b" ")
        return None
