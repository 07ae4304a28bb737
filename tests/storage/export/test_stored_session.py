"""A kept session, read without most of its rows, is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.recordings import load, names
from gramophone.core.timeline import AudioReceived, Event, SessionStarted
from gramophone.library.export_request import ExportRequest, Pauses
from storage.export.excerpt import TELLING, excerpt
from storage.export.stored_session import kept_session
from storage.home import Home
from storage.sessions import records
from tests.support.export_talks import asked_aloud, noise, talk
from tests.support.recordings import opened, record


def frame(turn: int, offset: int, size: int, *, stale: bool = False) -> Event:
    return AudioReceived(
        at_us=9, turn=turn, connection=0, offset_bytes=offset, size_bytes=size, pcm=bytes(size),
        stale=stale,
    )  # fmt: skip


def with_frames(*frames: Event) -> list[Event]:
    events = talk()
    return [*events[:-1], *frames, events[-1]]


SESSIONS = {name: load(name) for name in names()} | {
    "asked aloud": asked_aloud(noise(1, 4_800), noise(2, 480)),
    "a gap": with_frames(frame(3, 20_000, 20), frame(3, 20_040, 20)),
    "overlapping": with_frames(frame(3, 20_000, 20), frame(3, 20_010, 20)),
    "overlap and gap": with_frames(frame(3, 20_000, 10), frame(3, 20_005, 10), frame(3, 20_020, 5)),
    "stale": with_frames(frame(3, 20_000, 20), frame(3, 20_020, 20, stale=True)),
    "two turns": with_frames(frame(1, 20_000, 20), frame(3, 20_020, 20)),
}


@pytest.mark.parametrize("events", SESSIONS.values(), ids=SESSIONS)
@pytest.mark.parametrize("real", [False, True])
async def test_the_excerpt_is_that_of_all_events(
    events: list[Event], real: bool, tmp_path: Path
) -> None:
    await record(tmp_path, events)
    order = ExportRequest("jsonl", tmp_path / "unused", pauses=Pauses(real=real))
    first = events[0]
    assert isinstance(first, SessionStarted)
    with kept_session(Home.at(tmp_path), first.session_id, order) as session:
        whole = excerpt(session.record, session.events(), pauses=order.pauses)
        assert session.excerpt == whole
        assert whole.samples


async def test_frames_that_follow_each_other_are_one_row(tmp_path: Path) -> None:
    await record(tmp_path, with_frames(*(frame(3, 20_000 + 20 * n, 20) for n in range(50))))
    with opened(tmp_path) as database:
        rows = list(records.sparse_rows(database, 1, TELLING))
    sizes = [row[7] for row in rows if row[2] == "AudioReceived"]
    assert sizes == [5_760, 14_402, 1_000]
