"""Counts the entries of a zip before its reader makes an object of each, which takes 700 bytes."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

MOST_MEMBERS = 50_000
MOST_DIRECTORY_BYTES = 1 << 24
"""The reader of zips holds the whole directory in memory."""

_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LONGEST_COMMENT_BYTES = 1 << 16


class LargeDirectory(ValueError):
    """The zip holds more than anybody exports; the text says what, to follow “…: ”."""


def check_directory(file: BinaryIO) -> None:
    """Look at the directory as `zipfile` finds it; what is not a zip is left to `zipfile`.

    Raises:
        LargeDirectory: it has more than `MOST_MEMBERS` entries, or is larger than it may be.
    """
    directory = _directory(file)
    if directory is None:
        return
    start, left_bytes = directory
    if left_bytes > MOST_DIRECTORY_BYTES:
        raise LargeDirectory(f"its directory is larger than {MOST_DIRECTORY_BYTES >> 20} MiB")
    file.seek(max(0, start))
    entries = 0
    while left_bytes >= _ENTRY.size and len(entry := file.read(_ENTRY.size)) == _ENTRY.size:
        *_, name_bytes, extra_bytes, comment_bytes, _, _, _, _ = _ENTRY.unpack(entry)
        more_bytes = name_bytes + extra_bytes + comment_bytes
        file.seek(more_bytes, os.SEEK_CUR)
        left_bytes -= _ENTRY.size + more_bytes
        entries += 1
        if entries > MOST_MEMBERS:
            raise LargeDirectory(f"it holds more than {MOST_MEMBERS:,} files")


def _directory(file: BinaryIO) -> tuple[int, int] | None:
    """Offset and size of the directory by the last end record; None without such a record."""
    size_bytes = file.seek(0, os.SEEK_END)
    tail_start = max(0, size_bytes - _LONGEST_COMMENT_BYTES - _END.size)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    last = len(tail) - _END.size
    if last >= 0 and tail[last : last + 4] == b"PK\5\6" and tail.endswith(b"\0\0"):
        at = last
    if at < 0 or len(tail) - at < _END.size:
        return None
    length = _END.unpack_from(tail, at)[5]
    end = tail_start + at
    large_end = end - _LOCATOR_64.size - _END_64.size
    if large_end >= 0:
        file.seek(large_end)
        record = file.read(_END_64.size)
        if file.read(4) == b"PK\6\7" and record[:4] == b"PK\6\6":
            length, end = _END_64.unpack(record)[8], large_end
    return end - length, length
