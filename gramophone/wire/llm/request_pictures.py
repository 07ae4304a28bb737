"""Pictures in requests to a language model, in the form of any of the protocols.

Only those that stand in the request itself are read; one at an address is not fetched.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.pictures.file_header import NotAPicture, read_header
from gramophone.wire.lenient_json import as_list, as_object, as_text

_DATA_URI: Final = re.compile(r"data:(image/[a-z0-9.+-]{1,40});base64,")
_KINDS: Final = ("image_url", "input_image", "image")


@frozen
class SentPicture:
    """A picture as it was sent: the media type that the request names, and the file."""

    media_type: str
    content: bytes

    @property
    def line(self) -> str:
        """Type by its content, size and SHA-256: `image/png, 640×480, sha256 0b96…`."""
        digest = hashlib.sha256(self.content).hexdigest()
        try:
            header = read_header(self.content)
        except NotAPicture as error:
            return f"{self.media_type}, which {error}, sha256 {digest}"
        return f"{header.media_type}, {header.width}×{header.height}, sha256 {digest}"


@frozen
class RequestPictures:
    """Pictures of a request.

    Attributes:
        of_question: those of the user's last message.
        kind: the type of the first part that has one, in the whole request; empty without any.
    """

    of_question: tuple[SentPicture, ...] = ()
    kind: str = ""


def request_pictures(messages: list[Any]) -> RequestPictures:
    """Read the pictures of a request."""
    kind = next((kind for message in messages for kind in _kinds(as_object(message))), "")
    if not kind:
        return RequestPictures()
    users = [m for m in map(as_object, messages) if m.get("role") == "user"]
    parts = map(as_object, as_list(users[-1].get("content") if users else None))
    return RequestPictures(tuple(picture for part in parts for picture in _of_part(part)), kind)


def _kinds(message: dict[str, Any]) -> Iterator[str]:
    for part in map(as_object, as_list(message.get("content"))):
        if (kind := part.get("type")) in _KINDS:
            yield as_text(kind)


def picture_in_uri(uri: str) -> SentPicture | None:
    """The picture of a `data:` URI; None where it is none, or is not Base64."""
    match = _DATA_URI.match(uri)
    content = decoded(uri[match.end() :]) if match is not None else None
    return SentPicture(match[1], content) if match is not None and content is not None else None


def decoded(text: str) -> bytes | None:
    """The bytes of a Base64; None where it is none."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def _of_part(part: dict[str, Any]) -> Iterator[SentPicture]:
    url = part.get("image_url")
    source = as_object(part.get("source"))
    match part.get("type"):
        case "image_url" | "input_image":
            # An object in Chat Completions, a text in Responses.
            picture = picture_in_uri(as_text(url) or as_text(as_object(url).get("url")))
        case "image" if source.get("type") == "base64":
            content = decoded(as_text(source.get("data")))
            media_type = as_text(source.get("media_type"))
            picture = SentPicture(media_type, content) if content is not None else None
        case _:
            picture = None
    if picture is not None:
        yield picture
