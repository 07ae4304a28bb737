"""The sound of a talk that is not kept, for as long as the process lives.

It lies in files without a name, which the kernel takes away with the process however that ends, and
which are never in the data directory.
"""

from __future__ import annotations

from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from gramophone.audio.rate_converter import RateConverter
from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, Entry, SessionStarted
from storage.audio.wav import HEADER_BYTES, LARGEST_DATA_BYTES, WavFormat
from storage.export.atomic_file import atomic_write

_BLOCK_BYTES = 1 << 18


class EphemeralAudio:
    """A sink that gathers the sound of each turn, to be written where its owner wants it."""

    def __init__(self) -> None:
        self._form: WavFormat | None = None
        self._turns: dict[int, BinaryIO] = {}
        self._own_rates_hz: dict[int, int] = {}

    def emit(self, entry: Entry) -> None:
        """Take the sound of an event.

        Raises:
            StorageError: there is no room for it.
        """
        match entry:
            case SessionStarted():
                self._form = WavFormat(entry.encoding, entry.sample_rate_hz)
            case AudioReceived():
                try:
                    self._take(entry)
                except OSError as error:
                    reason = error.strerror or error
                    raise StorageError(f"The sound cannot be held ({reason}).") from error
            case _:
                pass

    def write(self, path: Path) -> None:
        """Write the spoken turns joined as one WAV of 16-bit PCM at the rate of the session, whole
        or not at all.

        Raises:
            StorageError: nothing was spoken, or `path` cannot be written.
        """
        sizes = {turn: file.seek(0, 2) // 2 * 2 for turn, file in sorted(self._turns.items())}
        if self._form is None or not any(sizes.values()):
            raise StorageError("There is no sound to write; nothing was spoken.")
        if sum(sizes.values()) > LARGEST_DATA_BYTES:
            raise StorageError("The sound is longer than the 4 GiB a WAV file can hold.")
        with atomic_write(path) as out:
            out.write(self._form.header(0))
            for turn, size_bytes in sizes.items():
                self._copy(turn, size_bytes, out)
            data_bytes = out.tell() - HEADER_BYTES
            out.seek(0)
            out.write(self._form.header(data_bytes))

    def _copy(self, turn: int, size_bytes: int, out: BinaryIO) -> None:
        """Append a turn's sound, at the session's rate."""
        assert self._form is not None
        file, own_rate_hz = self._turns[turn], self._own_rates_hz[turn]
        file.truncate(size_bytes)
        file.seek(0)
        if not own_rate_hz:
            copyfileobj(file, out)
            return
        converter = RateConverter(own_rate_hz, self._form.sample_rate_hz)
        while block := file.read(_BLOCK_BYTES):
            out.write(converter.push(block))
        out.write(converter.finish())

    def close(self) -> None:
        """Forget the sound; harmless when repeated."""
        for file in self._turns.values():
            file.close()
        self._turns.clear()

    def _take(self, frame: AudioReceived) -> None:
        if frame.turn not in self._turns:
            self._turns[frame.turn] = cast("BinaryIO", TemporaryFile())
            self._own_rates_hz[frame.turn] = frame.sample_rate_hz
        file = self._turns[frame.turn]
        file.seek(frame.offset_bytes)
        file.write(frame.pcm)
