"""`gc`: every size is told, what nobody needs goes, and nothing else does."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from gramophone.core.timeline import SessionEnded
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance import gc
from storage.maintenance.compaction import compact
from storage.maintenance.gc import examine, reclaim, size_of
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import NOON, SESSION_ID, opened, record

LATER = NOON + timedelta(days=2)


async def session(home: Path, session_id: str, *, words: str = "What is a gramophone?") -> None:
    frames = (b"\x01\x02" * 4_000,)
    entries = [session_started(session_id), *spoken_exchange(words, frames=frames)]
    await record(home, [*entries, SessionEnded(at_us=9_000_000)])


async def healthy(home: Path) -> set[str]:
    """The sessions that are there; nothing is wrong with them."""
    async with await StoredLibrary.open(home, wall_clock=lambda: NOON) as library:
        assert await library.verify() == []
        return {summary.id for summary in await library.sessions()}


def old(path: Path) -> Path:
    """Written the day before yesterday."""
    at = (LATER - timedelta(days=2)).timestamp()
    os.utime(path, (at, at))
    return path


async def test_a_library_in_order_has_nothing_to_free(tmp_path: Path) -> None:
    await session(tmp_path, "aa")
    await session(tmp_path, "bb")
    compact(Home.at(tmp_path), LATER)
    await session(tmp_path, "cc")
    report = examine(Home.at(tmp_path), LATER)
    assert report.clean
    assert (report.sessions, len(report.wav.paths), len(report.flac.paths)) == (3, 1, 2)
    assert report.wav.size_bytes == size_of(tmp_path / "audio/cc/1.wav")
    assert report.database_bytes == size_of(tmp_path / "library.db")
    assert (report.reclaimable_bytes, report.recording) == (0, False)


async def test_what_nobody_needs_goes_and_nothing_else(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    for session_id in ("aa", "bb", "cc", "dd"):
        await session(tmp_path, session_id)
    with opened(tmp_path) as database:
        database.execute("UPDATE session SET discarded_at = '2026-11-21' WHERE id = 'bb'")
        database.execute("UPDATE session SET discarded_at = '2026-11-23T11' WHERE id = 'cc'")
        # As after a crash between the rows and the files of a deletion.
        (tmp_path / "audio/dd/.deleted").touch()
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM session WHERE id = 'dd'")
    gone = [
        tmp_path / "audio/dd/1.wav",
        tmp_path / "audio/aa/7.flac",
        tmp_path / "audio/aa/1.part.flac",
        tmp_path / "audio/.talk.wav.ab12cd_9",
        tmp_path / ".config-ab12cd_9.toml",
        tmp_path / "incoming/ee/1.wav",
    ]
    unknown = tmp_path / "audio/0123/1.wav"
    stays = [
        tmp_path / "audio/aa/notes.txt",
        tmp_path / "audio/notes.txt",
        tmp_path / "audio/aa/1.wav",
        unknown,
        tmp_path / "notes.txt",
        tmp_path / "audio/.talk.wav.99999999",
    ]
    (tmp_path / "incoming/ee").mkdir(parents=True)
    (tmp_path / "audio/ff").mkdir()
    unknown.parent.mkdir()
    for path in {*gone, *stays}:
        if not path.exists():
            path.write_bytes(b"0123456789")
            old(path)
    os.utime(tmp_path / "audio/.talk.wav.99999999", (LATER.timestamp(), LATER.timestamp()))

    report = examine(home, LATER)
    assert report.discarded == ("bb",)
    assert report.undoable == 1
    assert set(report.orphans.paths) == {gone[1]}
    assert set(report.strays.paths) == {unknown}
    assert set(report.leftovers.paths) == {
        *gone[2:5],
        gone[0],
        tmp_path / "audio/dd/.deleted",
        tmp_path / "incoming/ee",
        tmp_path / "audio/ff",
    }
    assert set(report.strange) == {stays[0], stays[1], stays[5]}
    assert all(path.exists() for path in gone)

    freed_bytes, remaining = reclaim(home, report)
    assert remaining == []
    assert freed_bytes > 16_000
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in stays)
    assert not (tmp_path / "audio/dd").exists()
    assert not (tmp_path / "audio/bb").exists()
    assert examine(home, LATER).clean
    for path in stays[:2]:
        path.unlink()
    (tmp_path / "audio/.talk.wav.99999999").unlink()
    assert examine(home, LATER).stray_sessions == ("0123",)
    reclaim(home, examine(home, LATER), orphans=True)
    assert not unknown.parent.exists()
    assert await healthy(tmp_path) == {"aa"}


async def test_sound_stays_when_the_database_knows_no_session(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    await session(tmp_path, SESSION_ID)
    (tmp_path / "library.db").unlink()
    async with await StoredLibrary.open(tmp_path):
        pass
    report = examine(home, LATER)
    assert report.stray_sessions == (SESSION_ID,)
    assert report.clean
    assert len(report.strays.paths) == 1
    reclaim(home, report)
    assert (tmp_path / f"audio/{SESSION_ID}/1.wav").exists()


async def test_a_session_that_is_recorded_is_left_alone(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    await session(tmp_path, "aa")
    async with Recorder.open(tmp_path) as recorder:
        for entry in [session_started("bb"), *spoken_exchange()]:
            recorder.emit(entry)
        await recorder.flush()
        # Ahead of its row, as it is between two commits.
        (tmp_path / "audio/bb/5.wav").touch()
        report = examine(home, LATER)
        assert (report.recording, report.clean) == (True, True)
        assert not report.worth_a_vacuum
        reclaim(home, report)
        assert (tmp_path / "audio/bb/5.wav").exists()
        (tmp_path / "audio/bb/5.wav").unlink()
        recorder.emit(SessionEnded(at_us=9_000_000))
    assert await healthy(tmp_path) == {"aa", "bb"}


async def much_deleted(home: Path) -> None:
    await session(home, "aa")
    await session(home, "bb", words="something long " * 300_000)
    async with await StoredLibrary.open(home) as library:
        await library.delete("bb")


async def test_a_database_with_many_free_pages_is_rewritten(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    await much_deleted(tmp_path)
    report = examine(home, LATER)
    assert report.worth_a_vacuum
    assert report.reclaimable_bytes == report.free_bytes > 4_000_000
    freed_bytes, remaining = reclaim(home, report)
    assert remaining == []
    assert freed_bytes > 4_000_000
    after = examine(home, LATER)
    assert (after.free_bytes, after.clean) == (0, True)
    assert await healthy(tmp_path) == {"aa"}


async def test_it_is_not_rewritten_while_somebody_records(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    await much_deleted(tmp_path)
    report = examine(home, LATER)
    async with Recorder.open(tmp_path) as recorder:
        recorder.emit(session_started("cc"))
        await recorder.flush()
        (sentence,) = reclaim(home, report)[1]
        assert "A session is being recorded" in sentence
        recorder.emit(SessionEnded(at_us=9_000_000))
    assert examine(home, LATER).free_bytes > 4_000_000


async def test_who_begins_to_record_meanwhile_ends_the_rewriting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path)
    await much_deleted(tmp_path)
    home.lock("00").touch()

    def begun(home: Home, session_id: str) -> bool:
        home.lock("cc").touch()
        return False

    monkeypatch.setattr(gc, "is_held", begun)
    monkeypatch.setattr(gc, "_LOOK_EVERY", 1)
    (sentence,) = gc.vacuum(home)
    assert "A session is being recorded" in sentence
    assert examine(home, LATER).free_bytes > 4_000_000
