"""Sound in the encodings that only files have: for Speak over HTTP."""

from __future__ import annotations

import io

_KINDS = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "opus": ("OGG", "OPUS"),
    "flac": ("FLAC", "PCM_16"),
}

CAN_BE_MADE = frozenset(_KINDS)
"""The encodings that there is an encoder for."""


def encoded(linear16: bytes, sample_rate_hz: int, encoding: str) -> bytes:
    """The samples as a file in one of `CAN_BE_MADE`; takes a while, and the same every time, but
    that an Ogg stream has another serial number."""
    # Not on top: whoever never asks for a file need not wait for the library.
    import soundfile

    kind, subtype = _KINDS[encoding]
    file_bytes = io.BytesIO()
    with soundfile.SoundFile(file_bytes, "w", sample_rate_hz, 1, subtype, format=kind) as file:
        file.buffer_write(linear16, dtype="int16")
    return file_bytes.getvalue()
