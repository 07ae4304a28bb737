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
class Said:
    """One message; `at_s` is None where nobody wrote down when."""

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
    said: tuple[Said, ...]

    @property
    def session_id(self) -> str:
        """The same at every import: the service's own id, where it is a UUID."""
        if _UUID.fullmatch(self.id.lower()):
            return self.id.lower().replace("-", "")
        first = self.said[0].text if self.said else ""
        known = self.id or f"{self.title}\0{self.created_s}\0{first}"
        told = f"{self.service}\0{known}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(told, digest_size=16).hexdigest()


def as_object(found: object) -> dict[str, Any]:
    """The value, if it is an object; else one without members."""
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def as_list(found: object) -> list[Any]:
    return cast("list[Any]", found) if isinstance(found, list) else []


def as_text(found: object) -> str:
    return found if isinstance(found, str) else ""


def as_line(found: object, longest: int = 200) -> str:
    """Text for a name: on one line, harmless, not too long."""
    return plain_line(as_text(found)[: longest * 4])[:longest].rstrip()


def as_time(found: object) -> float | None:
    """Seconds since 1970, from a number or from ISO 8601; None for what is no time of ours."""
    seconds: float
    if isinstance(found, str):
        try:
            seconds = datetime.fromisoformat(found[:64]).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    elif isinstance(found, int | float) and not isinstance(found, bool):
        try:
            seconds = float(found)
        except OverflowError:
            return None
    else:
        return None
    return seconds if math.isfinite(seconds) and _EARLIEST_S <= seconds <= _LATEST_S else None


def joined(said: Sequence[Said]) -> tuple[Said, ...]:
    """Without what is empty; pieces of one answer, between which tools were called, as one.

    Raises:
        ChatError: it is too much.
    """
    if len(said) > MOST_MESSAGES:
        raise ChatError(f"it has more than {MOST_MESSAGES:,} messages")
    pieces: list[list[Said]] = []
    for each in said:
        if len(each.text) > LONGEST_TEXT:
            raise ChatError("one of its messages is too long")
        if not each.text.strip():
            continue
        if pieces and each.role == "assistant" == pieces[-1][0].role:
            pieces[-1].append(each)
        else:
            pieces.append([each])
    return tuple(
        Said(
            some[0].role,
            "\n\n".join(each.text.strip() for each in some),
            some[0].at_s,
            next((each.model for each in reversed(some) if each.model), ""),
        )
        for some in pieces
    )


def path_to(leaf: str, parents: dict[str, str]) -> list[str]:
    """The ids from the root of a tree to `leaf`.

    Raises:
        ChatError: one of them is its own ancestor.
    """
    path, seen, at = list[str](), set[str](), leaf
    while at in parents:
        if at in seen:
            raise ChatError("its messages go round in a circle")
        seen.add(at)
        path.append(at)
        at = parents[at]
    return path[::-1]
