"""Pictures that the services refuse, and their sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from gramophone.core.picture import MediaType
from gramophone.pictures.file_header import NotAPicture, read_header
from gramophone.wire.lenient_json import as_object, as_text
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.request_pictures import decoded, picture_in_uri

MOST_ANTHROPIC_BYTES: Final = 5 * 2**20
MOST_ANTHROPIC_PIXELS: Final = 8000
_TYPES: Final[tuple[str, ...]] = get_args(MediaType)


def openai_picture_refusals(part: dict[str, Any], param: str) -> Iterator[ModelRefusal]:
    """Refusals of a part of Chat Completions or Responses that should have a picture."""
    kind = as_text(part.get("type"))
    url = part.get("image_url")
    if kind == "image_url":
        url, param = as_object(url).get("url"), f"{param}.image_url.url"
    elif part.get("file_id"):
        return
    if not isinstance(url, str):
        message = f"Missing required parameter: '{param}'."
        yield _refusal(message, "missing_required_parameter", param)
        return
    if not url.startswith("data:"):
        return
    picture = picture_in_uri(url)
    if picture is None:
        message = (
            f"Invalid '{param}'. Expected a base64-encoded data URL with an image MIME type "
            "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the "
            "'data:image/' prefix or with invalid base64."
        )
        yield _refusal(message, "invalid_value", param)
    elif _type_of(picture.content) == "":
        message = (
            "You uploaded an unsupported image. Please make sure your image has of one the "
            "following formats: ['png', 'jpeg', 'gif', 'webp']."
        )
        yield _refusal(message, "invalid_image_format", None)


def anthropic_picture_refusals(block: dict[str, Any], path: str) -> Iterator[ModelRefusal]:
    """Refusals of a block of Messages that should have a picture."""
    source = as_object(block.get("source"))
    if not source:
        yield _refusal(f"{path}.image.source: Field required")
    if source.get("type") != "base64":
        return
    path = f"{path}.image.source.base64"
    media_type, data = source.get("media_type"), source.get("data")
    if media_type not in _TYPES:
        *first, last = (f"'{name}'" for name in _TYPES)
        yield _refusal(f"{path}.media_type: Input should be {', '.join(first)} or {last}")
    content = decoded(as_text(data))
    if content is None:
        yield _refusal(f"{path}: invalid base64 data")
        return
    if len(as_text(data)) > MOST_ANTHROPIC_BYTES:
        yield _refusal(
            f"{path}: image exceeds 5 MB maximum: {len(as_text(data))} bytes > "
            f"{MOST_ANTHROPIC_BYTES} bytes"
        )
    actual = _type_of(content)
    if not actual:
        yield _refusal("Could not process image")
    elif actual != media_type:
        yield _refusal(
            f"{path}: The image was specified using the {media_type} media type, but the image "
            f"appears to be a {actual} image"
        )
    elif _longest_side(content) > MOST_ANTHROPIC_PIXELS:
        yield _refusal(
            f"{path}.data: At least one of the image dimensions exceed max allowed size: "
            f"{MOST_ANTHROPIC_PIXELS} pixels"
        )


def without_eyes(model: str, kind: str) -> ModelRefusal:
    """The refusal of a model that takes no pictures, of the service that has parts of this kind."""
    match kind:
        case "image_url":
            message = "Invalid content type. image_url is only supported by certain models."
            return _refusal(message, None, "messages.[0].content.[1].type")
        case "input_image":
            return _refusal(f"The model '{model}' does not support image inputs.", None, "input")
        case _:
            return _refusal(f"'{model}' does not support image input.")


def _refusal(message: str, code: str | None = None, param: str | None = None) -> ModelRefusal:
    return ModelRefusal(400, message, "invalid_request_error", code, param)


def _type_of(content: bytes) -> str:
    try:
        return read_header(content).media_type
    except NotAPicture:
        return ""


def _longest_side(content: bytes) -> int:
    header = read_header(content)
    return max(header.width, header.height)
