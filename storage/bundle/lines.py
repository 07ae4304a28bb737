"""A session's rows as lines of JSON, and back with every value looked at.

What has its default is left out, so that a line stays the same when a later version adds a column
or a field. A line that is read may hold more than is known here; what is known must be right.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin, get_type_hints

from gramophone.core.codec import EVENT_TYPES
from gramophone.core.timeline import AudioReceived, Event, SessionResumed, SessionStarted
from gramophone.library.tags import tag_name
from gramophone.wire.lenient_json import is_bounded, most_text_bytes
from storage.audio.wav import SAMPLE_RATES_HZ
from storage.bundle.layout import LONGEST_LINE_BYTES, MOST_LINE_VALUES, BadBundle, is_sha256
from storage.home import is_session_id
from storage.sessions.edits import LONGEST_TITLE
from storage.sqlite.rows import encodable
from storage.sqlite.schema import FORMAT_VERSION, TURN_BITS

Values: TypeAlias = dict[str, Any]
_Fits: TypeAlias = Callable[[object], bool]

_LARGEST = (1 << 63) - 1
_MOST_TURNS = 1 << TURN_BITS
_NOT_ENCODED = frozenset({"pcm", "content"})


def _text(value: object) -> bool:
    return isinstance(value, str) and encodable(value)


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _turn(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_TURNS


def _flag(value: object) -> bool:
    return type(value) is bool


def _figure(value: object) -> bool:
    # An integer may be too large to be asked whether it is finite.
    return value is None or _number(value) or (isinstance(value, float) and math.isfinite(value))


def _rate(value: object) -> bool:
    return type(value) is int and value in SAMPLE_RATES_HZ


def _count_or_none(value: object) -> bool:
    return value is None or _count(value)


def _title(value: object) -> bool:
    # It is cleaned again before it is drawn; here it is only one line of a title's length.
    return _text(value) and len(str(value)) <= LONGEST_TITLE and len(str(value).splitlines()) < 2


def _moment(value: object) -> bool:
    try:
        return isinstance(value, str) and value == datetime.fromisoformat(value).isoformat(
            timespec="milliseconds"
        )
    except ValueError:
        return False


def _tags(value: object) -> bool:
    names = cast("list[Any]", value) if isinstance(value, list) else [None]
    return all(isinstance(name, str) and name and tag_name(name) == name for name in names)


_REQUIRED: Any = object()
_SESSION: dict[str, tuple[_Fits, Any]] = {
    "id": (lambda value: isinstance(value, str) and is_session_id(value), _REQUIRED),
    "title": (_title, ""),
    "renamed": (_flag, False),
    "created_at": (_moment, _REQUIRED),
    "provider": (_text, _REQUIRED),
    "model": (_text, _REQUIRED),
    "voice": (_text, _REQUIRED),
    "encoding": (lambda value: value in ("linear16", "mulaw", "alaw"), _REQUIRED),
    "sample_rate_hz": (_rate, _REQUIRED),
    "system_prompt": (_text, _REQUIRED),
    "format_version": (lambda value: _count(value) and value == FORMAT_VERSION, _REQUIRED),
    "ended": (_flag, False),
    "recovered": (_flag, False),
    "tags": (_tags, []),
}
_TURN: dict[str, tuple[_Fits, Any]] = {
    "turn": (_turn, _REQUIRED),
    "role": (lambda value: value in ("user", "assistant"), _REQUIRED),
    "text": (_text, ""),
    "finish_reason": (_text, ""),
    "started_us": (_count, _REQUIRED),
    "completed_us": (_count_or_none, None),
    "samples": (_count, 0),
    "sha256": (lambda value: value == "" or is_sha256(value), ""),
    "ttft_ms": (_figure, None),
    "ttfb_ms": (_figure, None),
    "ttfa_ms": (_figure, None),
    "response_ms": (_figure, None),
    "underruns": (_count, 0),
    "flushes": (_count, 0),
    "input_tokens": (_count_or_none, None),
    "output_tokens": (_count_or_none, None),
    "tokens_per_s": (_figure, None),
    "withdrawn": (_flag, False),
    "heard_characters": (_count_or_none, None),
    "own_rate_hz": (lambda value: value is None or _rate(value), None),
}
SESSION_COLUMNS = tuple(name for name in _SESSION if name != "tags")
TURN_COLUMNS = tuple(_TURN)
FLAGS = frozenset(name for name, (fits, _) in (_SESSION | _TURN).items() if fits is _flag)
"""Columns that hold 0 or 1, and true or false in a line."""


def session_line(values: Mapping[str, Any]) -> bytes:
    """A session's row and tags, by the names of their columns."""
    return _line(values, _SESSION)


def turn_line(values: Mapping[str, Any]) -> bytes:
    """A turn's row."""
    return _line(values, _TURN)


def event_line(event: Event) -> bytes:
    """An event, its sound left out."""
    members: Values = {"event": type(event).__name__}
    for name, (_, default) in _shape(type(event)).items():
        value = getattr(event, name)
        if default is _REQUIRED or value != default:
            members[name] = value
    return _encoded(members)


def session_values(line: bytes) -> Values:
    """Values of a line that `session_line` wrote.

    Raises:
        BadBundle: a value is missing or cannot be.
    """
    members = _decoded(line, "its session")
    version = members.get("format_version")
    if type(version) is int and version > FORMAT_VERSION:
        raise BadBundle(
            f"a newer Gramophone recorded it (format version {version}; this one reads up to "
            f"{FORMAT_VERSION}), so upgrade Gramophone"
        )
    return _checked(members, _SESSION, "its session")


def turn_values(line: bytes, number: int) -> Values:
    """Values of a line that `turn_line` wrote; `number` counts the lines from 1.

    Raises:
        BadBundle: a value is missing or cannot be.
    """
    line_name = f"line {number} of its turns"
    return _checked(_decoded(line, line_name), _TURN, line_name)


def event_in(line: bytes, number: int) -> Event:
    """Event of a line that `event_line` wrote; `number` counts the lines from 1.

    Raises:
        BadBundle: the kind is unknown, or a value is missing or cannot be.
    """
    line_name = f"line {number} of its events"
    members = _decoded(line, line_name)
    name = members.get("event")
    kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadBundle(f"{line_name} is an event of an unknown kind, {str(name)[:80]!r}")
    return kind(**_checked(members, _shape(kind), line_name))


def belonging(event: Event, session_id: str) -> Event:
    """The event as one of the session that has this id."""
    if isinstance(event, SessionStarted | SessionResumed):
        return replace(event, session_id=session_id)
    return event


def _line(values: Mapping[str, Any], shape: Mapping[str, tuple[_Fits, Any]]) -> bytes:
    return _encoded({name: values[name] for name in shape if values[name] != shape[name][1]})


def _encoded(values: Values) -> bytes:
    try:
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise BadBundle("one of its rows holds a figure that is not a number") from error
    # Half of a surrogate pair is the one thing UTF-8 refuses; as its escape it reads back.
    encoded = line.encode("utf-8", "backslashreplace")
    if len(encoded) >= LONGEST_LINE_BYTES:
        raise BadBundle(f"one of its rows is larger than {LONGEST_LINE_BYTES >> 20} MiB")
    return encoded


def _decoded(line: bytes, line_name: str) -> Values:
    if not is_bounded(line, MOST_LINE_VALUES):
        raise BadBundle(f"{line_name} has too many values")
    if most_text_bytes(line) > LONGEST_LINE_BYTES:
        raise BadBundle(f"{line_name} is too long")
    try:
        document: object = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise BadBundle(f"{line_name} is not JSON") from error
    if not isinstance(document, dict):
        raise BadBundle(f"{line_name} is not an object")
    return cast("Values", document)


def _checked(members: Values, shape: Mapping[str, tuple[_Fits, Any]], line_name: str) -> Values:
    values: Values = {}
    for name, (fits, default) in shape.items():
        value = members.get(name, default)
        if value is _REQUIRED:
            raise BadBundle(f"{line_name} has no {name}")
        if not fits(value):
            raise BadBundle(f"{line_name} has an unusable {name}")
        values[name] = value
    return values


# --- events -----------------------------------------------------------------------------------


@cache
def _shape(kind: type[Event]) -> Mapping[str, tuple[_Fits, Any]]:
    """For each field of an event, what fits and its default."""
    types = get_type_hints(kind)
    shape: dict[str, tuple[_Fits, Any]] = {}
    for field in fields(kind):
        if field.name not in _NOT_ENCODED:
            default = _REQUIRED if field.default is MISSING else field.default
            shape[field.name] = (_fitting(field.name, types[field.name]), default)
    return shape


def _fitting(name: str, kind: Any) -> _Fits:
    allowed = get_args(kind)
    if get_origin(kind) is Literal:
        return lambda value: isinstance(value, str) and value in allowed
    if allowed:
        several = [_fitting(name, alternative) for alternative in allowed]
        return lambda value: any(fits(value) for fits in several)
    return _turn if kind is int and name in ("turn", "to_turn", "repeats") else _SIMPLE[kind]


def _number(value: object) -> bool:
    return type(value) is int and -_LARGEST <= value <= _LARGEST


# Half of a surrogate pair may stand in an event's text: a model may stream it.
_SIMPLE: dict[Any, _Fits] = {
    str: lambda value: isinstance(value, str),
    int: _number,
    bool: _flag,
    float: lambda value: value is not None and _figure(value),
    type(None): lambda value: value is None,
}


def within(event: AudioReceived, data_bytes: int) -> bool:
    """Whether a frame lies inside its turn's sound."""
    end_bytes = event.offset_bytes + event.size_bytes
    return 0 <= event.offset_bytes <= end_bytes <= data_bytes and event.connection >= 0
