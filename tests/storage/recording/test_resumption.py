"""A stored session is recorded on: one timeline, one row, and nothing of it lost."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.core.errors import SessionNotFound, StorageError
from gramophone.core.timeline import (
    Event,
    HistoryRewound,
    SessionEnded,
    SessionResumed,
    SettingsChanged,
    TurnStarted,
)
from storage.home import Home
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from storage.recording.resumption import SEAM_US
from storage.sqlite.locks import SessionLock
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import SESSION_ID, record

LATER = "2026-11-23T08:00:00.000+00:00"
START_US = 2_000_000 + SEAM_US


def moved(event: Event) -> Event:
    """An event of the first exchange as one of the second."""
    turn = getattr(event, "turn", None)
    connection = getattr(event, "connection", None)
    changes: dict[str, int] = {"at_us": event.at_us + START_US}
    if turn is not None:
        changes["turn"] = turn + 2
    if connection is not None:
        changes["connection"] = connection + 1
    return replace(event, **changes)


def second_stretch() -> list[Event]:
    return [
        SessionResumed(
            at_us=START_US,
            session_id=SESSION_ID,
            encoding="linear16",
            sample_rate_hz=48_000,
            resumed_at=LATER,
        ),
        SettingsChanged(
            at_us=START_US, provider="openai", model="gpt-5", voice="luna", system_prompt=""
        ),
        *map(moved, spoken_exchange()),
    ]


async def record_on(home: Path, events: list[Event]) -> None:
    async with Recorder.open(home, resume=SESSION_ID) as recorder:
        for event in events:
            recorder.emit(event)


async def test_both_stretches_are_one_timeline(tmp_path: Path) -> None:
    await record(tmp_path)
    later = [*second_stretch(), SessionEnded(at_us=2 * START_US)]
    await record_on(tmp_path, later)
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.events(SESSION_ID) == [*short_session(), *later]
        session = await library.session(SESSION_ID)
        (listed,) = await library.sessions()
        assert await library.verify() == []
    assert [turn.turn for turn in session.turns] == [0, 1, 2, 3]
    assert (listed.title, listed.turns, listed.spoken_ms) == ("What is a gramophone?", 4, 40)
    assert (listed.model, listed.voice) == ("gpt-5", "luna")
    assert (listed.created_at, listed.latest_at) == ("2026-11-21T12:00:00.250+00:00", LATER)
    assert not listed.recovered


async def test_it_says_where_the_timeline_goes_on(tmp_path: Path) -> None:
    await record(tmp_path)
    async with Recorder.open(tmp_path, resume=SESSION_ID) as recorder:
        point = recorder.resumes
    assert point is not None
    assert (point.start_us, point.next_turn, point.next_connection) == (START_US, 2, 1)
    assert point.record.turns[0].text == "What is a gramophone?"


async def test_nothing_changes_when_nothing_is_said(tmp_path: Path) -> None:
    await record(tmp_path)
    await record_on(tmp_path, [])
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.events(SESSION_ID) == short_session()
        (listed,) = await library.sessions()
    assert listed.latest_at == listed.created_at
    assert not Home.at(tmp_path).lock(SESSION_ID).exists()


async def test_a_session_that_is_open_is_refused(tmp_path: Path) -> None:
    await record(tmp_path)
    async with Recorder.open(tmp_path, resume=SESSION_ID):
        with pytest.raises(StorageError, match="open already"):
            Recorder.open(tmp_path, resume=SESSION_ID)


async def test_a_session_that_is_not_there_is_refused(tmp_path: Path) -> None:
    await record(tmp_path)
    with pytest.raises(SessionNotFound):
        Recorder.open(tmp_path, resume="0123456789abcdef")


async def test_a_killed_session_is_repaired_and_goes_on(tmp_path: Path) -> None:
    await record(tmp_path, [session_started(), *spoken_exchange()])
    await record_on(tmp_path, second_stretch())
    # Killed again: it never ended, and whoever opens the library repairs it.
    async with await StoredLibrary.open(tmp_path) as library:
        (listed,) = await library.sessions()
        assert await library.verify() == []
    assert (listed.turns, listed.recovered) == (4, True)


async def test_turns_from_before_can_be_taken_back(tmp_path: Path) -> None:
    await record(tmp_path)
    resumed, changed, *_ = second_stretch()
    rewound = HistoryRewound(at_us=START_US, to_turn=1)
    turn = TurnStarted(at_us=START_US, turn=2, role="assistant")
    await record_on(tmp_path, [resumed, changed, rewound, turn])
    async with await StoredLibrary.open(tmp_path) as library:
        turns = (await library.session(SESSION_ID)).turns
    assert [(row.turn, row.withdrawn) for row in turns] == [(0, False), (1, True), (2, False)]


async def test_the_list_goes_by_when_a_session_was_last_resumed(tmp_path: Path) -> None:
    await record(tmp_path)
    other = "5e551017a0000001"
    await record(tmp_path, short_session(other))
    await record_on(tmp_path, second_stretch())
    async with await StoredLibrary.open(tmp_path) as library:
        assert [row.id for row in await library.sessions()] == [SESSION_ID, other]
        assert [row.id for row in await library.sessions(older_than=SESSION_ID)] == [other]
        assert await library.resolve("last") == SESSION_ID


async def test_a_session_with_damaged_times_is_refused_and_stays(tmp_path: Path) -> None:
    await record(tmp_path)
    with sqlite3.connect(tmp_path / "library.db") as database:
        database.execute("UPDATE event SET at_us = ? WHERE seq = 3", (1 << 62,))
    database.close()
    with pytest.raises(StorageError, match="nothing can be added"):
        Recorder.open(tmp_path, resume=SESSION_ID)
    lock = SessionLock.take(Home.at(tmp_path), SESSION_ID)
    assert lock is not None
    lock.release()
