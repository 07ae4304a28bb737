"""Encoders for the formats that only files have, for speech over HTTP."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Self

_KINDS = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "opus": ("OGG", "OPUS"),
    "flac": ("FLAC", "PCM_16"),
}

CAN_BE_MADE = frozenset(_KINDS)
"""Encodings with an encoder."""


def encoded(linear16: bytes, sample_rate_hz: int, encoding: str) -> bytes:
    """Encode samples as a file in one of `CAN_BE_MADE`; blocks for a while.

    The same samples give the same bytes, except for the serial number of an Ogg stream.
    """
    # Imported late: a stand-in that is never asked for a file starts faster.
    import soundfile

    kind, subtype = _KINDS[encoding]
    file_bytes = io.BytesIO()
    with soundfile.SoundFile(file_bytes, "w", sample_rate_hz, 1, subtype, format=kind) as file:
        file.buffer_write(linear16, dtype="int16")
    return file_bytes.getvalue()


class FileEncoder:
    """An encoder of one file that goes out while it is written.

    A format whose head states the length states none here: at the end it would have to be written
    again, and has gone out. As a context manager it ends with the block.
    """

    def __init__(self, sample_rate_hz: int, encoding: str) -> None:
        """`encoding` is one of `CAN_BE_MADE`."""
        import soundfile

        kind, subtype = _KINDS[encoding]
        self._file = io.BytesIO()
        self._sound = soundfile.SoundFile(self._file, "w", sample_rate_hz, 1, subtype, format=kind)
        self._given_bytes = 0
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._sound.close()

    def feed(self, linear16: bytes) -> bytes:
        """Take samples, in pieces of any size; gives what the file has more, often nothing."""
        sound = self._rest + linear16
        whole = len(sound) - len(sound) % 2
        self._rest = sound[whole:]
        if whole:
            self._sound.buffer_write(sound[:whole], dtype="int16")
        return self._more()

    def finish(self) -> bytes:
        """End the file; gives the rest of it."""
        self._sound.close()
        return self._more()

    def _more(self) -> bytes:
        more = bytes(self._file.getbuffer()[self._given_bytes :])
        self._given_bytes += len(more)
        return more
