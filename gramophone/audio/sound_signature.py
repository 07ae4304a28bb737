"""Recognition of the format of sound by its first bytes, whatever its label says.

Samples without a head can begin with any bytes, so every other format needs a sign that samples
hardly ever have: a name of four letters, or two frame heads at the right distance (MPEG, ADTS).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

SoundFormatName: TypeAlias = Literal["pcm", "wav", "mp3", "ogg", "flac", "aac", "mp4", "webm"]

ENOUGH_BYTES = 4_096
"""As many first bytes as any format needs to be recognised."""

_NAMES: tuple[tuple[int, bytes, SoundFormatName], ...] = (
    (0, b"RIFF", "wav"),
    (0, b"RF64", "wav"),
    (0, b"ID3", "mp3"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"\x1a\x45\xdf\xa3", "webm"),
    (4, b"ftyp", "mp4"),
)
_LONGEST_NAME_BYTES = 8

# Bit rates in kbit/s by index, after ISO/IEC 11172-3 and 13818-3, and sample rates of MPEG-1;
# MPEG-2 has half of these, MPEG-2.5 a quarter.
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = (44_100, 48_000, 32_000)


def sound_format(head: bytes, *, whole: bool = False) -> SoundFormatName | None:
    """Recognise the format that begins with `head`; None while more bytes are needed.

    With `whole` no more come, and the answer is never None.
    """
    for offset, name, recognised in _NAMES:
        if head[offset : offset + len(name)] == name:
            return recognised
    if len(head) < _LONGEST_NAME_BYTES and not whole:
        return None
    for length_of, framed in _FRAMED:
        length = length_of(head)
        if length and len(head) < length + _LONGEST_NAME_BYTES and not whole:
            return None
        if length and length_of(head[length : length + _LONGEST_NAME_BYTES]):
            return framed
    return "pcm"


def mpeg_frame_bytes(head: bytes) -> int:
    """Length of the frame of MPEG audio, layer 3, that begins with `head`; 0 if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bit_rate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bit_rate in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    kbits = (_KBITS_1 if is_first else _KBITS_2)[bit_rate]
    rate_hz = _RATES_HZ[rate] // (1 if is_first else 2 if version == 2 else 4)
    padding_bytes = head[2] >> 1 & 1
    return (144_000 if is_first else 72_000) * kbits // rate_hz + padding_bytes


def _adts_frame_bytes(head: bytes) -> int:
    """Length of the frame of AAC in ADTS that begins with `head`; 0 if none does."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


_FRAMED: tuple[tuple[Callable[[bytes], int], SoundFormatName], ...] = (
    (mpeg_frame_bytes, "mp3"),
    (_adts_frame_bytes, "aac"),
)
