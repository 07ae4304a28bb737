"""Pages of an Ogg stream: its head with other comments, and a serial number that is not random.

Written after RFC 3533 (pages), the Vorbis I specification (three packets of head, `\\x03vorbis`)
and RFC 7845 (two packets of head, `OpusTags`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Generator, Sequence

from gramophone.core.frozen import frozen
from storage.export.formats.vorbis_comments import vendor_of

LARGEST_PAGE = 27 + 255 + 255 * 255

_PAGE = struct.Struct("<4sBBqIIIB")
_SERIAL = struct.Struct("<II")
_SERIAL_AT, _CHECKSUM_AT, _SEGMENTS_AT = 14, 22, 26
_CONTINUED = 1
_UNFINISHED = -1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

# What a comment packet begins with, how many packets the head has, and what ends the comments.
_VORBIS = (b"\x03vorbis", 3, b"\x01")
_OPUS = (b"OpusTags", 2, b"")


@frozen
class Head:
    """The head that a stream begins with, and what belongs in its place. Pages that follow it
    are numbered from `next_page`."""

    size_bytes: int
    pages: bytes
    next_page: int


# An Ogg page has 27 bytes of header, a table of at most 255 segment lengths, and the segments. A
# packet is cut into segments of 255 bytes; the first shorter one ends it, so a packet of 510 bytes
# has a third segment of 0. Comments of another length move all segments, thus all pages of the head
# are made anew, and every later page gets a new number and checksum: libsndfile chooses the serial
# number at random, and two exports of the same session would differ.
def retagged(start: bytes, serial: int, commented: Callable[[bytes], bytes]) -> Head:
    """`start` holds the whole head. `commented` makes the comments from the name of who wrote
    the stream.

    Raises:
        ValueError: it is not the head of a stream of Vorbis or Opus.
    """
    packets: list[bytes] = []
    at, packet_count, open_packet = 0, 1, b""
    marker, end = b"", b""
    while len(packets) < packet_count:
        size = page_bytes(start, at)
        lacing = start[at + 27 : at + 27 + start[at + _SEGMENTS_AT]]
        offset = at + 27 + len(lacing)
        for length in lacing:
            open_packet += start[offset : offset + length]
            offset += length
            # Only a segment of less than 255 bytes ends a packet.
            if length < 255:
                packets.append(open_packet)
                open_packet = b""
        at += size
        marker, packet_count, end = _OPUS if packets[0][:8] == b"OpusHead" else _VORBIS
    if not packets[1].startswith(marker):
        raise ValueError("no comments")
    vendor = vendor_of(packets[1][len(marker) :])
    comments = marker + commented(vendor) + end
    first = _laid([packets[0]], serial, 0, begins=True)
    rest = _laid([comments, *packets[2:]], serial, 1)
    return Head(at, b"".join(first + rest), 1 + len(rest))


def renumbered(pages: bytes, serial: int, next_page: int) -> tuple[bytes, int]:
    """The whole pages in `pages`, numbered from `next_page` and with new checksums, and the number
    after the last."""
    changed = bytearray(pages)
    at = 0
    while at < len(changed):
        size = page_bytes(changed, at)
        _SERIAL.pack_into(changed, at + _SERIAL_AT, serial, next_page)
        struct.pack_into("<I", changed, at + _CHECKSUM_AT, 0)
        struct.pack_into("<I", changed, at + _CHECKSUM_AT, checksum(changed[at : at + size]))
        at += size
        next_page += 1
    return bytes(changed), next_page


def whole_pages(stream: bytes) -> int:
    """Number of bytes of whole pages at the beginning of `stream`, which begins with a page."""
    at = 0
    while len(stream) - at >= 27 and len(stream) - at >= 27 + stream[at + _SEGMENTS_AT]:
        size = page_bytes(stream, at)
        if at + size > len(stream):
            break
        at += size
    return at


def page_bytes(stream: bytes | bytearray, at: int) -> int:
    """The size of the page that begins at `at`; ValueError when none does."""
    if stream[at : at + 4] != b"OggS" or at + 27 > len(stream):
        raise ValueError("no page of Ogg")
    segments = stream[at + _SEGMENTS_AT]
    return 27 + segments + sum(stream[at + 27 : at + 27 + segments])


def checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: zlib's polynomial, with the bits the other way round and nothing inverted."""
    # zlib's CRC takes the lowest bit first, starts and ends inverted; Ogg's takes the highest first
    # from 0. Reversing the bits of each byte and of the result, and undoing both inversions, lets
    # C code do the work.
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{turned:032b}"[::-1], 2)


def _laid(
    packets: Sequence[bytes], serial: int, first_page: int, *, begins: bool = False
) -> list[bytes]:
    """Packets of a head as pages; the last of them ends its page."""
    segments = [segment for packet in packets for segment in _segments(packet)]
    pages: list[bytes] = []
    for start in range(0, len(segments), 255):
        part = segments[start : start + 255]
        continued = start > 0 and len(segments[start - 1]) == 255
        finished = any(len(segment) < 255 for segment in part)
        flags = _CONTINUED * continued | 2 * begins
        position = 0 if finished else _UNFINISHED
        number = first_page + len(pages)
        head = _PAGE.pack(b"OggS", 0, flags, position, serial, number, 0, len(part))
        page = head + bytes(len(segment) for segment in part) + b"".join(part)
        pages.append(renumbered(page, serial, number)[0])
    return pages


def _segments(packet: bytes) -> Generator[bytes]:
    """A packet in pieces of 255 bytes; the last one is shorter, and perhaps empty."""
    for start in range(0, len(packet) + 1, 255):
        yield packet[start : start + 255]
