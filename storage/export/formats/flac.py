"""The head of a FLAC file, with tags and chapters. Pure. Written after RFC 9639, section 8."""

from __future__ import annotations

from collections.abc import Callable

from storage.export.formats.vorbis_comments import vendor_of

_MARKER = b"fLaC"
_PADDING, _COMMENTS = 1, 4
_LAST = 0x80


def retagged(head: bytes, commented: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """How long the head is that a file begins with, and the one to put in its place. `commented`
    makes the comments from the name of who wrote the file.

    Raises:
        ValueError: it is not the head of a FLAC file.
    """
    if head[:4] != _MARKER:
        raise ValueError("no FLAC")
    at, vendor = 4, b""
    blocks: list[tuple[int, bytes]] = []
    last = False
    while not last:
        if at + 4 > len(head):
            raise ValueError("a FLAC without sound")
        last, kind = bool(head[at] & _LAST), head[at] & 0x7F
        size = int.from_bytes(head[at + 1 : at + 4], "big")
        block = head[at + 4 : at + 4 + size]
        if kind == _COMMENTS:
            vendor = vendor_of(block)
        elif kind != _PADDING:
            blocks.append((kind, block))
        at += 4 + size
    blocks.append((_COMMENTS, commented(vendor)))
    packed = (
        bytes([kind | _LAST * (number == len(blocks))]) + len(block).to_bytes(3, "big") + block
        for number, (kind, block) in enumerate(blocks, 1)
    )
    return at, _MARKER + b"".join(packed)
