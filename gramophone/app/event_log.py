"""Events of a session in the log, and the formatter that keeps every text out of it.

A record holds facts: kinds, numbers, names that the program or the user's settings chose. Texts,
addresses and details of failures stand there as their length.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import fields
from typing import Final, cast

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    Event,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
)

OURS: Final = ("gramophone", "storage", "tui")
"""Packages whose loggers are written."""

_NAMES: Final = frozenset(
    {"role", "stage", "cause", "finish_reason", "model", "voice", "encoding", "lang", "session_id"}
)
"""Fields of events whose value is a name."""

_MANY: Final = (AudioReceived, DeltaReceived, FrameReceived, FrameSent, ModelChunkReceived)
"""Events that come by the hundred; they stand in the log at the level DEBUG."""

_LONGEST_NAME: Final = 60

_log = logging.getLogger(__name__)


class Fact(str):
    """Text that may stand in the log as it is."""


class EventLog:
    """A sink that writes events as facts."""

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, Event):
            level = logging.DEBUG if isinstance(entry, _MANY) else logging.INFO
            _log.log(level, "%s", Fact(described(entry)))


def event_logs() -> list[EventLog]:
    """A sink for the log, if there is one."""
    return [EventLog()] if _log.isEnabledFor(logging.INFO) else []


def described(event: Event) -> str:
    """An event as facts: its kind, numbers and names, and how long its texts are."""
    values = {item.name: getattr(event, item.name) for item in fields(event)}
    facts = [f"{name}={fact(name, value)}" for name, value in values.items()]
    return " ".join([type(event).__name__, *facts])


def fact(name: str, value: object) -> str:
    """A value as the log may have it."""
    match value:
        case None | bool() | int() | float():
            return str(value)
        case str() if name in _NAMES and _is_name(value):
            return value
        case str():
            return f"({len(value)} characters)"
        case bytes():
            return f"({len(value)} bytes)"
        case BaseException():
            return type(value).__name__
        case _:
            return f"({type(value).__name__})"


def _is_name(text: str) -> bool:
    """Whether it looks like a name: neither a path nor an address, and no spaces."""
    return len(text) <= _LONGEST_NAME and not set(text) & set("/\\@ \n\r\t\x1b")


class FactsFormatter(logging.Formatter):
    """Writes the constant text of a record, and of its arguments only facts.

    Of an exception it writes the kind and the places in the code, not the message.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(name)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        clean = logging.makeLogRecord(record.__dict__)
        clean.args = _facts_of(record.args)
        clean.exc_text = clean.stack_info = None
        # A line is a record, whatever it holds.
        return super().format(clean).replace("\r", " ")

    def formatException(self, ei: object) -> str:
        """The kind of an exception, and where in the code it came from."""
        if not isinstance(ei, tuple) or not isinstance(ei[1], BaseException):
            return ""
        error = ei[1]
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return "\n".join([type(error).__name__, *places])


def _facts_of(arguments: object) -> tuple[object, ...] | dict[str, object]:
    if isinstance(arguments, Mapping):
        named = cast("Mapping[str, object]", arguments)
        return {name: _argument(value) for name, value in named.items()}
    values = cast("tuple[object, ...]", arguments) if isinstance(arguments, tuple) else ()
    return tuple(_argument(value) for value in values)


def _argument(value: object) -> object:
    return value if isinstance(value, Fact | int | float) else fact("", value)
