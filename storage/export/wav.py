"""The sound of sessions as one WAV of 16-bit PCM."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from gramophone.errors import StorageError
from gramophone.exports import ExportOrder
from storage.export.kept import KeptSession
from storage.export.sound import Tell, blocks
from storage.wav import LARGEST_DATA_BYTES, WavFormat


def write_wav(
    sessions: Iterable[KeptSession], file: BinaryIO, _order: ExportOrder, tell: Tell
) -> None:
    """Write the sound of the sessions, one after the other.

    Raises:
        StorageError: there is no sound, a turn's file is missing or short, or the result would
            outgrow a WAV.
    """
    form = WavFormat("linear16", 48_000)
    written_bytes = 0
    for session in sessions:
        form = WavFormat("linear16", session.excerpt.rate_hz)
        if not written_bytes:
            file.write(form.header(0))
        for block in blocks(session, tell):
            written_bytes += file.write(block)
            if written_bytes > LARGEST_DATA_BYTES:
                raise StorageError("The sound is longer than the 4 GiB a WAV file can hold.")
    file.seek(0)
    file.write(form.header(written_bytes))
