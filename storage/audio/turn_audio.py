"""A turn's sound as it was received, whichever way its file keeps it: WAV, or FLAC after `compact`.

Others ask for bytes by their offset in the data, as the rows name them, and get the same bytes from
either kind of file.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from gramophone.core.errors import StorageError
from gramophone.system.regular_files import open_binary, open_regular
from storage.audio.wav import HEADER_BYTES, WavFormat, WavReader, format_of, header_fault

WAV, FLAC = ".wav", ".flac"
_OTHER = {WAV: FLAC, FLAC: WAV}
_READ_BYTES = 1 << 20
_DECODED_SAMPLES = 1 << 15
_SAMPLE_BYTES = 2


def stored_path(path: Path) -> Path | None:
    """The existing file of a turn's sound: `path`, or the same turn's file of the other kind."""
    if path.exists():
        return path
    other = path.with_suffix(_OTHER.get(path.suffix, path.suffix))
    return other if other.exists() else None


def stored_form(path: Path) -> WavFormat | None:
    """The form that the file of a turn's sound states; None where it cannot be read.

    Raises:
        OSError: the file cannot be read.
    """
    if path.suffix == FLAC:
        import soundfile

        try:
            return WavFormat("linear16", soundfile.info(path).samplerate)
        except (soundfile.SoundFileError, RuntimeError, StorageError):
            return None
    with open_binary(path, follow=False) as file:
        return format_of(file.read(HEADER_BYTES))


class TurnSound:
    """The sound of one turn, to be read by offset; one that is missing or short gives fewer
    bytes. It belongs to one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open `path`, or the same turn's file of the other kind: it may be compacted between
        the look at its row and this.

        Raises:
            OSError: it is there and cannot be opened.
        """
        self.path = path
        self._file = _opened(path)
        if self._file.missing and path.suffix in _OTHER:
            other = path.with_suffix(_OTHER[path.suffix])
            file = _opened(other)
            if not file.missing:
                self.path, self._file = other, file

    def __enter__(self) -> TurnSound:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; harmless when repeated."""
        self._file.close()

    @property
    def missing(self) -> bool:
        return self._file.missing

    @property
    def compacted(self) -> bool:
        """Whether it is kept as FLAC."""
        return isinstance(self._file, _FlacReader)

    def data_bytes(self) -> int:
        """Number of received bytes that are in the file."""
        return self._file.data_bytes()

    def read(self, offset_bytes: int, size_bytes: int) -> bytes:
        """`size_bytes` as received from `offset_bytes` on, or what there is of them.

        Raises:
            OSError: the file cannot be read there.
        """
        return self._file.read(offset_bytes, size_bytes)

    def copy(self, offset_bytes: int, size_bytes: int, descriptor: int) -> int:
        """Put bytes as received into another file, where it stands; how many went. None do where
        they have to be decoded, or the system has no way for it.

        Raises:
            OSError: the other file cannot be written.
        """
        file = self._file
        return file.copy(offset_bytes, size_bytes, descriptor) if isinstance(file, WavReader) else 0

    def blocks(self) -> Generator[bytes]:
        """The sound from its beginning in blocks; every block but the last holds whole samples."""
        done_bytes, data_bytes = 0, self.data_bytes()
        while done_bytes < data_bytes:
            block = self.read(done_bytes, min(_READ_BYTES, data_bytes - done_bytes))
            if not block:
                return
            done_bytes += len(block)
            yield block

    def sha256(self) -> str:
        """Hash of all of it, in hexadecimal: what the turn's row has."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def fault(self, form: WavFormat) -> str:
        """A fault of the file's form, in words that continue a sentence after its name; empty if
        none."""
        if isinstance(self._file, _FlacReader):
            return self._file.fault(form)
        return header_fault(self.path, form)


class _FlacReader:
    """Decodes a piece at a time and keeps the last one: reads come in order, a frame each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sound: Any = None
        self._block: tuple[int, bytes] = (-1, b"")
        try:
            self._descriptor = open_regular(path, follow=False)
        except FileNotFoundError:
            self._descriptor = -1
            return
        # Imported when first used: it brings numpy, which costs a tenth of a second.
        import soundfile

        try:
            sound = soundfile.SoundFile(self._descriptor, closefd=False)
        except (soundfile.SoundFileError, RuntimeError):
            return
        if (sound.format, sound.subtype, sound.channels) == ("FLAC", "PCM_16", 1):
            self._sound = sound
        else:
            sound.close()

    @property
    def missing(self) -> bool:
        return self._descriptor < 0

    def close(self) -> None:
        if self._sound is not None:
            self._sound.close()
            self._sound = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def data_bytes(self) -> int:
        return 0 if self._sound is None else self._sound.frames * _SAMPLE_BYTES

    def read(self, offset_bytes: int, size_bytes: int) -> bytes:
        end_bytes = min(offset_bytes + size_bytes, self.data_bytes())
        pieces: list[bytes] = []
        while offset_bytes < end_bytes:
            number, within = divmod(offset_bytes, _DECODED_SAMPLES * _SAMPLE_BYTES)
            piece = self._decoded(number)[within : within + end_bytes - offset_bytes]
            if not piece:
                break
            pieces.append(piece)
            offset_bytes += len(piece)
        return b"".join(pieces)

    def fault(self, form: WavFormat) -> str:
        if self._sound is None:
            return "is not a FLAC file of 16 bits and one channel"
        if (form.encoding, form.sample_rate_hz) != ("linear16", self._sound.samplerate):
            return f"is FLAC that does not fit {form.encoding} at {form.sample_rate_hz} Hz"
        return ""

    def _decoded(self, number: int) -> bytes:
        if self._block[0] != number:
            self._block = (number, self._decode(number * _DECODED_SAMPLES))
        return self._block[1]

    def _decode(self, start: int) -> bytes:
        import soundfile

        try:
            if self._sound.tell() != start:
                self._sound.seek(start)
            samples = self._sound.read(_DECODED_SAMPLES, dtype="int16")
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise OSError(errno.EIO, "its FLAC is damaged", str(self._path)) from error
        return samples.astype("<i2", copy=False).tobytes()


def _opened(path: Path) -> WavReader | _FlacReader:
    return _FlacReader(path) if path.suffix == FLAC else WavReader(path)
