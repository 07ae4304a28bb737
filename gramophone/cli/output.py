"""Output of commands: results to stdout, the rest to stderr, and no control sequences."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gramophone.core.codec import encode_line
from gramophone.core.errors import GramophoneError
from gramophone.core.surrogates import escaped
from gramophone.core.timeline import (
    DeltaReceived,
    DeltasPassed,
    DeviceChanged,
    Entry,
    Event,
    Failed,
    ModelQuiet,
    ProgressMade,
)
from gramophone.text.sanitize import PlainStream, plain, plain_line, with_escapes


def write_out(text: str) -> None:
    """Write text to stdout; on a terminal, with control characters escaped.

    A pipe gets the bytes as they are: a program may need them.
    """
    sys.stdout.write(with_escapes(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def result(text: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{plain(text)}\n")
    sys.stdout.flush()


def result_json(value: Any) -> None:
    """Print a JSON object of the result, on a line of its own."""
    write_out(escaped(json.dumps(value, ensure_ascii=False)) + "\n")


def note(text: str) -> None:
    """Print a line for the user on stderr."""
    sys.stderr.write(f"{plain_line(text)}\n")
    sys.stderr.flush()


def refuse(error: GramophoneError) -> NoReturn:
    """Print an error, and end the program with 1."""
    note(f"gramophone: {error}")
    sys.exit(1)


class JsonLines:
    """A sink that prints every event as it happens."""

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, Event):
            write_out(encode_line(entry) + "\n")


class AnswerPrinter:
    """Sink that prints the answer as it streams."""

    def __init__(self) -> None:
        self._stream = PlainStream()
        self._has_text = False

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, DeltaReceived | DeltasPassed):
            self._write(self._stream.feed(entry.text))

    def finish(self) -> None:
        """End the line."""
        self._write(self._stream.finish())
        if self._has_text:
            self._write("\n")

    def _write(self, text: str) -> None:
        if text:
            self._has_text = True
            write_out(text)


class Notes:
    """A sink that notes failures and progress on stderr; `failed` says whether there was one."""

    def __init__(self) -> None:
        self.failed = False
        self._last_failure = ""
        self._quiet_turn = -1

    def emit(self, entry: Entry) -> None:
        match entry:
            case Failed():
                self.failed = True
                if entry.detail != self._last_failure:
                    note(entry.detail)
                self._last_failure = entry.detail
            # Once a turn: the event comes again while the model stays silent.
            case ModelQuiet() if entry.turn != self._quiet_turn:
                self._quiet_turn = entry.turn
                note(
                    f"The model has sent no text for {entry.quiet_us // 1_000_000} s. Wait, or "
                    "stop it with Ctrl+C and ask again or choose another with --model."
                )
            case DeviceChanged(silent=True) if entry.detail:
                note(entry.detail)
            case ProgressMade() if entry.detail and sys.stderr.isatty():
                note(f"{entry.what}: {entry.detail} …")
            case _:
                pass


class Waiter:
    """A sink that calls back for each entry that `predicate` accepts."""

    def __init__(self, predicate: Callable[[Entry], bool], on_found: Callable[[], None]) -> None:
        self._predicate = predicate
        self._on_found = on_found

    def emit(self, entry: Entry) -> None:
        if self._predicate(entry):
            self._on_found()
