"""Events to rows of the table `event`, and back.

The fields that many events share have columns of their own; the rest stands in `detail` as a
JSON object, without the fields that have their default. PCM and pictures are never in a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, replace
from typing import Any, TypeAlias, cast

from gramophone.core.codec import EVENT_TYPES, decode
from gramophone.core.errors import TimelineError
from gramophone.core.frozen import frozen
from gramophone.core.surrogates import whole
from gramophone.core.timeline import Event
from gramophone.wire.lenient_json import LARGEST_COUNT

Row: TypeAlias = tuple[
    int, int, int, str, int | None, int | None, str | None, int | None, int | None, str | None
]
"""session, seq, at_us, kind, turn, connection, text, offset_bytes, size_bytes, detail"""

INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = "at_us, kind, turn, connection, text, offset_bytes, size_bytes, detail"

# Columns are what SQL asks for: sound is found by turn and offset, deltas are joined by `text`. In
# a JSON object they would have to be parsed in every row that is looked at.

# The field that goes into the column `text`, where it is not called so.
_TEXT_FIELDS = {"ModelChunkReceived": "raw", "TurnInterrupted": "heard_text", "Failed": "detail"}
_COLUMN_FIELDS = frozenset({"at_us", "turn", "connection", "offset_bytes", "size_bytes"})
_LARGEST = (1 << 63) - 1
_NOT_STORED = frozenset({"pcm", "content"})
_NOT_TEXT = frozenset({"sha256", "media_type"})


@frozen
class _Layout:
    """Columns for the fields of one kind of event."""

    kind: str
    turn: bool
    connection: bool
    span: bool
    text: str
    rest: tuple[tuple[str, Any], ...]
    strings: tuple[str, ...]


def _layout(kind: type[Event]) -> _Layout:
    names = [field.name for field in fields(kind)]
    text = _TEXT_FIELDS.get(kind.__name__, "text")
    text = text if text in names else ""
    rest = tuple(
        (field.name, field.default)
        for field in fields(kind)
        if field.name not in _COLUMN_FIELDS | _NOT_STORED | {text}
    )
    return _Layout(
        kind=kind.__name__,
        turn="turn" in names,
        connection="connection" in names,
        span="offset_bytes" in names,
        text=text,
        rest=rest,
        strings=tuple(
            field.name
            for field in fields(kind)
            if "str" in str(field.type) and field.name not in _NOT_TEXT
        ),
    )


_LAYOUTS: dict[type[Event], _Layout] = {kind: _layout(kind) for kind in EVENT_TYPES.values()}


def row_of(event: Any, session: int, seq: int) -> Row:
    """The row of an event, the `seq`-th of the session with that number."""
    layout = _LAYOUTS[type(event)]
    return (
        session,
        seq,
        event.at_us,
        layout.kind,
        event.turn if layout.turn else None,
        event.connection if layout.connection else None,
        getattr(event, layout.text) if layout.text else None,
        event.offset_bytes if layout.span else None,
        event.size_bytes if layout.span else None,
        _detail(event, layout) if layout.rest else None,
    )


def _within(name: str, value: int) -> int:
    """A number as far as it can be read back; a service may count beyond 64 bits, or below 0."""
    if name.endswith("_tokens"):
        return min(max(value, 0), LARGEST_COUNT)
    return min(max(value, -_LARGEST - 1), _LARGEST)


def storable(row: Row) -> Row:
    """The row with text that SQLite takes: lone surrogates are moved to `detail` as escapes.

    A model may stream half of an emoji; it must come back as it was, and UTF-8 has no room for it.
    """
    session, seq, at_us, kind, turn, connection, text, offset_bytes, size_bytes, detail = row
    if text is None or encodable(text):
        return row
    moved: dict[str, Any] = json.loads(detail) if detail else {}
    moved[_text_field(kind)] = text
    return (
        *(session, seq, at_us, kind, turn, connection, None, offset_bytes, size_bytes),
        json.dumps(moved),
    )


def event_of(columns: tuple[Any, ...], pcm: bytes = b"") -> Event:
    """The event of the values of `COLUMNS`.

    Raises:
        TimelineError: the row is damaged: its kind is unknown, a field is missing or cannot be.
    """
    at_us, kind, turn, connection, text, offset_bytes, size_bytes, detail = columns
    encoded: dict[str, Any] = {"event": kind, "at_us": at_us}
    if turn is not None:
        encoded["turn"] = turn
    if connection is not None:
        encoded["connection"] = connection
    if text is not None:
        encoded[_text_field(kind)] = text
    if offset_bytes is not None:
        encoded |= {"offset_bytes": offset_bytes, "size_bytes": size_bytes, "pcm": pcm}
    if detail is not None:
        encoded |= _details(detail)
    return decode(encoded)


def _details(detail: str) -> dict[str, Any]:
    try:
        details: object = json.loads(detail)
    except (ValueError, TypeError, RecursionError) as error:
        raise TimelineError("The recording holds a row whose details cannot be read.") from error
    if not isinstance(details, dict):
        raise TimelineError("The recording holds a row whose details are not an object.")
    return cast("dict[str, Any]", details)


def strings_of(events: Iterable[Event]) -> list[str]:
    """Texts in the events, in order."""
    layouts = _LAYOUTS
    return [getattr(event, name) for event in events for name in layouts[type(event)].strings]


def with_strings(event: Event, change: Callable[[str], str]) -> Event:
    """The event with `change` applied to each of its strings."""
    names = _LAYOUTS[type(event)].strings
    changed = {name: change(getattr(event, name)) for name in names}
    return replace(event, **changed) if changed else event


def encodable(text: str) -> bool:
    """Whether `text` can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(text: str) -> str:
    """The text as UTF-8 can hold it, for columns that are only read by people."""
    return whole(text)


def _text_field(kind: str) -> str:
    return _TEXT_FIELDS.get(kind, "text")


def _detail(event: Event, layout: _Layout) -> str | None:
    fields: dict[str, Any] = {}
    for name, default in layout.rest:
        value = getattr(event, name)
        if default is MISSING or value != default:
            fields[name] = _within(name, value) if type(value) is int else value
    return json.dumps(fields, separators=(",", ":")) if fields else None
