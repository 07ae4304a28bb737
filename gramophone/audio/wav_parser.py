"""Parser of a WAV that comes piece by piece: its header, its samples, and what follows them.

Sizes are believed where they are possible. A stream that was begun before its length was known has
sizes that are too large, or none.
"""

from __future__ import annotations

from gramophone.core.frozen import frozen

_LARGEST_HEAD_BYTES = 65_536
_ENDLESS = 1 << 62


@frozen
class Samples:
    """A part of the samples."""

    data: bytes


@frozen
class Wrapping:
    """A part of the header, or of what follows the samples."""

    data: bytes


class WavStream:
    """Divides one file. A file that does not begin as a WAV is all samples."""

    def __init__(self) -> None:
        self._head = b""
        self._remaining_bytes: int | None = None

    def feed(self, piece: bytes) -> list[Samples | Wrapping]:
        """Take the next piece; give its parts, empty while the header is not whole."""
        if self._remaining_bytes is not None:
            return self._divide(piece)
        self._head += piece
        begin = _begin_of_data(self._head)
        if begin is None:
            return []
        head, self._head = self._head[:begin], self._head[begin:]
        size = int.from_bytes(head[-4:], "little")
        self._remaining_bytes = size or _ENDLESS
        parts: list[Samples | Wrapping] = [Wrapping(head)] if head else []
        return [*parts, *self._divide(self._head)]

    def rest(self) -> list[Samples | Wrapping]:
        """Give the header of a file that ended before its samples began."""
        return [Wrapping(self._head)] if self._remaining_bytes is None and self._head else []

    def _divide(self, piece: bytes) -> list[Samples | Wrapping]:
        assert self._remaining_bytes is not None
        data, behind = piece[: self._remaining_bytes], piece[self._remaining_bytes :]
        self._remaining_bytes -= len(data)
        parts: list[Samples | Wrapping] = [Samples(data)] if data else []
        return [*parts, Wrapping(behind)] if behind else parts


def _begin_of_data(head: bytes) -> int | None:
    """Find the offset of the samples; None while it is not known."""
    if not b"RIFF".startswith(head[:4]) or len(head) > _LARGEST_HEAD_BYTES:
        return 0
    at = 12
    while len(head) >= at + 8:
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            return at
        at += size + size % 2
    return None
