"""The body of an answer that no model gives, with its media type."""

from __future__ import annotations

from typing import NamedTuple


class MediaBody(NamedTuple):
    """A body; `tokens` are those that it uses up, None if the request counts against no limit."""

    media_type: str
    content: bytes
    tokens: int | None = None


def json_body(content: bytes) -> MediaBody:
    """A body of JSON."""
    return MediaBody("application/json", content)
