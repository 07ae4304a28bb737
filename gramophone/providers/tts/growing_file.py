"""A file that is read while it still arrives, for decoders that want a whole one.

libsndfile asks a file for its length and looks at its end before it decodes the beginning. So the
file claims to be longer than any sound, and has zeros where nothing has come yet; only a reader
that has read everything so far waits for more.
"""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CLAIMED_BYTES = 1 << 40
_HEAD_BYTES = 2_048
# The frame in which encoders of MP3 state the length: flags, frames if 1 is set, bytes if 2 is.
# libsndfile's decoder prints a warning where the file is longer than that.
_STATED = re.compile(rb"(?:Xing|Info)\0\0\0([\x02\x03\x06\x07\x0a\x0b\x0e\x0f])(.{8})", re.DOTALL)


class GrowingFile(io.RawIOBase):
    """One thread puts bytes in, another reads them."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = bytearray()
        self._at = 0
        self._whole = False
        self._changed = threading.Condition()

    def put(self, piece: bytes) -> None:
        """Append bytes."""
        with self._changed:
            self._bytes += piece
            self._changed.notify_all()

    def end(self) -> None:
        """Note that no more bytes come; a waiting reader gets those that there are."""
        with self._changed:
            self._whole = True
            self._changed.notify_all()

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether the reader may choose where to read."""
        return True

    def tell(self) -> int:
        """Place of the next read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Choose where to read; the end is the claimed one while bytes arrive."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence)
        self._at = max(0, offset + (self._length() if base is None else base))
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, waiting for as many bytes unless the file has ended."""
        view = memoryview(buffer).cast("B")
        with self._changed:
            if self._at > len(self._bytes) and not self._whole:
                view[:] = bytes(len(view))
                self._at += len(view)
                return len(view)
            end = self._at + len(view)
            self._changed.wait_for(lambda: self._whole or len(self._bytes) >= end)
            piece = bytes(self._bytes[self._at : end])
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _length(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._whole or len(self._bytes) >= _HEAD_BYTES)
            if self._whole:
                return len(self._bytes)
            stated = _STATED.search(self._bytes, 0, _HEAD_BYTES)
        if stated is None:
            return _CLAIMED_BYTES
        frames_first = stated[1][0] & 1
        return stated.start() + int.from_bytes(stated[2][4 * frames_first :][:4], "big")
