"""Type and size of a picture by the header of its file."""

from __future__ import annotations

import os
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.pictures.file_header import (
    FileHeader,
    NotAPicture,
    looks_like_picture,
    read_header,
)
from tests.support.picture_files import gif, jpeg, png, png_head, webp

WHOLE = {
    "png": (png(640, 48), FileHeader("image/png", 640, 48)),
    "jpeg": (jpeg(640, 48), FileHeader("image/jpeg", 640, 48)),
    "jpeg-progressive": (jpeg(640, 48, sof=0xC2), FileHeader("image/jpeg", 640, 48)),
    "gif87a": (gif(640, 48, b"87a"), FileHeader("image/gif", 640, 48)),
    "gif89a": (gif(640, 48), FileHeader("image/gif", 640, 48)),
    "webp-lossy": (webp("lossy", 640, 48), FileHeader("image/webp", 640, 48)),
    "webp-lossless": (webp("lossless", 640, 48), FileHeader("image/webp", 640, 48)),
    "webp-extended": (webp("extended", 640, 48), FileHeader("image/webp", 640, 48)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_each_type_has_its_size(name: str) -> None:
    content, header = WHOLE[name]
    assert read_header(content) == header
    assert looks_like_picture(content[:16])


@pytest.mark.parametrize("name", WHOLE)
def test_what_breaks_off_in_its_header_is_damaged(name: str) -> None:
    content, _ = WHOLE[name]
    for length in range(16, min(24, len(content))):
        with pytest.raises(NotAPicture, match="damaged"):
            read_header(content[:length])


def test_segments_before_the_frame_of_a_jpeg_are_passed_over() -> None:
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 60_000) + os.urandom(60_000)
    table = b"\xff\xc4" + struct.pack(">H", 4) + b"\0\0"
    fill = b"\xff" * 40
    assert read_header(jpeg(7, 9, before=exif + fill + table)).width == 7


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"", "is empty"),
        (b"<!doctype html><title>404", "is not a PNG, JPEG, GIF or WebP picture"),
        (b"BM" + bytes(60), "is not a PNG, JPEG, GIF or WebP picture"),
        (b"%PDF-1.7", "is not a PNG, JPEG, GIF or WebP picture"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "is not a PNG, JPEG, GIF or WebP picture"),
        (png()[:-12], "is a damaged PNG"),
        (png_head(0, 5), "is a damaged PNG: it has no size"),
        (b"\xff\xd8\xff\xd9", "is a damaged JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x00", "is a damaged JPEG"),
        (b"\xff\xd8" + b"\xff\xe0\x00\x02" * 20_000, "is a damaged JPEG"),
        (gif(0, 0), "is a damaged GIF: it has no size"),
        (webp()[:-1], "is a damaged WebP"),
        (b"RIFF\x20\0\0\0WEBPXXXX" + bytes(30), "is a damaged WebP"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:24],
)
def test_what_is_no_picture(content: bytes, phrase: str) -> None:
    with pytest.raises(NotAPicture, match=phrase):
        read_header(content)


@given(
    st.sampled_from([content[:12] for content, _ in WHOLE.values()]),
    st.binary(max_size=300),
)
def test_any_bytes_are_a_picture_or_none(beginning: bytes, rest: bytes) -> None:
    with suppress(NotAPicture):
        header = read_header(beginning + rest)
        assert header.width > 0
        assert header.height > 0
