"""Events to plain mappings and back, by the dataclasses' own fields.

The mapping is what `--json` prints and what a recording's rows are built from: the event's name
under `event`, then its fields. PCM and the content
of pictures never travel in it; their sizes and offsets do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from gramophone.core import timeline
from gramophone.core.errors import TimelineError
from gramophone.core.surrogates import escaped
from gramophone.core.timeline import Entry, Event

EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in vars(timeline).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
"""Every kind of event that can be recorded, by its name."""

_NOT_ENCODED = frozenset({"pcm", "content"})

_Fits: TypeAlias = Callable[[Any], bool]
# Recordings may be damaged or made by others, so every value is checked where it is decoded, and
# what follows (offsets into files, sums of times) need not be. An integer has 64 bits in SQLite;
# `type(value) is int`, because True is an int to isinstance.
_LARGEST = (1 << 63) - 1
_NOT_NEGATIVE = ("_us", "_bytes", "_samples")


def encode(entry: Entry) -> dict[str, Any]:
    """Encode an entry as a mapping for JSON: `event`, `at_us`, then its other fields."""
    encoded: dict[str, Any] = {"event": type(entry).__name__}
    for field in fields(entry):
        if field.name not in _NOT_ENCODED:
            encoded[field.name] = getattr(entry, field.name)
    return encoded


def encode_line(entry: Entry) -> str:
    """Encode an entry as one line of JSON, without the newline; UTF-8 can hold it."""
    return escaped(json.dumps(encode(entry), ensure_ascii=False, separators=(",", ":")))


def decode(encoded: Mapping[str, Any]) -> Event:
    """Decode an event from such a mapping; unknown fields are ignored.

    Raises:
        TimelineError: the kind is unknown, a field is missing, or its value cannot be.
    """
    name = encoded.get("event")
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise TimelineError(f"The recording holds an event of an unknown kind, {name!r}.")
    values: dict[str, Any] = {}
    for field, required, fits in _shape(kind):
        if field in encoded:
            value = encoded[field]
            if not fits(value):
                raise TimelineError(f"The recording holds a {name} with an unusable {field}.")
            values[field] = value
        elif required:
            raise TimelineError(f"The recording holds a {name} without its {field}.")
    return kind(**values)


@cache
def _shape(kind: type[Event]) -> tuple[tuple[str, bool, _Fits], ...]:
    """Give for each field of an event its name, whether it must be there, and the check of it."""
    types = get_type_hints(kind)
    return tuple(
        (
            field.name,
            field.default is MISSING and field.default_factory is MISSING,
            _fitting(field.name, types[field.name]),
        )
        for field in fields(kind)
    )


def _fitting(name: str, kind: Any) -> _Fits:
    allowed = get_args(kind)
    if get_origin(kind) is Literal:
        return lambda value: type(value) is str and value in allowed
    if allowed:
        alternatives = [_fitting(name, option) for option in allowed]
        return lambda value: any(fits(value) for fits in alternatives)
    if kind is int:
        counted = name in ("turn", "to_turn", "repeats", "connection")
        least = 0 if counted or name.endswith(_NOT_NEGATIVE) else -_LARGEST - 1
        return lambda value: type(value) is int and least <= value <= _LARGEST
    return _SIMPLE[kind]


_SIMPLE: dict[Any, _Fits] = {
    str: lambda value: isinstance(value, str),
    bytes: lambda value: isinstance(value, bytes),
    bool: lambda value: type(value) is bool,
    float: lambda value: (
        (type(value) is float and math.isfinite(value))
        or (type(value) is int and abs(value) <= _LARGEST)
    ),
    type(None): lambda value: value is None,
}
