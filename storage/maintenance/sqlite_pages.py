"""Rows out of the pages of a SQLite database that SQLite itself refuses: a damaged schema or a
damaged inner page does not hide the leaves, where the rows are. Nothing is written.

After the file format at https://sqlite.org/fileformat2.html. Free pages are passed over, so that
what was deleted stays deleted.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator
from pathlib import Path
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.system.regular_files import open_regular

Value: TypeAlias = int | float | str | bytes | None

_HEADER_BYTES = 100
_DEFAULT_PAGE_BYTES = 4096
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_WAL_MAGIC = 0x377F0682
_LONGEST_PAYLOAD = 1 << 30
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class DamagedCell(ValueError):
    """A cell does not hold a row that can be read."""


@frozen
class PageRow:
    """One row: `rowid` is None in indices and in tables without rowids. A column that is an alias
    of the rowid is None in `values`."""

    rowid: int | None
    values: tuple[Value, ...]


class DatabasePages:
    """The pages of a database file with those that its write-ahead log has committed."""

    def __init__(self, database: Path, write_ahead_log: Path) -> None:
        """Open both; the log may be missing.

        Raises:
            OSError: a file cannot be read.
        """
        self._descriptor = open_regular(database)
        self.lost_cells = 0
        try:
            head = os.pread(self._descriptor, _HEADER_BYTES, 0)
            self._page_bytes, self._usable_bytes = _sizes(head)
            self._logged = _logged_pages(write_ahead_log, self._page_bytes)
            size_bytes = os.fstat(self._descriptor).st_size
            self.count = max([-(-size_bytes // self._page_bytes), *self._logged])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> DatabasePages:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def rows(self) -> Generator[PageRow]:
        """Every row of every page that is not free; `lost_cells` counts those that cannot be read.

        Raises:
            OSError: the file cannot be read.
        """
        free = self._free_pages()
        for number in range(1, self.count + 1):
            if number not in free:
                yield from self._rows_of(number)

    def _page(self, number: int) -> bytes:
        if number in self._logged:
            return self._logged[number]
        return os.pread(self._descriptor, self._page_bytes, (number - 1) * self._page_bytes)

    def _free_pages(self) -> set[int]:
        free: set[int] = set()
        trunk = int.from_bytes(self._page(1)[32:36], "big")
        while 1 < trunk <= self.count and trunk not in free:
            free.add(trunk)
            page = self._page(trunk)
            following, count = (int.from_bytes(page[at : at + 4], "big") for at in (0, 4))
            count = min(count, self._usable_bytes // 4 - 2)
            free |= {int.from_bytes(page[8 + 4 * i : 12 + 4 * i], "big") for i in range(count)}
            trunk = following
        return free

    def _rows_of(self, number: int) -> Generator[PageRow]:
        page = self._page(number)
        start = _HEADER_BYTES if number == 1 else 0
        if len(page) < start + 12 or page[start] not in (
            *(_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR),
        ):
            return
        kind = page[start]
        pointers = start + (12 if kind == _INDEX_INTERIOR else 8)
        cells = min(int.from_bytes(page[start + 3 : start + 5], "big"), self._page_bytes // 4)
        for cell in range(cells):
            pointer = pointers + 2 * cell
            try:
                yield self._row(page, kind, int.from_bytes(page[pointer : pointer + 2], "big"))
            except (DamagedCell, IndexError, struct.error):
                self.lost_cells += 1

    # A cell of a table's leaf is the size of the payload, the rowid (both varints) and the payload;
    # that of an index has no rowid, and in an inner page a page number of 4 bytes before it.
    # (Tables without rowids, as `event`, are stored like indices: their inner pages hold rows,
    # too.)
    def _row(self, page: bytes, kind: int, at: int) -> PageRow:
        if kind == _INDEX_INTERIOR:
            at += 4
        size_bytes, at = _varint(page, at)
        rowid: int | None = None
        if kind == _TABLE_LEAF:
            rowid, at = _varint(page, at)
            rowid -= (rowid >> 63) << 64
        return PageRow(rowid, _values(self._payload(page, kind, at, size_bytes)))

    def _payload(self, page: bytes, kind: int, at: int, size_bytes: int) -> bytes:
        if not 0 < size_bytes <= _LONGEST_PAYLOAD:
            raise DamagedCell("a payload of an impossible size")
        # A payload that is too large for a page goes on in a chain of overflow pages, each with the
        # number of the next in its first 4 bytes. The constants are those of the file format: a
        # leaf of a table holds payloads of up to U - 35 bytes whole, and a page of an index has
        # room for four cells at least.
        usable = self._usable_bytes
        most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if size_bytes <= most:
            payload = page[at : at + size_bytes]
        else:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (size_bytes - least) % (usable - 4)
            local = local if local <= most else least
            payload = self._overflown(page[at : at + local], page[at + local :], size_bytes)
        if len(payload) != size_bytes:
            raise DamagedCell("a payload that is cut off")
        return payload

    def _overflown(self, local: bytes, after: bytes, size_bytes: int) -> bytes:
        pieces, remaining_bytes = [local], size_bytes - len(local)
        following, passed = int.from_bytes(after[:4], "big"), set[int]()
        while remaining_bytes > 0:
            if not 1 < following <= self.count or following in passed:
                raise DamagedCell("a chain of pages that leads nowhere")
            passed.add(following)
            page = self._page(following)
            piece = page[4 : min(self._usable_bytes, 4 + remaining_bytes)]
            pieces.append(piece)
            remaining_bytes -= len(piece)
            following = int.from_bytes(page[:4], "big")
            if not piece:
                break
        return b"".join(pieces)


def _sizes(head: bytes) -> tuple[int, int]:
    """Bytes of a page, and of its part that is used; what is usual where the header is damaged."""
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    if not 512 <= page_bytes <= 65_536 or page_bytes & (page_bytes - 1):
        page_bytes = _DEFAULT_PAGE_BYTES
    reserved = head[20] if len(head) > 20 else 0
    usable = page_bytes - reserved
    return page_bytes, usable if usable >= 480 else page_bytes


# A record is a head of varints (its own length, then the kind of each column) and the values one
# after another. Kinds 1 to 6 are integers of 1, 2, 3, 4, 6 and 8 bytes, 7 a float, 8 and 9 the
# numbers 0 and 1, which take no room; from 12 on even kinds are bytes of (kind - 12) / 2, odd ones
# text.
def _values(payload: bytes) -> tuple[Value, ...]:
    head_bytes, at = _varint(payload, 0)
    if head_bytes > len(payload):
        raise DamagedCell("a record with a head longer than itself")
    kinds: list[int] = []
    while at < head_bytes:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    at = head_bytes
    for kind in kinds:
        value, at = _value(payload, kind, at)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in (10, 11):
        raise DamagedCell("a kind of value that there is not")
    size = _INTEGER_BYTES.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    content = payload[at : at + size]
    if len(content) < size:
        raise DamagedCell("a value that is cut off")
    if kind == 7:
        return struct.unpack(">d", content)[0], at + size
    if kind < 7:
        return int.from_bytes(content, "big", signed=True), at + size
    return (content.decode(errors="replace") if kind % 2 else content), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of 1 to 9 bytes, and where it ends."""
    number = 0
    for index in range(at, at + 8):
        byte = data[index]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, index + 1
    return number << 8 | data[at + 8], at + 9


# --- the write-ahead log ------------------------------------------------------------------------


# The log is a header and frames: 24 bytes and a page each. A frame counts only if its salts are
# those of the header (the log is used again from its start, and older frames stay behind the new
# ones) and its checksum, which runs over all frames before it, fits. A frame with a database size
# ends a transaction; frames after the last such are of one that was never committed.
def _logged_pages(path: Path, page_bytes: int) -> dict[int, bytes]:
    """The newest committed version of each page in the log; nothing where there is no log."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return {}
    with os.fdopen(descriptor, "rb") as file:
        head = file.read(_WAL_HEADER.size)
        if len(head) < _WAL_HEADER.size:
            return {}
        magic, _, size, _, salt, salt_too, *_ = _WAL_HEADER.unpack(head)
        if magic & ~1 != _WAL_MAGIC or size != page_bytes:
            return {}
        order = ">" if magic & 1 else "<"
        sums = _checksum(head[:24], (0, 0), order)
        committed: dict[int, bytes] = {}
        pending: dict[int, bytes] = {}
        while len(frame := file.read(_FRAME_HEADER.size + page_bytes)) == 24 + page_bytes:
            number, size_after, *salts, first, second = _FRAME_HEADER.unpack(frame[:24])
            sums = _checksum(frame[24:], _checksum(frame[:8], sums, order), order)
            if salts != [salt, salt_too] or sums != (first, second):
                break
            pending[number] = frame[24:]
            if size_after:
                committed |= pending
                pending.clear()
    return committed


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFF_FFFF
        second = (second + odd + first) & 0xFFFF_FFFF
    return first, second
