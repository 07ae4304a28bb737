"""A session's timeline as JSON lines: one event a line, as `--json` prints them live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from gramophone.core.codec import encode_line
from gramophone.library.export_request import ExportRequest
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession


def write_jsonl(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write the events in UTF-8, those of one session after those of the other; each begins with
    its `SessionStarted`."""
    for session in sessions:
        for event in session.events():
            # Half of a surrogate pair, which a model may stream, is the one thing UTF-8 refuses;
            # written as its JSON escape it reads back as what it was.
            file.write(encode_line(event).encode("utf-8", "backslashreplace") + b"\n")
