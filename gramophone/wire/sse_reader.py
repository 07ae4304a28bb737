"""Server-sent events read as they come, in whatever pieces, by the grammar of WHATWG.

Lines end with CR, LF or CRLF, also where a piece ends between the two; a byte order mark may stand
before the first. What is not whole at the end of the stream is no event. Takes linear time.
"""

from __future__ import annotations

import re

from gramophone.core.frozen import frozen
from gramophone.wire.limits import MOST_EVENT_BYTES, TooMuch

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MARK = b"\xef\xbb\xbf"
_LINE_BYTES = 64
"""What a line takes up beside its text, so that millions of empty ones are bounded, too."""


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
    """Gives the events of a stream; ids, times to retry and comments are passed over."""

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
        found: list[SseEvent] = []
        for next_line in lines:
            line, self._line = bytes(self._line), bytearray(next_line)
            event = self._read(line)
            if event is not None:
                found.append(event)
        if len(self._line) + self._came_bytes > self._most_bytes:
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
