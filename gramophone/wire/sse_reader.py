"""Server-sent events read as they come, in whatever pieces."""

from __future__ import annotations


class SseReader:
    """Gives the data of each event; names, ids and comments are passed over."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that are whole with this piece."""
        self._line += piece
        *lines, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest)
        found: list[str] = []
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" ").decode(errors="replace"))
            elif not line and self._data:
                found.append("\n".join(self._data))
                self._data = []
        return found
