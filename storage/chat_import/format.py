"""A conversation of another program's data export, and checks for its untrusted values."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Role
from gramophone.text.sanitize import plain_line

MOST_MESSAGES = 100_000
LONGEST_TEXT = 4 << 20
"""Characters of one message; no model reads so much."""

_EARLIEST_S, _LATEST_S = 946_684_800.0, 4_102_444_800.0  # The years 2000 to 2100.
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class ChatError(ValueError):
    """The conversation cannot be taken in; the text says why, to follow “…: ”."""


@frozen
class ChatMessage:
    """One message; `at_s` is its time in seconds, None where it is not known."""

    role: Role
    text: str
    at_s: float | None = None
    model: str = ""


@frozen
class ChatConversation:
    """One conversation: what of it is current, in order."""

    service: str
    id: str
    title: str
    created_s: float | None
    messages: tuple[ChatMessage, ...]

    @property
    def session_id(self) -> str:
        """The same at every import: the service's own id, where it is a UUID."""
        if _UUID.fullmatch(self.id.lower()):
            return self.id.lower().replace("-", "")
        first = self.messages[0].text if self.messages else ""
        identifier = self.id or f"{self.title}\0{self.created_s}\0{first}"
        identity = f"{self.service}\0{identifier}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(identity, digest_size=16).hexdigest()


def as_object(value: object) -> dict[str, Any]:
    """The value, if it is an object; else one without members."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def as_line(value: object, longest: int = 200) -> str:
    """Text for a name: on one line, harmless, not too long."""
    return plain_line(as_text(value)[: longest * 4])[:longest].rstrip()


def as_time(value: object) -> float | None:
    """Seconds since 1970, from a number or from ISO 8601; None for a value that is not a time."""
    seconds: float
    if isinstance(value, str):
        try:
            seconds = datetime.fromisoformat(value[:64]).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            return None
    else:
        return None
    return seconds if math.isfinite(seconds) and _EARLIEST_S <= seconds <= _LATEST_S else None


def joined(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Without what is empty; pieces of one answer, between which tools were called, as one.

    Raises:
        ChatError: it is too much.
    """
    if len(messages) > MOST_MESSAGES:
        raise ChatError(f"it has more than {MOST_MESSAGES:,} messages")
    pieces: list[list[ChatMessage]] = []
    for message in messages:
        if len(message.text) > LONGEST_TEXT:
            raise ChatError("one of its messages is too long")
        if not message.text.strip():
            continue
        if pieces and message.role == "assistant" == pieces[-1][0].role:
            pieces[-1].append(message)
        else:
            pieces.append([message])
    return tuple(
        ChatMessage(
            some[0].role,
            "\n\n".join(message.text.strip() for message in some),
            some[0].at_s,
            next((message.model for message in reversed(some) if message.model), ""),
        )
        for some in pieces
    )


def path_to(leaf: str, parents: dict[str, str]) -> list[str]:
    """The ids from the root of a tree to `leaf`.

    Raises:
        ChatError: one of them is its own ancestor.
    """
    path, passed, at = list[str](), set[str](), leaf
    while at in parents:
        if at in passed:
            raise ChatError("its messages go round in a circle")
        passed.add(at)
        path.append(at)
        at = parents[at]
    return path[::-1]
