"""JSON of untrusted peers, read without errors and within bounds of size and depth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

# Clients that split at every line end of Unicode would tear an event apart here.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


MOST_VALUES = 200_000
"""About 40 MB of Python objects; their text may be thirty times smaller."""

MOST_DEPTH = 100
"""Ten times the depth of what any service nests."""

LARGEST_COUNT = 10**12
"""The largest count that is believed, so that millions of them add up within 64 bits."""

# A string that is never closed is taken to the end: to try again behind each quote would take
# quadratic time. The possessive quantifiers (Python 3.11) keep the engine from backtracking.
_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]', re.DOTALL)
_MARK_BYTES = re.compile(_MARK.pattern.encode(), re.DOTALL)
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_QUOTED = re.compile(rb'"[^"]*"?')
_NO_MARKS = bytes(byte for byte in range(256) if byte not in b'"[]{}')


def read_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in `text`, or an empty one when there is none, or one out of all bounds."""
    try:
        return as_object(json.loads(text)) if is_bounded(text) else {}
    except (ValueError, RecursionError):
        return {}


def is_bounded(text: str | bytes, most_values: int = MOST_VALUES) -> bool:
    """Whether JSON has at most `most_values` values, within each other at most `MOST_DEPTH` deep,
    so that reading it takes little room and no function that walks through it goes too deep."""
    if isinstance(text, str):
        if _is_small(len(text), text.count, most_values):
            return True
        if len(text) <= most_values:
            return _is_shallow(text.encode(errors="surrogatepass"))
        return _fits((text[match.start()] for match in _MARK.finditer(text)), most_values)
    if _is_small(len(text), lambda mark: text.count(mark.encode()), most_values):
        return True
    if len(text) <= most_values:
        return _is_shallow(text)
    marks = (chr(text[match.start()]) for match in _MARK_BYTES.finditer(text))
    return _fits(marks, most_values)


def _is_small(length: int, count: Callable[[str], int], most_values: int) -> bool:
    """Whether it is bounded even if all marks within its strings counted."""
    if count("[") + count("{") > MOST_DEPTH:
        return False
    return length <= most_values or _values(count) <= most_values


def _is_shallow(text: bytes) -> bool:
    """Whether JSON that is too short for many values is at most `MOST_DEPTH` deep."""
    if b"\\" in text:
        text = _ESCAPED.sub(b"", text)
    depth = 0
    for bracket in _QUOTED.sub(b"", text.translate(None, _NO_MARKS)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MOST_DEPTH:
            return False
    return True


def _fits(marks: Iterable[str], most_values: int) -> bool:
    """Whether JSON with these marks is within bounds; a string is one mark, its quote.

    The marks come one by one: to cut the strings out would make an object of each gap.
    """
    depth = values = 0
    for mark in marks:
        if mark in "[{,:":
            values += 1
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if values > most_values or depth > MOST_DEPTH:
            return False
    return True


def _values(count: Callable[[str], int]) -> int:
    """An upper bound of the number of values, by the marks that stand before them."""
    return sum(map(count, "[{,:"))


def most_text_bytes(data: bytes) -> int:
    """An upper bound of the bytes that this UTF-8 takes up as a `str`.

    CPython stores all characters of a string as wide as the widest (PEP 393): one character of
    four bytes in UTF-8 makes all of them four bytes wide.
    """
    if data.isascii():
        return len(data)
    return len(data) * (4 if max(data) >= 0xF0 else 2)


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
    """`value` if it is a whole number from 0 to `LARGEST_COUNT`, or the nearer of them, or 0."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return min(max(value, 0), LARGEST_COUNT)


def compact(value: object) -> str:
    """`value` as JSON on one line, by any client's notion of a line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS)


def encoded(text: str) -> bytes:
    """JSON text as bytes. Half a surrogate pair, which UTF-8 cannot say, is escaped."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        escaped = (f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)
        return "".join(escaped).encode()
