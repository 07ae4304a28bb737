"""Pictures of a request: as each protocol has them, how much of the context they take, and which
are left out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from gramophone.core.picture import Picture, labelled
from gramophone.pictures.attachable import MOST_TOGETHER_BYTES
from gramophone.ports.language_model import Message

_PIXELS_PER_TOKEN: Final = 750
"""Anthropic's estimate: width × height / 750 ("Vision", docs.anthropic.com)."""
_LEAST_TOKENS: Final = 85
"""What OpenAI counts for the smallest picture ("Images and vision", platform.openai.com)."""
_MOST_TOKENS: Final = 1600
"""Larger ones are made smaller by the services first."""


def data_uri(picture: Picture) -> str:
    """The picture as a `data:` URI, as OpenAI's protocols and LangChain have it."""
    return f"data:{picture.media_type};base64,{_base64(picture)}"


def chat_parts(message: Message) -> list[dict[str, Any]]:
    """Parts of a message of Chat Completions: its text, then its pictures."""
    pictures = [
        {"type": "image_url", "image_url": {"url": data_uri(picture)}}
        for picture in message.pictures
    ]
    return [{"type": "text", "text": message.text}, *pictures]


def responses_parts(message: Message) -> list[dict[str, Any]]:
    """Pictures as parts of a message of Responses."""
    return [
        {"type": "input_image", "detail": "auto", "image_url": data_uri(picture)}
        for picture in message.pictures
    ]


def messages_blocks(message: Message) -> list[dict[str, Any]]:
    """Pictures as blocks of Messages; Anthropic wants them before the text."""
    return [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": picture.media_type,
                "data": _base64(picture),
            },
        }
        for picture in message.pictures
    ]


def _base64(picture: Picture) -> str:
    return b64encode(picture.content).decode("ascii")


def picture_tokens(message: Message) -> int:
    """About how many tokens the pictures of a message take; models differ."""
    return sum(
        min(max(picture.width * picture.height // _PIXELS_PER_TOKEN, _LEAST_TOKENS), _MOST_TOKENS)
        for picture in message.pictures
    )


def without_pictures(message: Message) -> Message:
    """The message with lines of text in the place of its pictures."""
    if not message.pictures:
        return message
    labels = [picture.label for picture in message.pictures]
    return replace(message, text=labelled(message.text, labels), pictures=())


def newest_pictures(
    messages: Sequence[Message], most_bytes: int = MOST_TOGETHER_BYTES
) -> tuple[Sequence[Message], int]:
    """The messages with the newest pictures of at most `most_bytes`, those of the last message
    always; and how many pictures stand only as lines."""
    if not any(message.pictures for message in messages[:-1]):
        return messages, 0
    kept: list[Message] = []
    left_out = 0
    for message in reversed(messages):
        most_bytes -= sum(picture.file_bytes for picture in message.pictures)
        if kept and most_bytes < 0 and message.pictures:
            left_out += len(message.pictures)
            message = without_pictures(message)
        kept.append(message)
    kept.reverse()
    return kept, left_out
