"""Encoders for the formats that only files have, for Speak over HTTP."""

from __future__ import annotations

import io

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
