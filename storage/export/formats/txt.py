"""Sessions as plain text, to be read or pasted.

Who speaks stands at the beginning of a line, what is said two spaces in: no text of a model can
take the place of a turn.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import BinaryIO

from gramophone.library.export_request import ExportRequest
from gramophone.text.sanitize import plain, plain_line
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession
from storage.export.text_labels import (
    moment_of,
    picture_lines,
    read_turns,
    remarks_on,
    speaker_of,
    thinking_of,
    title_of,
)

_INDENT = "  "


def write_txt(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write the conversations; each begins with its title, underlined."""
    for number, session in enumerate(sessions):
        if number:
            file.write(b"\n\n")
        for line in _lines(session, thoughts=order.thoughts):
            file.write(f"{line}\n".encode())


def _lines(session: ExportedSession, *, thoughts: bool) -> Generator[str]:
    about = session.record.summary
    title = title_of(about)
    yield title
    yield "=" * len(title)
    facts = (moment_of(about), *map(plain_line, (about.provider, about.model, about.voice)))
    yield ", ".join(part for part in facts if part)
    for turn in read_turns(session.turns):
        yield ""
        yield f"{speaker_of(turn)}{remarks_on(turn)}:"
        if thoughts and turn.aside.thoughts:
            yield f"{_INDENT}{thinking_of(turn)}:"
            for line in _lines_of(turn.aside.thoughts):
                yield f"{_INDENT}| {line}".rstrip()
        for line in _lines_of(turn.text):
            yield f"{_INDENT}{line}".rstrip()
        for line in picture_lines(turn):
            yield f"{_INDENT}{line}"
        if turn.aside.incomplete:
            yield f"{_INDENT}[{plain_line(turn.aside.incomplete)}]"


def _lines_of(text: str) -> list[str]:
    return plain(text).strip("\n").rstrip().split("\n")
