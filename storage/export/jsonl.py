"""A session's timeline as JSON lines: one event a line, as `--json` prints them live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gramophone.codec import encode_line
from gramophone.timeline import Event
from storage.export.whole import written_whole


def export_jsonl(events: Iterable[Event], path: Path) -> None:
    """Write the events to `path`, in UTF-8.

    Raises:
        StorageError: `path` cannot be written.
    """
    with written_whole(path) as file:
        for event in events:
            # Half of a surrogate pair, which a model may stream, is the one thing UTF-8 refuses;
            # written as its JSON escape it reads back as what it was.
            file.write(encode_line(event).encode("utf-8", "backslashreplace") + b"\n")
