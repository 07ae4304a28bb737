"""What can be read of a damaged library is in the new one, and the old one is as it was."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived
from gramophone.library.export_request import ExportRequest
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.salvage import Salvaged, salvage
from storage.maintenance.verify import verify
from storage.recording.recorder import Recorder
from storage.sqlite.locks import SessionLock
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.compacted import as_flac
from tests.support.recordings import NOON, everything_in, opened, record

IDS = ("aa" * 8, "bb" * 8, "cc" * 8)


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """Three sessions: with FLAC, with a tag and a title, and one that did not end."""
    directory = tmp_path / "home"
    await record(directory, short_session(IDS[0]))
    as_flac(directory)
    await record(directory, short_session(IDS[1]))
    await record(directory, [session_started(IDS[2]), *spoken_exchange()])
    async with await StoredLibrary.open(directory) as library:
        await library.rename(IDS[1], "A tower of records")
        await library.tag([IDS[1]], ["needles"])
        await library.pin([IDS[1]])
    with opened(directory) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return directory


def saved(home: Path, target: Path) -> Salvaged:
    numbers = itertools.count(1)
    before = everything_in(home)
    salvaged = salvage(Home.at(home), target, now=NOON, new_id=lambda: f"{next(numbers):016x}")
    assert everything_in(home) == before
    return salvaged


async def contents(home: Path, ids: tuple[str, ...] = IDS) -> dict[str, Any]:
    """Rows of sessions and of turns, and the timeline of each, as JSON."""
    sessions: dict[str, Any] = {}
    async with await StoredLibrary.open(home) as library:
        for session_id in ids:
            path = home.parent / "out.jsonl"
            order = ExportRequest(form="jsonl", path=path, replace=True)
            await library.export([session_id], order)
            record = await library.session(session_id)
            turns = [(turn.turn, turn.role, turn.text, turn.audio) for turn in record.turns]
            turns_text = repr(turns).replace(str(home), "")
            sessions[session_id] = (record.summary, turns_text, path.read_text())
    return sessions


def sound_in(home: Path) -> dict[Path, bytes]:
    return {path.relative_to(home): path.read_bytes() for path in home.glob("audio/*/*")}


def flip(path: Path, at: int, bit: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    path.write_bytes(data)


@pytest.mark.parametrize("bit", [1, 2, 0x80])
async def test_a_byte_of_the_schema_costs_nothing(home: Path, tmp_path: Path, bit: int) -> None:
    before = await contents(home)
    database = home / "library.db"
    flip(database, database.read_bytes().index(b"CREATE TABLE turn") + 20, bit)
    with pytest.raises(StorageError, match="gramophone recover"):
        await StoredLibrary.open(home)
    salvaged = saved(home, tmp_path / "new")
    assert (salvaged.sessions, salvaged.lost_rows, salvaged.from_sound) == (3, 0, 0)
    assert await contents(tmp_path / "new") == before
    assert verify(Home.at(tmp_path / "new")) == []


async def test_a_whole_library_is_copied_whole(home: Path, tmp_path: Path) -> None:
    saved(home, tmp_path / "new")
    assert await contents(tmp_path / "new") == await contents(home)
    assert verify(Home.at(tmp_path / "new")) == []


async def test_without_a_first_page_rows_are_found(home: Path, tmp_path: Path) -> None:
    before = await contents(home)
    data = bytearray((home / "library.db").read_bytes())
    data[:4096] = bytes(4096)
    (home / "library.db").write_bytes(data)
    saved(home, tmp_path / "new")
    assert await contents(tmp_path / "new") == before


async def test_sound_without_rows_becomes_sessions(home: Path, tmp_path: Path) -> None:
    sound = sound_in(home)
    (home / "library.db").unlink()
    salvaged = saved(home, tmp_path / "new")
    assert (salvaged.sessions, salvaged.from_sound, salvaged.turns) == (3, 3, len(sound))
    new = tmp_path / "new"
    assert sound_in(new) == sound
    assert verify(Home.at(new)) == []
    async with await StoredLibrary.open(new) as library:
        summaries = await library.sessions()
        assert {summary.id for summary in summaries} == set(IDS)
        assert all(summary.title.startswith("Recovered sound of ") for summary in summaries)
        assert all(summary.recovered and summary.spoken_ms > 0 for summary in summaries)
        events = await library.events(IDS[1])
        received = b"".join(event.pcm for event in events if isinstance(event, AudioReceived))
        assert received == b"".join(
            data[44:] for path, data in sound.items() if IDS[1] in str(path)
        )


async def test_turns_that_are_lost_come_from_their_events(home: Path, tmp_path: Path) -> None:
    with opened(home) as database:
        texts = database.execute("SELECT turn, text FROM turn WHERE number >> 20 = 2").fetchall()
        database.execute("DELETE FROM turn WHERE number >> 20 = 2")
    saved(home, tmp_path / "new")
    async with await StoredLibrary.open(tmp_path / "new") as library:
        record = await library.session(IDS[1])
        assert [(turn.turn, turn.text) for turn in record.turns] == texts
        assert record.summary.recovered
        assert record.summary.tags == ("needles",)


async def test_a_session_whose_row_is_lost_is_made_of_its_events(
    home: Path, tmp_path: Path
) -> None:
    with opened(home) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DELETE FROM session WHERE id = ?", (IDS[1],))
    salvaged = saved(home, tmp_path / "new")
    assert (salvaged.sessions, salvaged.completed) == (3, 1)
    async with await StoredLibrary.open(tmp_path / "new") as library:
        record = await library.session(IDS[1])
        assert [turn.text for turn in record.turns if turn.audio]
        assert record.summary.provider


async def test_what_stands_in_the_log_alone_is_saved(tmp_path: Path) -> None:
    home, killed = tmp_path / "home", tmp_path / "killed"
    async with Recorder.open(home) as recorder:
        for entry in [session_started(IDS[0]), *spoken_exchange()]:
            recorder.emit(entry)
        await recorder.flush()
        shutil.copytree(home, killed, ignore=shutil.ignore_patterns("locks", "*-shm"))
    assert (killed / "library.db-wal").stat().st_size > 0
    flip(killed / "library.db", 0)
    salvaged = saved(killed, tmp_path / "new")
    assert (salvaged.sessions, salvaged.from_sound) == (1, 0)
    async with await StoredLibrary.open(tmp_path / "new") as library:
        assert (await library.session(IDS[0])).turns[1].text


async def test_what_was_deleted_stays_deleted(home: Path, tmp_path: Path) -> None:
    async with await StoredLibrary.open(home) as library:
        await library.delete(IDS[1])
    (home / "audio" / IDS[1]).mkdir()
    (home / "audio" / IDS[1] / "1.wav").touch()
    (home / "audio" / IDS[1] / ".deleted").touch()
    assert saved(home, tmp_path / "new").sessions == 2
    assert not (tmp_path / "new" / "audio" / IDS[1]).exists()


async def test_a_place_that_is_taken_is_refused(home: Path, tmp_path: Path) -> None:
    for target in (home, home / "below", tmp_path / "no" / "such"):
        with pytest.raises(StorageError, match="directory"):
            salvage(Home.at(home), target, now=NOON, new_id=str)
    with pytest.raises(StorageError, match="nothing to recover"):
        salvage(Home.at(tmp_path / "none"), tmp_path / "new", now=NOON, new_id=str)


async def test_a_session_that_is_recorded_is_not_copied_half(home: Path, tmp_path: Path) -> None:
    lock = SessionLock.take(Home.at(home), IDS[2])
    assert lock is not None
    with pytest.raises(StorageError, match="is being recorded; close Gramophone"):
        salvage(Home.at(home), tmp_path / "new", now=NOON, new_id=str)
    lock.release()
    assert not (tmp_path / "new").exists()


async def test_when_it_is_stopped_nothing_is_left(home: Path, tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise StorageError("stopped")

    with pytest.raises(StorageError, match="stopped"):
        salvage(Home.at(home), tmp_path / "new", now=NOON, new_id=str, progress=stop)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_damage_every_session_is_there(
    home: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    path = home / "library.db"
    data = bytearray(path.read_bytes())
    for _ in range(40):
        at = chance.randrange(len(data))
        data[at : at + 30] = chance.randbytes(len(data[at : at + 30]))
    path.write_bytes(data)
    salvaged = saved(home, tmp_path / "new")
    new = tmp_path / "new"
    with closing(sqlite3.connect(new / "library.db")) as database:
        ids = {id_ for (id_,) in database.execute("SELECT id FROM session")}
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # Each has sound, so none can be lost.
    assert set(IDS) <= ids
    assert salvaged.sessions == len(ids)
    async with await StoredLibrary.open(new) as library:
        for session_id in ids:
            json.dumps((await library.session(session_id)).summary.title)
