"""Pages of Ogg, against the formula they are written after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.export.formats import flac, ogg


def slow_checksum(page: bytes) -> int:
    """As RFC 3533 has it: polynomial 0x04c11db7, nothing inverted."""
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (
                checksum << 1 ^ 0x04C11DB7 if checksum >> 31 else checksum << 1
            ) & 0xFFFF_FFFF
    return checksum


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_format(page: bytes) -> None:
    assert ogg.checksum(page) == slow_checksum(page)


def page(content: bytes, lacing: bytes, number: int = 0) -> bytes:
    head = b"OggS\0" + bytes(17) + bytes(4) + bytes([len(lacing)]) + lacing
    return ogg.renumbered(head + content, 7, number)[0]


def stream(*packets: bytes) -> bytes:
    """Each packet in a page of its own."""
    pages = [
        page(packet, bytes([255] * (len(packet) // 255) + [len(packet) % 255]), number)
        for number, packet in enumerate(packets)
    ]
    return b"".join(pages)


def packets_of(pages: bytes) -> list[bytes]:
    packets, rest, at = list[bytes](), b"", 0
    while at < len(pages):
        count = pages[at + 26]
        body = at + 27 + count
        for length in pages[at + 27 : body]:
            rest += pages[body : body + length]
            body += length
            if length < 255:
                packets.append(rest)
                rest = b""
        at = body
    assert not rest
    return packets


@given(st.integers(0, 200_000))
def test_comments_of_any_length_stand_in_the_head(size: int) -> None:
    packets = (b"\x01vorbis id", b"\x03vorbis\x03\0\0\0ownold", b"\x05vorbis" + bytes(3_000))
    start = stream(*packets)
    vendors = list[bytes]()

    def commented(vendor: bytes) -> bytes:
        vendors.append(vendor)
        return b"n" * size

    head = ogg.retagged(start + stream(b"sound"), 9, commented)
    assert vendors == [b"own"]
    assert head.size_bytes == len(start)
    assert packets_of(head.pages) == [packets[0], b"\x03vorbis" + b"n" * size + b"\x01", packets[2]]
    assert ogg.renumbered(head.pages, 9, 0) == (head.pages, head.next_page)


@pytest.mark.parametrize("start", [b"", b"RIFF", stream(b"x", b"y", b"z"), stream(b"OpusHead")])
def test_what_is_no_such_stream_is_refused(start: bytes) -> None:
    with pytest.raises(ValueError, match="no "):
        ogg.retagged(start, 1, lambda vendor: vendor)


def test_only_whole_pages_are_taken() -> None:
    pages = stream(b"one", bytes(1000))
    assert ogg.whole_pages(pages) == len(pages)
    for cut in range(1, 1000, 37):
        assert ogg.whole_pages(pages[:-cut]) == ogg.page_bytes(pages, 0)
    assert ogg.whole_pages(b"") == 0


def test_flac_without_comments_gets_some() -> None:
    head = b"fLaC" + b"\x80\x00\x00\x02ab"
    assert flac.retagged(head + b"sound", lambda vendor: vendor + b"new") == (
        len(head),
        b"fLaC" + b"\x00\x00\x00\x02ab" + b"\x84\x00\x00\x03new",
    )
    with pytest.raises(ValueError, match="no FLAC"):
        flac.retagged(b"RIFF", lambda vendor: vendor)
