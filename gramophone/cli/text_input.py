"""Texts that commands take: from an argument, from files, from standard input.

They are bounded, and refused if they are not text.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click

from gramophone.cli.output import note
from gramophone.text.quoted_block import quoted_block
from gramophone.text.sanitize import plain, plain_line

STDIN: Final = "-"
"""Argument that names standard input."""

MOST_TEXT_BYTES: Final = 1 << 21
"""Limit of a question with its files, or of a text to be spoken; a thick book has less."""

SILENCE_S: Final = 1.0
"""Time that a pipe may say nothing. Schedulers and build servers leave one open for ever."""

_DAMAGED_SHARE: Final = 10
"""A text has at most one undecodable character in so many."""

_STDIN_NAME: Final = "standard input"


def read_argument(text: str) -> str:
    """Text of an argument, or of the whole standard input where the argument is `-`.

    Raises:
        click.UsageError: it is too large, or not text.
    """
    return _read_stdin() if text == STDIN else text


def read_text_file(path: Path) -> str:
    """Text of a file, which may be a pipe of the shell, such as `<(…)`.

    Raises:
        click.UsageError: it cannot be read, is too large, or is not text.
    """
    try:
        with path.open("rb") as file:
            return _decoded(file.read(MOST_TEXT_BYTES + 1), str(path))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error


def read_question(
    text: str | None,
    files: Sequence[str] = (),
    *,
    piped: Callable[[], str] | None = None,
) -> str | None:
    """Question made of a text and of what belongs to it, each quoted as a block behind it.

    Without a text, the only thing that is there is the question. None if nothing is there.

    Args:
        text: `-` is the whole standard input.
        files: paths; `-` is standard input.
        piped: gives what stands on standard input although nobody named it, or an empty text.

    Raises:
        click.UsageError: something cannot be read, or there is no text to go with several.
    """
    named = [text, *files].count(STDIN)
    if named > 1:
        raise click.UsageError("standard input can be named once; it is read only once")
    question = None if text is None else read_argument(text)
    quoted = [_quoted(path) for path in files]
    if not named and piped is not None and (content := piped()):
        quoted.append((_STDIN_NAME, content))
    if question is None and len(quoted) > 1:
        raise click.UsageError("give a question that goes with the files and the input")
    if question is None:
        return plain(quoted[0][1]) if quoted else None
    return _bounded("\n\n".join([question, *(quoted_block(*block) for block in quoted)]))


def piped_text(descriptor: int = 0, silence_s: float = SILENCE_S) -> str:
    """Text that a pipe or a file brings on standard input; empty if there is none.

    A terminal or a device is not read. A pipe that says nothing for `silence_s` seconds is left,
    with a note; one that has begun is read to its end.

    Raises:
        click.UsageError: it is too large, or not text.
    """
    try:
        kind = os.fstat(descriptor).st_mode
    except OSError:  # it is closed
        return ""
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return ""
    if not _begins_within(descriptor, silence_s):
        note(
            "Standard input says nothing, so the question goes without it; `--file -` waits for "
            "it, `< /dev/null` leaves it out."
        )
        return ""
    with open(descriptor, "rb", closefd=False) as file:
        return _decoded(file.read(MOST_TEXT_BYTES + 1), _STDIN_NAME)


def _begins_within(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read in time: bytes, or the end."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


def _quoted(path: str) -> tuple[str, str]:
    if path == STDIN:
        return _STDIN_NAME, _read_stdin()
    return path, read_text_file(Path(path).expanduser())


def _read_stdin() -> str:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (it is closed)
        raise click.UsageError("standard input is closed")
    return _decoded(sys.stdin.buffer.read(MOST_TEXT_BYTES + 1), _STDIN_NAME)


def _decoded(content: bytes, name: str) -> str:
    label = plain_line(name)
    if len(content) > MOST_TEXT_BYTES:
        raise click.UsageError(
            f"{label} has more than {MOST_TEXT_BYTES >> 20} MB of text; cut it into parts"
        )
    text = content.decode("utf-8-sig", errors="replace")
    if b"\0" in content or text.count("\ufffd") * _DAMAGED_SHARE > len(text):
        raise click.UsageError(f"{label} is not text in UTF-8; convert it, or leave it out")
    return text


def _bounded(question: str) -> str:
    if len(question.encode(errors="replace")) > MOST_TEXT_BYTES:
        raise click.UsageError(
            f"the question and its files have more than {MOST_TEXT_BYTES >> 20} MB; leave some out"
        )
    return question
