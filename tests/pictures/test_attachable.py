"""Pictures that can go with a question, and those that cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gramophone.core.errors import PictureError
from gramophone.pictures.attachable import (
    MOST_PICTURE_BYTES,
    MOST_PICTURES,
    MOST_TOGETHER_BYTES,
    check_together,
    picture_of,
)
from gramophone.pictures.picture_file import read_picture
from tests.support.picture_files import picture, png, png_head


def test_the_content_decides_and_not_the_name() -> None:
    named = picture_of(png(8, 6), "cat.jpeg")
    assert (named.media_type, named.size, named.label) == (
        "image/png",
        "8×6",
        "[picture: cat.jpeg, 8×6]",
    )


def test_a_name_is_made_harmless() -> None:
    assert picture_of(png(), "c\x1b[31ma\nt.png").name == "ca t.png"
    assert picture_of(png(), "\x1b[2J").name == "picture"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "x.png is empty, so it cannot be attached."),
        (b"hello", "x.png is not a PNG, JPEG, GIF or WebP picture, so it cannot be attached."),
        (
            png_head(70_000, 2),
            "x.png has 70000×2 pixels, and no service takes more than 16,384 a side; attach a "
            "smaller copy.",
        ),
        (
            png(padding_bytes=MOST_PICTURE_BYTES),
            "x.png is larger than 20 MB, and no service takes such a picture; attach a smaller "
            "copy.",
        ),
    ],
    ids=["empty", "text", "pixels", "bytes"],
)
def test_what_cannot_be_attached_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(PictureError) as error:
        picture_of(content, "x.png")
    assert str(error.value) == sentence


def test_a_question_has_a_limit_of_pictures() -> None:
    check_together([picture()] * MOST_PICTURES)
    with pytest.raises(PictureError, match="At most 16 pictures"):
        check_together([picture()] * (MOST_PICTURES + 1))
    large = picture_of(png(padding_bytes=MOST_TOGETHER_BYTES // 2), "large.png")
    with pytest.raises(PictureError, match="together larger than 24 MB"):
        check_together([large, large])


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(png())
    (tmp_path / "link").symlink_to("cat.png")
    assert read_picture(tmp_path / "link", "link").content == png()


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    for name, reason in (
        ("pipe.png", "is a FIFO, not a file; name the file of a picture."),
        ("folder.png", "is a directory, not a file; name the file of a picture."),
        ("gone.png", "There is no file gone.png; name the file of a picture."),
        ("loop.png", "cannot be read"),
    ):
        with pytest.raises(PictureError, match=reason):
            read_picture(tmp_path / name, name)


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PictureError, match="larger than 20 MB"):
        read_picture(tmp_path / "huge.png", "huge.png")
