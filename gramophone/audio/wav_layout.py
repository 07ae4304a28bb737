"""Layout of a WAV file: the form of its samples and their place, by the whole grammar of RIFF.

After Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991);
`WAVE_FORMAT_EXTENSIBLE` after Microsoft's mmreg.h, RF64 after EBU Tech 3306. Chunks come in any
order and have a pad byte when they are odd. A writer that did not know the length, or was killed,
left sizes of 0 or 0xFFFFFFFF: the samples then go on to the end.
"""

from __future__ import annotations

import struct

from gramophone.core.frozen import frozen

PCM, FLOAT, ALAW, MULAW = 1, 3, 6, 7
_EXTENSIBLE = 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_FORMAT = struct.Struct("<HHIIHH")
_UNKNOWN = 0xFFFF_FFFF


class NotWav(ValueError):
    """A file is not a WAV, or cannot be read as one; the text is the reason, to follow “…: ”."""


@frozen
class WavLayout:
    """Form of the samples (`tag` is PCM, FLOAT, ALAW, MULAW or another of RIFF), and their place in
    bytes of the file."""

    tag: int
    channels: int
    sample_rate_hz: int
    bits: int
    data_start: int
    data_bytes: int


def wav_layout(head: bytes, size_bytes: int) -> WavLayout:
    """Read the layout of a file of `size_bytes` from `head`, which reaches to its first samples.

    Raises:
        NotWav: it is not a WAV, or what stands before its samples is longer than `head`.
    """
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        raise NotWav("it does not begin as a WAV file")
    stated_end = 8 + int.from_bytes(head[4:8], "little")
    form: tuple[int, int, int, int] | None = None
    long_bytes: int | None = None
    at = 12
    while len(head) >= at + 8:
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            if form is None:
                raise NotWav("its samples come before their form")
            if size == _UNKNOWN and long_bytes is not None:
                size = long_bytes
            return WavLayout(*form, at, _data_bytes(size, stated_end, at, size_bytes))
        chunk = head[at : at + size]
        if name == b"fmt ":
            form = _form(chunk)
        elif name == b"ds64" and len(chunk) >= 16:
            long_bytes = int.from_bytes(chunk[8:16], "little")
        at += size + size % 2
    raise NotWav("it has no samples" if at >= size_bytes else "its samples begin too late")


def _data_bytes(size: int, stated_end: int, start: int, size_bytes: int) -> int:
    room = max(0, size_bytes - start)
    # An empty chunk is one only where the file was finished: then its size goes beyond it.
    unfinished = stated_end <= start or stated_end == 8 + _UNKNOWN
    return room if size == _UNKNOWN or (size == 0 and unfinished) else min(size, room)


def _form(chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < _FORMAT.size:
        raise NotWav("its form is cut off")
    tag, channels, rate, _, _, bits = _FORMAT.unpack(chunk[: _FORMAT.size])
    if tag == _EXTENSIBLE:
        if len(chunk) < 40 or chunk[26:40] != _GUID_TAIL:
            raise NotWav("its samples are of a form that is not known")
        tag = int.from_bytes(chunk[24:26], "little")
    return tag, channels, rate, bits
