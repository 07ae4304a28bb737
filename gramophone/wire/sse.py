"""Server-sent events as OpenAI and Anthropic write them."""

from __future__ import annotations

from typing import TypeAlias

from gramophone.wire.lenient_json import compact, encoded

Timed: TypeAlias = tuple[int, bytes]
"""The bytes of one event, and when it goes out: microseconds after the request."""

DONE = b"data: [DONE]\n\n"
"""How a stream of Chat Completions ends."""


def event_bytes(data: object, name: str = "") -> bytes:
    """One event with a JSON value."""
    return raw_event(compact(data), name)


def raw_event(data: str, name: str = "") -> bytes:
    """One event with a text as it is; its lines become the event's."""
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = f"event: {name}\n" if name else ""
    return encoded(head + "".join(f"data: {line}\n" for line in lines) + "\n")
