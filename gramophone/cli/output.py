"""Output of commands: results to stdout, the rest to stderr, and no control sequences."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gramophone.core.answer_ends import WITHOUT_ANSWER
from gramophone.core.codec import encode_line
from gramophone.core.errors import GramophoneError
from gramophone.core.surrogates import escaped
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    DeltasPassed,
    DeviceChanged,
    Entry,
    Event,
    Failed,
    ModelQuiet,
    NoticeGiven,
    ProgressMade,
    ThoughtReceived,
)
from gramophone.text.sanitize import PlainStream, plain, plain_line, with_escapes


def write_out(text: str) -> None:
    """Write text to stdout; on a terminal, with control characters escaped.

    A pipe gets the bytes as they are: a program may need them.
    """
    sys.stdout.write(with_escapes(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def write_live(text: str) -> None:
    """Write a piece of what happens now to stdout. If its reader has gone (`| head -1`), this and
    all that follows is dropped: the answer is still spoken and recorded."""
    try:
        write_out(text)
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let stdout lead nowhere; otherwise the interpreter fails when it flushes it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


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
            write_live(encode_line(entry) + "\n")


class AnswerPrinter:
    """Sink that prints the answer as it streams."""

    def __init__(self) -> None:
        self._stream = PlainStream()
        self._line_is_open = False

    def emit(self, entry: Entry) -> None:
        match entry:
            case DeltaReceived() | DeltasPassed():
                self._write(self._stream.feed(entry.text))
            case AnswerRetracted():
                self.finish()
            case _:
                pass

    def finish(self) -> None:
        """End the line."""
        self._write(self._stream.finish())
        if self._line_is_open:
            self._write("\n")
            self._line_is_open = False

    def make_room(self) -> None:
        """Let a note on stderr begin on a line of its own, where it follows the answer's text."""
        if self._line_is_open and _one_destination():
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._line_is_open = False

    def _write(self, text: str) -> None:
        if text:
            self._line_is_open = True
            write_live(text)


def _one_destination() -> bool:
    """Whether stdout and stderr are the same terminal or file."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return False


THOUGHT_PRINTED = (
    "The text above was the model's thinking, which came without a mark at its beginning; the "
    "answer follows."
)


class Notes:
    """A sink that notes failures, incomplete answers and progress on stderr.

    `failed` says whether anything failed, `unanswered` whether an answer ended without being one.
    `make_room` is called before a note that may follow unfinished output.
    """

    def __init__(self, make_room: Callable[[], None] = lambda: None) -> None:
        self.failed = False
        self.unanswered = False
        self._make_room = make_room
        self._last_failure = ""
        self._quiet_turn = -1
        self._thinking_turn = -1

    def emit(self, entry: Entry) -> None:
        match entry:
            case Failed():
                self.failed = True
                if entry.detail != self._last_failure:
                    self._note(entry.detail)
                self._last_failure = entry.detail
            case AnswerIncomplete():
                self.unanswered = self.unanswered or entry.cause in WITHOUT_ANSWER
                self._note(entry.detail)
            case NoticeGiven():
                self._note(entry.detail)
            case AnswerRetracted():
                self._note(THOUGHT_PRINTED)
            case ThoughtReceived():
                self._thinking_turn = entry.turn
            # Once a turn: the event comes again while the model stays silent.
            case ModelQuiet() if entry.turn != self._quiet_turn:
                self._quiet_turn = entry.turn
                self._note(self._quiet(entry))
            case DeviceChanged(silent=True) if entry.detail:
                self._note(entry.detail)
            case ProgressMade() if entry.detail and sys.stderr.isatty():
                self._note(f"{entry.what}: {entry.detail} …")
            case _:
                pass

    def _quiet(self, entry: ModelQuiet) -> str:
        seconds = entry.quiet_us // 1_000_000
        if entry.turn == self._thinking_turn:
            state = f"The model thinks, and has sent no text for {seconds} s."
        else:
            state = f"The model has sent no text for {seconds} s."
        return f"{state} Wait, or stop it with Ctrl+C and ask again or choose another with --model."

    def _note(self, text: str) -> None:
        self._make_room()
        note(text)


class Waiter:
    """A sink that calls back for each entry that `predicate` accepts."""

    def __init__(self, predicate: Callable[[Entry], bool], on_found: Callable[[], None]) -> None:
        self._predicate = predicate
        self._on_found = on_found

    def emit(self, entry: Entry) -> None:
        if self._predicate(entry):
            self._on_found()
