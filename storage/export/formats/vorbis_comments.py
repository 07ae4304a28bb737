"""Vorbis comments: the tags of FLAC, Vorbis and Opus, with their chapters.

Written after the Vorbis I specification, section 5 (the block), and Xiph's "Chapter Extension"
(`CHAPTER000=00:00:00.000`, `CHAPTER000NAME=…`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from storage.export.audio_tags import About, AudioMark

MOST_CHAPTERS = 1000
"""Three digits count them."""


# The block: a vendor string, a count, and that many `NAME=text`, each preceded by its length in 32
# bits, little-endian (all other numbers of FLAC are big-endian; this block came from Vorbis).
def comment_block(
    vendor: bytes, about: About, chapters: Sequence[AudioMark], rate_hz: int
) -> bytes:
    """The block, without what frames it in one format or another."""
    items = [*_tags(about), *_chapters(chapters[:MOST_CHAPTERS], rate_hz)]
    packed = (_sized(f"{name}={text}".encode("utf-8", "replace")) for name, text in items)
    return _sized(vendor) + struct.pack("<I", len(items)) + b"".join(packed)


def vendor_of(block: bytes) -> bytes:
    """Vendor string of a comment block (the program that encoded the file).

    Raises:
        ValueError: the block is too short.
    """
    if len(block) < 4:
        raise ValueError("no comments")
    (length,) = struct.unpack_from("<I", block)
    return block[4 : 4 + length]


def _tags(about: About) -> Iterable[tuple[str, str]]:
    tags = {
        "TITLE": about.title,
        "ARTIST": about.voice,
        "DATE": about.date,
        "COMMENT": about.comment,
        "ENCODER": about.software,
    }
    return ((name, text) for name, text in tags.items() if text)


def _chapters(chapters: Sequence[AudioMark], rate_hz: int) -> Iterable[tuple[str, str]]:
    for number, mark in enumerate(chapters):
        yield f"CHAPTER{number:03}", _clock(mark.at_samples * 1000 // rate_hz)
        yield f"CHAPTER{number:03}NAME", mark.label


def _clock(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def _sized(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content
