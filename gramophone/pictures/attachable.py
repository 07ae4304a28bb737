"""Pictures that can go with a question: within the limits of the services, whole, of a known type.

OpenAI takes PNG, JPEG, WebP and GIF of up to 20 MB, and 50 MB in a request ("Images and vision",
platform.openai.com/docs/guides/images-vision). Anthropic takes the same types, up to 5 MB and 8,000
pixels a side ("Vision", docs.anthropic.com/en/docs/build-with-claude/vision). What one service
takes is let through here; another's refusal says so itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from gramophone.core.errors import PictureError
from gramophone.core.picture import Picture
from gramophone.pictures.file_header import NotAPicture, read_header
from gramophone.text.sanitize import plain_line

MOST_PICTURE_BYTES: Final = 20_000_000
MOST_SIDE_PIXELS: Final = 16_384
"""No service takes a longer side; the file of such a picture may be small, its pixels are not."""

MOST_PICTURES: Final = 16
"""The most pictures of one question."""

MOST_TOGETHER_BYTES: Final = 24_000_000
"""All pictures of one request: in Base64 they are 32 MB, the most that Anthropic takes."""

_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_MOST_NAME_CHARS: Final = 200


def picture_of(content: bytes, name: str) -> Picture:
    """Make a picture of the content of a file.

    Args:
        content: the whole file.
        name: what the user calls it.

    Raises:
        PictureError: it is not a picture, is damaged, or is larger than any service takes; the
            sentence begins with the name.
    """
    name = plain_line(name)[:_MOST_NAME_CHARS] or "picture"
    if len(content) > MOST_PICTURE_BYTES:
        raise too_large(name)
    try:
        header = read_header(content)
    except NotAPicture as error:
        raise PictureError(f"{name} {error}, so it cannot be attached.") from error
    if max(header.width, header.height) > MOST_SIDE_PIXELS:
        raise PictureError(
            f"{name} has {header.width}×{header.height} pixels, and no service takes more than "
            f"{MOST_SIDE_PIXELS:,} a side; attach a smaller copy."
        )
    return Picture(
        name,
        header.media_type,
        header.width,
        header.height,
        len(content),
        hashlib.sha256(content).hexdigest(),
        content,
    )


def is_picture_name(path: str) -> bool:
    """Whether a path ends like that of a picture."""
    return path.lower().endswith(_SUFFIXES)


def check_together(pictures: Sequence[Picture]) -> None:
    """Check that pictures can go with one question.

    Raises:
        PictureError: they are too many, or too large together.
    """
    if len(pictures) > MOST_PICTURES:
        raise PictureError(f"At most {MOST_PICTURES} pictures can go with one question.")
    if sum(picture.file_bytes for picture in pictures) > MOST_TOGETHER_BYTES:
        raise PictureError(
            f"The pictures are together larger than {MOST_TOGETHER_BYTES // 1_000_000} MB; attach "
            "fewer, or smaller copies."
        )


def too_large(name: str) -> PictureError:
    """The error of a picture whose file is too large to be read."""
    return PictureError(
        f"{name} is larger than {MOST_PICTURE_BYTES // 1_000_000} MB, and no service takes such a "
        "picture; attach a smaller copy."
    )
