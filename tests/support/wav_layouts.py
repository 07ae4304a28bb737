"""WAV files in every layout that is read, made of their chunks."""

from __future__ import annotations

import struct

SOUND = bytes(range(1, 21))
UNKNOWN = 0xFFFF_FFFF
FORM = struct.pack("<HHIIHH", 1, 1, 24_000, 48_000, 2, 16)
GUID = bytes.fromhex("0100000000001000800000aa00389b71")
EXTENSIBLE = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 24_000, 48_000, 2, 16, 22, 16, 4) + GUID


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    size = len(content) if size is None else size
    return name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes, size: int | None = None, name: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(body) if size is None else size) + body


LIST = chunk(b"LIST", b"INFOINAM\x05\0\0\0a b c\0")
ODD = chunk(b"junk", b"odd")
DS64 = chunk(b"ds64", struct.pack("<QQQI", 0, len(SOUND), 10, 0))
ACCEPTED = {
    "plain": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND)),
    "extensible": riff(chunk(b"fmt ", EXTENSIBLE), chunk(b"data", SOUND)),
    "LIST first": riff(LIST, chunk(b"fmt ", FORM), chunk(b"data", SOUND)),
    "odd chunks": riff(ODD, chunk(b"fmt ", FORM), ODD, chunk(b"data", SOUND), ODD, LIST),
    "sizes of 0": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND, 0), size=0),
    "sizes of a header": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND, 0), size=36),
    "unknown sizes": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND, UNKNOWN), size=UNKNOWN),
    "unknown RIFF, 0": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND, 0), size=UNKNOWN),
    "cut off": riff(chunk(b"fmt ", FORM), chunk(b"data", SOUND, 5_000), size=5_036),
    "a larger form": riff(chunk(b"fmt ", FORM + b"\0\0"), chunk(b"data", SOUND)),
    "RF64": riff(
        DS64, chunk(b"fmt ", FORM), chunk(b"data", SOUND, UNKNOWN), LIST, size=UNKNOWN, name=b"RF64"
    ),
}
