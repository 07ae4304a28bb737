"""WAV files that are whole at every moment: 44 bytes of header, then PCM as received.

The header's two sizes are patched after every write, so that the file of a killed process opens
in every reader. `soundfile` cannot do that (its flush is an fsync), hence this writer.

The data chunk holds the bytes as they came, even an odd number of them; RIFF then wants one
zero byte after it, which is not part of the data. `sha256` everywhere means: of the bytes of the
data chunk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import sys
from dataclasses import replace
from pathlib import Path

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import open_binary, open_regular
from storage.home import open_private

HEADER_BYTES = 44
SAMPLE_RATES_HZ = range(1_000, 1_000_001)
LARGEST_DATA_BYTES = 0xFFFF_FFFF - HEADER_BYTES
_READ_BYTES = 1 << 20

# encoding → (format tag of RIFF, bytes a sample)
_ENCODINGS = {"linear16": (1, 2), "alaw": (6, 1), "mulaw": (7, 1)}
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_NO_COPYING = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
_pack_size = struct.Struct("<I").pack_into


@frozen
class WavFormat:
    """Mono PCM of one encoding (`linear16`, `mulaw`, `alaw`) and sample rate."""

    encoding: str
    sample_rate_hz: int

    def __post_init__(self) -> None:
        if self.encoding not in _ENCODINGS:
            raise StorageError(
                f"The encoding {self.encoding!r} cannot be kept as WAV; choose linear16, mulaw "
                "or alaw."
            )
        if self.sample_rate_hz not in SAMPLE_RATES_HZ:
            raise StorageError(
                f"Sound of {self.sample_rate_hz} Hz cannot be kept; the session's row is damaged: "
                "run `gramophone verify`."
            )

    @property
    def sample_bytes(self) -> int:
        return _ENCODINGS[self.encoding][1]

    @property
    def riff(self) -> tuple[int, int, int, int]:
        """Format tag, channels, rate and bits a sample, as a WAV states them."""
        tag, width = _ENCODINGS[self.encoding]
        return tag, 1, self.sample_rate_hz, 8 * width

    def at_rate(self, own_rate_hz: int | None) -> WavFormat:
        """The form of a turn of this session; 0 or None is the session's rate.

        Raises:
            StorageError: the rate cannot be.
        """
        return replace(self, sample_rate_hz=own_rate_hz) if own_rate_hz else self

    def counted(self, samples: int, own_rate_hz: int | None) -> int:
        """Count at this rate the samples of a turn at its own; 0 or None is the same rate."""
        return samples * self.sample_rate_hz // own_rate_hz if own_rate_hz else samples

    def samples(self, data_bytes: int) -> int:
        """Whole samples in so many bytes."""
        return data_bytes // self.sample_bytes

    def header(self, data_bytes: int) -> bytes:
        """The 44 bytes before `data_bytes` of data; sizes beyond 32 bits are all ones."""
        tag, width = _ENCODINGS[self.encoding]
        rate = self.sample_rate_hz
        return _HEADER.pack(
            b"RIFF",
            min(0xFFFF_FFFF, HEADER_BYTES - 8 + data_bytes + data_bytes % 2),
            b"WAVE",
            b"fmt ",
            16,
            tag,
            1,
            rate,
            rate * width,
            width,
            width * 8,
            b"data",
            min(0xFFFF_FFFF, data_bytes),
        )


def format_of(header: bytes) -> WavFormat | None:
    """The form that a header as written here states; None where it is another header."""
    if len(header) < HEADER_BYTES:
        return None
    riff, _, wave, _, _, tag, _, rate, *_ = _HEADER.unpack(header[:HEADER_BYTES])
    encoding = next((name for name, (format_tag, _) in _ENCODINGS.items() if format_tag == tag), "")
    if (riff, wave) != (b"RIFF", b"WAVE") or not encoding or rate not in SAMPLE_RATES_HZ:
        return None
    return WavFormat(encoding, rate)


class WavWriter:
    """Writes one turn's WAV. Not thread-safe: it belongs to the writer thread."""

    def __init__(self, path: Path, form: WavFormat) -> None:
        """Open `path`, made when missing; what it holds already is kept and counted.

        Raises:
            OSError: the file cannot be opened or written.
        """
        self.path = path
        self.form = form
        self._descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
        self._size_bytes = 0
        self._hash = hashlib.sha256()
        self._hashed_bytes = 0
        self._header = bytearray(form.header(0))
        try:
            self._size_bytes = repair_descriptor(self._descriptor, form)
        except BaseException:
            self.close()
            raise

    @property
    def size_bytes(self) -> int:
        """Bytes of the data chunk."""
        return self._size_bytes

    @property
    def samples(self) -> int:
        return self.form.samples(self._size_bytes)

    def write(self, offset_bytes: int, pcm: bytes) -> None:
        """Put `pcm` at an offset of the data; a hole before it becomes zeros.

        Raises:
            OSError: the write failed; the header tells what was whole before.
            StorageError: the file would outgrow what a WAV can hold.
        """
        if offset_bytes != self._size_bytes:
            self._make_room(offset_bytes)
        end_bytes = offset_bytes + len(pcm)
        if end_bytes > LARGEST_DATA_BYTES:
            raise StorageError(
                f"{self.path} has reached 4 GiB, the most a WAV file can hold; start a new session "
                "to go on recording."
            )
        # First the samples, then the sizes in the header: a process killed in between leaves a file
        # whose header says a little too little, which every reader opens.
        written = os.pwrite(self._descriptor, pcm, HEADER_BYTES + offset_bytes)
        while written < len(pcm):
            # A disk that fills up takes a part first and refuses the rest.
            position = HEADER_BYTES + offset_bytes + written
            written += os.pwrite(self._descriptor, pcm[written:], position)
        if end_bytes > self._size_bytes:
            self._size_bytes = end_bytes
            _pack_size(self._header, 4, HEADER_BYTES - 8 + end_bytes + end_bytes % 2)
            _pack_size(self._header, 40, end_bytes)
            os.pwrite(self._descriptor, self._header, 0)

    def sha256(self) -> str:
        """Hash of the data chunk so far, in hexadecimal.

        What came since the last call is read back from the file (the page cache, that is): one
        read a flush is cheaper than hashing every frame, and it is the file that is hashed.
        """
        while self._hashed_bytes < self._size_bytes:
            size_bytes = min(_READ_BYTES, self._size_bytes - self._hashed_bytes)
            block = os.pread(self._descriptor, size_bytes, HEADER_BYTES + self._hashed_bytes)
            if not block:
                break
            self._hash.update(block)
            self._hashed_bytes += len(block)
        return self._hash.hexdigest()

    def in_place(self) -> bool:
        """Whether the file still has its name; a deleted file takes writes without a word."""
        return os.fstat(self._descriptor).st_nlink > 0

    def sync(self) -> None:
        """Return when the file is on the disk, closed off with its pad byte when odd."""
        if self._size_bytes % 2:
            os.pwrite(self._descriptor, b"\0", HEADER_BYTES + self._size_bytes)
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Give the descriptor back; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _make_room(self, offset_bytes: int) -> None:
        if offset_bytes > LARGEST_DATA_BYTES or offset_bytes < 0:
            raise StorageError(f"{self.path} cannot hold sound at byte {offset_bytes}.")
        if offset_bytes > self._size_bytes:
            # The engine aligned a frame after an odd end; the file system's own hole is zeros,
            # but for the pad byte that may stand there.
            os.ftruncate(self._descriptor, HEADER_BYTES + self._size_bytes)
            os.ftruncate(self._descriptor, HEADER_BYTES + offset_bytes)
            self._size_bytes = offset_bytes
        elif offset_bytes < self._hashed_bytes:
            # Written over: rare enough to hash afresh when the hash is asked for.
            self._hash, self._hashed_bytes = hashlib.sha256(), 0


class WavReader:
    """Reads a turn's PCM by offset; a file that is missing or short gives fewer bytes."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = open_regular(path, follow=False)
        except FileNotFoundError:
            self._descriptor = -1

    def __enter__(self) -> WavReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def missing(self) -> bool:
        return self._descriptor < 0

    def data_bytes(self) -> int:
        """Bytes of the data chunk that are there; 0 when there is no header of ours."""
        stated = _stated_bytes(self._descriptor)
        return min(stated, os.fstat(self._descriptor).st_size - HEADER_BYTES) if stated else 0

    def read(self, offset_bytes: int, size_bytes: int) -> bytes:
        """`size_bytes` of data from `offset_bytes`, or what there is of it."""
        if self.missing:
            return b""
        return os.pread(self._descriptor, size_bytes, HEADER_BYTES + offset_bytes)

    def copy(self, offset_bytes: int, size_bytes: int, descriptor: int) -> int:
        """Put data into another file, where it stands, without taking it through this process;
        how many bytes went. None do where the system has no way for it.

        Raises:
            OSError: the other file cannot be written.
        """
        copied_bytes = 0
        while sys.platform == "linux" and not self.missing and copied_bytes < size_bytes:
            start = HEADER_BYTES + offset_bytes + copied_bytes
            try:
                copied = os.copy_file_range(
                    self._descriptor, descriptor, size_bytes - copied_bytes, start
                )
            except OSError as error:
                if error.errno in _NO_COPYING:
                    break
                raise
            if not copied:
                break
            copied_bytes += copied
        return copied_bytes

    def sha256(self) -> str:
        """Hash of the data chunk, in hexadecimal."""
        digest = hashlib.sha256()
        hashed_bytes, size = 0, self.data_bytes()
        while hashed_bytes < size:
            block = self.read(hashed_bytes, min(_READ_BYTES, size - hashed_bytes))
            if not block:
                break
            digest.update(block)
            hashed_bytes += len(block)
        return digest.hexdigest()


def write_all(descriptor: int, content: bytes) -> None:
    """Write where the file stands; a disk that fills up takes a part first and refuses the rest.

    Raises:
        OSError: it could not all be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def repair_descriptor(descriptor: int, form: WavFormat) -> int:
    """Make header and tail of an open WAV agree with its length; returns its data bytes.

    Nothing is cut off: what stands in the file beyond the header's word becomes data.
    """
    length = os.fstat(descriptor).st_size
    data_bytes = max(0, length - HEADER_BYTES)
    stated = _stated_bytes(descriptor)
    if stated is not None and stated % 2 and data_bytes == stated + 1:
        # The zero byte after an odd chunk is the format's, not the sound's.
        if os.pread(descriptor, 1, length - 1) == b"\0":
            data_bytes = stated
    header = form.header(data_bytes)
    if os.pread(descriptor, HEADER_BYTES, 0) != header:
        os.pwrite(descriptor, header, 0)
    if data_bytes % 2:
        os.pwrite(descriptor, b"\0", HEADER_BYTES + data_bytes)
    return data_bytes


def header_fault(path: Path, form: WavFormat) -> str:
    """A fault of the header of `path`, in words that continue a sentence after its name; empty if
    none. The file must exist."""
    length = path.stat().st_size
    with open_binary(path, follow=False) as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or header[:4] != b"RIFF" or header[36:40] != b"data":
        return "has no readable header"
    stated = int.from_bytes(header[40:44], "little")
    expected = form.header(stated)
    if header[8:40] != expected[8:40]:
        return f"has a header that does not fit {form.encoding} at {form.sample_rate_hz} Hz"
    held_bytes = length - HEADER_BYTES
    if stated not in (held_bytes, held_bytes - stated % 2) or header != expected:
        return f"says it holds {stated} bytes of sound and holds {held_bytes}"
    return ""


def _stated_bytes(descriptor: int) -> int | None:
    """The data size in the header, or None when it is not a header as written here."""
    header = os.pread(descriptor, HEADER_BYTES, 0) if descriptor >= 0 else b""
    if len(header) < HEADER_BYTES or header[:4] != b"RIFF" or header[36:40] != b"data":
        return None
    return int.from_bytes(header[40:44], "little")
