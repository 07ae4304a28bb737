"""Events to plain mappings and back, by the dataclasses' own fields.

The mapping is what `--json` prints and what a recording's rows are built from: the event's name
under `event`, then its fields. PCM never travels in it; `size_bytes` and `offset_bytes` do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from gramophone import timeline
from gramophone.errors import TimelineError
from gramophone.timeline import Entry, Event

EVENT_TYPES: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in vars(timeline).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
"""Every kind of event that can be recorded, by its name."""

_NOT_ENCODED = frozenset({"pcm"})


def encode(entry: Entry) -> dict[str, Any]:
    """The entry as a JSON-able mapping: `event`, `at_us`, then its other fields."""
    encoded: dict[str, Any] = {"event": type(entry).__name__}
    for field in fields(entry):
        if field.name not in _NOT_ENCODED:
            encoded[field.name] = getattr(entry, field.name)
    return encoded


def encode_line(entry: Entry) -> str:
    """The entry as one line of JSON, without the newline."""
    return json.dumps(encode(entry), ensure_ascii=False, separators=(",", ":"))


def decode(encoded: Mapping[str, Any]) -> Event:
    """The event of such a mapping; unknown fields are ignored.

    Raises:
        TimelineError: the kind is unknown or a field is missing.
    """
    name = encoded.get("event")
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise TimelineError(f"The recording holds an event of an unknown kind, {name!r}.")
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in encoded:
            values[field.name] = encoded[field.name]
        elif field.default is MISSING and field.default_factory is MISSING:
            raise TimelineError(f"The recording holds a {name} without its {field.name}.")
    return kind(**values)
