"""Reading JSON that somebody else wrote: whatever is in it, nothing fails."""

from __future__ import annotations

import json
from typing import Any, cast

# Clients that split at every line end of Unicode would tear an event apart here.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def read_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in `text`, or an empty one when there is none."""
    try:
        return as_object(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def is_object(value: object) -> bool:
    """Whether `value` is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> bool:
    """Whether `value` is a list."""
    return isinstance(value, list)


def as_object(value: object) -> dict[str, Any]:
    """`value` if it is an object, or an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a list, or an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: object) -> str:
    """`value` if it is text, or none."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int:
    """`value` if it is a whole number from 0, or 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def compact(value: object) -> str:
    """`value` as JSON on one line, in whatever way a client finds its lines."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS)


def encoded(text: str) -> bytes:
    """JSON text as bytes. Half a surrogate pair, which UTF-8 cannot say, is escaped."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        escaped = (f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)
        return "".join(escaped).encode()
