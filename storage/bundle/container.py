"""The zip file around the parts of a bundle, of a narrow kind.

Written, it has fixed dates, permissions and order, so that equal parts give equal files. Read, it
must be of just that kind: entries one after another from the first byte to the directory, known
names, no links, no encryption, no comments. What is not is refused before anything is unpacked,
and nothing is ever unpacked under a name that stands in the file.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import IO, Any, BinaryIO

from storage.bundle.layout import (
    LONGEST_LINE_BYTES,
    MANIFEST,
    MOST_MANIFEST_BYTES,
    MOST_PARTS,
    MOST_ROW_BYTES,
    ROWS,
    BadBundle,
    BundlePart,
    manifest_bytes,
    manifest_parts,
    most_unpacked_bytes,
)

BLOCK_BYTES = 1 << 20

_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = stat.S_IFREG | 0o644

_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_LOCAL = struct.Struct("<4s5H3I2H")
_DIRECTORY_ENTRY_BYTES = 46


class ContainerWriter:
    """Writes parts one after another, the manifest last."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._parts: list[BundlePart] = []

    @property
    def unpacked_bytes(self) -> int:
        """Unpacked size of the parts written so far."""
        return sum(part.size_bytes for part in self._parts)

    def add(
        self, name: str, blocks: Iterable[bytes], *, deflate: bool = False, size_bytes: int = 0
    ) -> None:
        """Write a part; `size_bytes` is needed if it may be larger than 2 GiB.

        Raises:
            BadBundle: a bound on parts or rows would be exceeded.
        """
        if len(self._parts) >= MOST_PARTS:
            raise BadBundle(f"it would have more than {MOST_PARTS:,} parts")
        digest, written_bytes = hashlib.sha256(), 0
        large = size_bytes > zipfile.ZIP64_LIMIT
        with self._zip.open(_info(name, deflate), "w", force_zip64=large) as file:
            for block in blocks:
                digest.update(block)
                written_bytes += file.write(block)
                if name in ROWS and written_bytes > MOST_ROW_BYTES:
                    raise BadBundle("its rows would be larger than 1 GiB")
        self._parts.append(BundlePart(name, written_bytes, digest.hexdigest()))

    def finish(self, *, deflate: bool = False) -> None:
        """Write the manifest and the directory."""
        with self._zip.open(_info(MANIFEST, deflate), "w") as file:
            file.write(manifest_bytes(self._parts))
        self.close()

    def close(self) -> None:
        """Harmless when repeated; without `finish` what was written is not a bundle."""
        self._zip.close()


def _info(name: str, deflate: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _UNIX
    info.external_attr = _MODE << 16
    info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    return info


class PartReader:
    """Reads one part, once, from its beginning; at its end size and hash must be right."""

    def __init__(self, part: BundlePart, file: IO[bytes], progress: Callable[[int], None]) -> None:
        self._part = part
        self._file = file
        self._progress = progress
        self._left_bytes = part.size_bytes
        self._digest = hashlib.sha256()

    def read(self, size_bytes: int) -> bytes:
        """Up to so many bytes; none at the end.

        Raises:
            BadBundle: the part is not what the manifest says.
        """
        return self._taken(self._file.read(min(size_bytes, self._left_bytes)))

    def blocks(self) -> Generator[bytes]:
        """The rest of the part."""
        while block := self.read(BLOCK_BYTES):
            yield block

    def lines(self) -> Generator[bytes]:
        """The part's lines, without their newline.

        Raises:
            BadBundle: a line is too long or has no end, or the part is not what the manifest says.
        """
        while self._left_bytes:
            line = self._taken(self._file.readline(min(LONGEST_LINE_BYTES, self._left_bytes)))
            if not line.endswith(b"\n"):
                raise BadBundle(f"{self._part.name} has a line without an end")
            yield line[:-1]
        self._taken(b"")

    def _taken(self, block: bytes) -> bytes:
        self._digest.update(block)
        self._left_bytes -= len(block)
        if not block and self._left_bytes:
            raise BadBundle(f"{self._part.name} is shorter than the manifest says")
        if not self._left_bytes and self._digest.hexdigest() != self._part.sha256:
            raise BadBundle(f"{self._part.name} is not what was packed: its hash differs")
        self._progress(len(block))
        return block


class Container:
    """A zip that was found to be a bundle's: its parts are those of its manifest."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None] = lambda _: None) -> None:
        """Look at everything but the parts' bytes.

        Raises:
            BadBundle: it is not a bundle; the text completes "… cannot be read: ".
        """
        self._progress = progress
        with damage_as_bad_bundle():
            self._zip = _opened(file)
            infos = {info.filename: info for info in self._zip.infolist()}
            self.parts = {part.name: part for part in self._manifest(infos)}
            self._check_parts(infos)
            allowed_bytes = most_unpacked_bytes(file.seek(0, os.SEEK_END))
        self.unpacked_bytes = sum(part.size_bytes for part in self.parts.values())
        if self.unpacked_bytes > allowed_bytes:
            raise BadBundle("it would unpack to far more than it is")

    @contextmanager
    def open(self, name: str) -> Generator[PartReader]:
        """A part's bytes."""
        with damage_as_bad_bundle(), self._zip.open(name) as file:
            yield PartReader(self.parts[name], file, self._progress)

    def close(self) -> None:
        """The file itself is its owner's to close."""
        self._zip.close()

    def _manifest(self, infos: dict[str, zipfile.ZipInfo]) -> list[BundlePart]:
        info = infos.get(MANIFEST)
        if info is None or info.file_size > MOST_MANIFEST_BYTES:
            raise BadBundle("it has no manifest")
        with self._zip.open(info) as file:
            return manifest_parts(file.read(info.file_size))

    def _check_parts(self, infos: dict[str, zipfile.ZipInfo]) -> None:
        if len(infos) != len(self._zip.infolist()):
            raise BadBundle("it holds two parts of one name")
        if len(self.parts) + 1 != len(infos) or not infos.keys() >= self.parts.keys():
            raise BadBundle("its parts are not those of its manifest")
        for name in ROWS:
            if name not in self.parts:
                raise BadBundle(f"it has no {name}")
        for name, part in self.parts.items():
            if infos[name].file_size != part.size_bytes:
                raise BadBundle(f"{name} is not as large as the manifest says")
            if name in ROWS and part.size_bytes > MOST_ROW_BYTES:
                raise BadBundle(f"{name} is larger than 1 GiB")


@contextmanager
def damage_as_bad_bundle() -> Generator[None]:
    """Turn the zip reader's errors on a damaged file into BadBundle.

    Raises:
        BadBundle: the block failed on the file.
    """
    try:
        yield
    except BadBundle:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise BadBundle("it is damaged or cut short") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise BadBundle("it is packed in a way that bundles are not") from error
    except OSError as error:
        raise BadBundle(error.strerror or str(error)) from error


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    directory_start = _checked_directory(file)
    opened = zipfile.ZipFile(file)
    # Entries must lie one after another without a gap. A bomb that unpacks one piece of data under
    # many names needs entries that overlap; hidden data needs a gap.
    position = 0
    for info in sorted(opened.infolist(), key=lambda info: info.header_offset):
        _check_entry(info)
        if info.header_offset != position:
            raise BadBundle("its parts overlap, or something lies between them")
        file.seek(position)
        *_, name_bytes, extra_bytes = _LOCAL.unpack(file.read(_LOCAL.size))
        position += _LOCAL.size + name_bytes + extra_bytes + info.compress_size
    if position != directory_start:
        raise BadBundle("something lies between its parts and its directory")
    return opened


def _checked_directory(file: BinaryIO) -> int:
    """The offset of the zip's directory, whose size is checked before the zip reader takes it into
    memory."""
    # A zip is read from its end: the end record (22 bytes, then a comment, which bundles have not)
    # gives offset and length of the directory. Where 16 or 32 bits do not hold them, a record of
    # zip64 before it does, which a locator of fixed size points to. Each of these must be just
    # where its size puts it, so that there is one way to read the file: two readers that take
    # different directories for the true one see different files, which is how archives smuggle.
    size_bytes = file.seek(0, os.SEEK_END)
    if size_bytes < _END.size:
        raise BadBundle("it is not a bundle")
    end = size_bytes - _END.size
    mark, disk, first_disk, here, entries, length, start, comment = _unpacked(file, end, _END)
    if mark != b"PK\5\6" or comment or disk or first_disk or here != entries:
        raise BadBundle("it is not a bundle, or it is cut short")
    locator = end - _LOCATOR_64.size
    large_end = locator - _END_64.size
    if large_end >= 0 and _unpacked(file, locator, _LOCATOR_64) == (b"PK\6\7", 0, large_end, 1):
        # From 2 GiB or 65,535 parts on.
        end = large_end
        mark, _, _, _, _, _, _, entries, length, start = _unpacked(file, end, _END_64)
        if mark != b"PK\6\6":
            raise BadBundle("its directory cannot be found")
    if entries > MOST_PARTS + 1:
        raise BadBundle(f"it has more than {MOST_PARTS:,} parts")
    if start + length != end or length > entries * (_DIRECTORY_ENTRY_BYTES + 64):
        raise BadBundle("its directory is not where it should be")
    return start


def _unpacked(file: BinaryIO, offset: int, shape: struct.Struct) -> tuple[Any, ...]:
    file.seek(offset)
    return shape.unpack(file.read(shape.size))


def _check_entry(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    stored = info.compress_type == zipfile.ZIP_STORED
    if info.orig_filename != info.filename or kind not in (0, stat.S_IFREG):
        raise BadBundle("it holds something that is not a plain file")
    if info.flag_bits or not (stored or info.compress_type == zipfile.ZIP_DEFLATED):
        raise BadBundle("it is packed in a way that bundles are not")
    if stored and info.compress_size != info.file_size:
        raise BadBundle("it is packed in a way that bundles are not")
