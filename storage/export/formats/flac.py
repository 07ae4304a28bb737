"""The head of a FLAC file, with tags and chapters. Written after RFC 9639, section 8."""

from __future__ import annotations

from collections.abc import Callable

from storage.export.formats.vorbis_comments import vendor_of

_MARKER = b"fLaC"
_PADDING, _COMMENTS = 1, 4
_LAST = 0x80


def retagged(head: bytes, commented: Callable[[bytes], bytes]) -> tuple[int, bytes]:
    """Size in bytes of a file's head, and the head to put in its place. `commented` makes the
    comment block from the name of the program that encoded the file.

    Raises:
        ValueError: it is not the head of a FLAC file.
    """
    if head[:4] != _MARKER:
        raise ValueError("no FLAC")
    # Blocks of metadata follow the marker: one bit that marks the last, seven of kind, a size in 24
    # bits. STREAMINFO must come first and stays so; padding goes, comments are put at the end.
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
