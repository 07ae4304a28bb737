"""Files of pictures, small and whole."""

from __future__ import annotations

import struct
import zlib

from gramophone.core.picture import Picture
from gramophone.pictures.attachable import picture_of


def png(width: int = 4, height: int = 3, grey: int = 128, padding_bytes: int = 0) -> bytes:
    """A PNG of one grey; `padding_bytes` of zeros are in a chunk that decoders pass over."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * width) * height
    padding = _chunk(b"paDd", bytes(padding_bytes)) if padding_bytes else b""
    pixels = _chunk(b"IDAT", zlib.compress(rows))
    end = _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + padding + pixels + end


def png_head(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def jpeg(width: int = 4, height: int = 3, *, sof: int = 0xC0, before: bytes = b"") -> bytes:
    """The segments of a JPEG up to its scan; `before` stands before the frame."""
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = struct.pack(">BBHBHHB", 0xFF, sof, 11, 8, height, width, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00"
    return b"\xff\xd8" + app0 + before + frame + scan + b"\xff\xd9"


def gif(width: int = 4, height: int = 3, version: bytes = b"89a") -> bytes:
    """A GIF without a frame."""
    return b"GIF" + version + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"\x3b"


def webp(kind: str = "lossy", width: int = 4, height: int = 3) -> bytes:
    """The header of a WebP: `lossy`, `lossless` or `extended`."""
    match kind:
        case "lossy":
            data = b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(8)
            chunk = b"VP8 " + struct.pack("<I", len(data)) + data
        case "lossless":
            bits = (width - 1) | (height - 1) << 14
            data = b"\x2f" + struct.pack("<I", bits) + bytes(7)
            chunk = b"VP8L" + struct.pack("<I", len(data)) + data
        case _:
            size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def picture(name: str = "cat.png", content: bytes | None = None) -> Picture:
    """A picture that can go with a question."""
    return picture_of(png() if content is None else content, name)
