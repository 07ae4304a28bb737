"""JSON lines export: the timeline as it was, one event a line."""

from __future__ import annotations

import json
from pathlib import Path

from gramophone.core.codec import decode
from gramophone.core.timeline import DeltaReceived, SessionEnded
from gramophone.library.export_request import ExportRequest
from storage.library import StoredLibrary
from tests.support.builders import session_started, short_session
from tests.support.recordings import SESSION_ID, record


async def test_every_event_is_a_line(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.export([SESSION_ID], ExportRequest("jsonl", tmp_path / "out.jsonl"))
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [decode(json.loads(line)) for line in lines] == short_session()


async def test_any_text_reads_back_as_it_was(tmp_path: Path) -> None:
    events = [
        session_started(),
        DeltaReceived(at_us=1, turn=0, text='\ud83d\n\u2028\x00 "quoted" ü'),
        SessionEnded(at_us=2),
    ]
    await record(tmp_path / "home", events)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.export([SESSION_ID], ExportRequest("jsonl", tmp_path / "out.jsonl"))
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert [decode(json.loads(line)) for line in lines] == events
