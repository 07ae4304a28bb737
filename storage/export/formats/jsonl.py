"""A session's timeline as JSON lines: one event a line, as `--json` prints them live, and pictures
with their files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import BinaryIO

from gramophone.core.codec import encode_line
from gramophone.core.timeline import PictureAttached
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
        shown: set[str] = set()
        for event in session.events():
            line = encode_line(event)
            if isinstance(event, PictureAttached) and event.sha256 not in shown:
                shown.add(event.sha256)
                content = b64encode(session.picture(event.sha256)).decode()
                line = f'{line[:-1]},"content_base64":"{content}"}}'
            # Half of a surrogate pair, which a model may stream, is the one thing UTF-8 refuses;
            # written as its JSON escape it reads back as what it was.
            file.write(line.encode("utf-8", "backslashreplace") + b"\n")
