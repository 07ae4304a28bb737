"""Type and size of a picture, from the header of its file: PNG, JPEG, GIF and WebP.

The content decides, never the name. Nothing is decoded: a header is a few numbers at known offsets,
and the service that is shown the picture decodes it. Reading is bounded by the length of the file,
because each step through the segments of a JPEG or the chunks of a WebP moves forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.core.picture import MediaType

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_WEBP_HEAD_BYTES: Final = 12
_MOST_SEGMENTS: Final = 10_000

# Frames of a JPEG begin with SOF0 to SOF15; among their codes stand three that are tables (DHT,
# JPG, DAC). Markers without a length are TEM, the restarts, and the beginning of the file.
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_EOI, _SOS = 0xD9, 0xDA


class NotAPicture(ValueError):
    """The file is not a picture of a known type, or is damaged; the text is a phrase after its
    name, such as "is empty"."""


@frozen
class FileHeader:
    """Media type of a picture, and its size in pixels."""

    media_type: MediaType
    width: int
    height: int


def read_header(content: bytes) -> FileHeader:
    """Read the header of a file, which must be whole.

    Raises:
        NotAPicture: it is of another type, broken off, or without a size.
    """
    if not content:
        raise NotAPicture("is empty")
    for media_type, begins, size_of in _TYPES:
        if begins(content):
            width, height = size_of(content)
            if not width or not height:
                raise NotAPicture(f"is a damaged {_name(media_type)}: it has no size")
            return FileHeader(media_type, width, height)
    raise NotAPicture("is not a PNG, JPEG, GIF or WebP picture")


def looks_like_picture(beginning: bytes) -> bool:
    """Whether a file that begins so claims to be a picture; 16 bytes are enough."""
    return any(begins(beginning) for _, begins, _ in _TYPES)


def _name(media_type: MediaType) -> str:
    return {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF"}.get(media_type, "WebP")


def _broken(name: str) -> NotAPicture:
    return NotAPicture(f"is a damaged {name}: it breaks off or is not what it says")


def _big(content: bytes, start: int, length: int) -> int:
    return int.from_bytes(content[start : start + length], "big")


def _little(content: bytes, start: int, length: int) -> int:
    return int.from_bytes(content[start : start + length], "little")


def _png_size(content: bytes) -> tuple[int, int]:
    """The first chunk is IHDR (ISO/IEC 15948, 5.6), and IEND stands at the end."""
    if content[12:16] != b"IHDR" or _big(content, 8, 4) != 13 or len(content) < 45:
        raise _broken("PNG")
    # Some programs leave a few bytes behind the end, and decoders do not mind.
    if content.rfind(_PNG_END, -4096) < 0:
        raise _broken("PNG")
    return _big(content, 16, 4), _big(content, 20, 4)


def _gif_size(content: bytes) -> tuple[int, int]:
    """The logical screen stands behind the signature (GIF89a, 18)."""
    if len(content) < 14:
        raise _broken("GIF")
    return _little(content, 6, 2), _little(content, 8, 2)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Go from marker to marker to the frame (ITU-T T.81, B.1), then look for the end."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        # Any number of fill bytes may stand before a marker's code.
        if at >= len(content) or content[at] != 0xFF:
            break
        while at < len(content) and content[at] == 0xFF:
            at += 1
        code = content[at] if at < len(content) else _EOI
        at += 1
        if code in (_EOI, _SOS):
            break
        if code in _WITHOUT_LENGTH:
            continue
        length = _big(content, at, 2)
        if length < 2 or at + length > len(content):
            break
        if code in _SOF:
            if length < 8:
                break
            return _big(content, at + 5, 2), _big(content, at + 3, 2)
        at += length
    raise _broken("JPEG")


def _webp_size(content: bytes) -> tuple[int, int]:
    """Lossy, lossless or extended (RFC 9649, 2.5 to 2.7); the RIFF header has the file's length."""
    if _little(content, 4, 4) + 8 > len(content) or len(content) < 30:
        raise _broken("WebP")
    kind = content[_WEBP_HEAD_BYTES : _WEBP_HEAD_BYTES + 4]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = _little(content, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return _little(content, 24, 3) + 1, _little(content, 27, 3) + 1
    raise _broken("WebP")


_Begins: TypeAlias = Callable[[bytes], bool]
_SizeOf: TypeAlias = Callable[[bytes], tuple[int, int]]

_TYPES: Final[tuple[tuple[MediaType, _Begins, _SizeOf], ...]] = (
    ("image/png", lambda content: content.startswith(_PNG), _png_size),
    ("image/jpeg", lambda content: content.startswith(b"\xff\xd8\xff"), _jpeg_size),
    ("image/gif", lambda content: content[:6] in (b"GIF87a", b"GIF89a"), _gif_size),
    ("image/webp", lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", _webp_size),
)
