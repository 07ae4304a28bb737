"""Verify: each kind of damage is found and named, and nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.verify import verify
from storage.sqlite.locks import SessionLock
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import SESSION_ID, everything_in, opened, record


def wav(home: Path) -> Path:
    return home / f"audio/{SESSION_ID}/1.wav"


def statement(sql: str) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        with opened(home) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.executescript(sql)

    return damage


def patch(position: int, content: bytes) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        with wav(home).open("r+b") as file:
            file.seek(position)
            file.write(content)

    return damage


def unindex(home: Path) -> None:
    with opened(home) as database:
        database.execute(
            "INSERT INTO turn_text (turn_text, rowid, text) "
            "SELECT 'delete', number, text FROM turn LIMIT 1"
        )


def cut(home: Path) -> None:
    wav(home).write_bytes(wav(home).read_bytes()[:100])


def drop_a_page(home: Path) -> None:
    with opened(home) as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event'")
        number = page.fetchone()[0]
    with (home / "library.db").open("r+b") as file:
        file.seek((number - 1) * 4096)
        file.write(b"\xff" * 4096)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing sound": (lambda home: wav(home).unlink(), "sound of turn 1 is missing"),
    "header sizes": (patch(40, b"\x04\0\0\0"), "says it holds 4 bytes"),
    "no header": (patch(0, bytes(44)), "has no readable header"),
    "sample rate": (patch(24, b"\x40\x1f\0\0"), "does not fit linear16 at 48000 Hz"),
    "a changed sample": (patch(60, b"\x7f"), "its hash differs"),
    "a cut file": (cut, "has 960 samples by its row and"),
    "events beyond the file": (
        statement("UPDATE event SET size_bytes = 9999 WHERE kind = 'AudioReceived' AND seq = 12"),
        "name sound up to byte 10959",
    ),
    "sound without its turn's word": (
        statement("UPDATE turn SET audio_file = NULL"),
        "its row has none",
    ),
    "lost events": (
        statement("DELETE FROM event WHERE turn = 1"),
        "The events of turn 1 are missing; its sound is",
    ),
    "lost events of a silent turn": (
        statement("DELETE FROM event WHERE turn = 0"),
        "The events of turn 0 are missing.",
    ),
    "lost events and text": (
        statement("DELETE FROM event WHERE turn = 1; UPDATE turn SET text = '' WHERE turn = 1"),
        "The events of turn 1 are missing; its sound has no text",
    ),
    "a lost event": (
        statement("DELETE FROM event WHERE seq = 5"),
        "1 of the session's events are missing",
    ),
    "lost events of sound": (
        statement("DELETE FROM event WHERE kind = 'AudioReceived'"),
        "s of the sound of turn 1 have no events",
    ),
    "counters": (statement("UPDATE session SET turns = 7"), "counters do not agree"),
    "rows without a session": (
        statement("INSERT INTO event (session, seq, at_us, kind) VALUES (99, 0, 0, 'x')"),
        "belongs to no session",
    ),
    "the search index": (unindex, "search index does not agree with the turns"),
    "the index of titles": (
        statement("INSERT INTO session_title (session_title) VALUES ('delete-all')"),
        "search index does not agree with the titles",
    ),
    "a position before its time": (
        statement("UPDATE session SET position = position - 1"),
        "The order of time does not agree with when 1 session began",
    ),
    "no position": (
        statement("UPDATE session SET position = NULL"),
        "The order of time does not agree with when 1 session began",
    ),
    "a tag that searches do not find": (
        statement("INSERT INTO tag SELECT number, 'x' FROM session; DELETE FROM tagged"),
        "search index does not agree with the tags",
    ),
    "a tag that only searches find": (
        statement("INSERT INTO tagged SELECT 'x', position FROM session"),
        "search index does not agree with the tags",
    ),
    "an id that is a path": (statement("UPDATE session SET id = '../x'"), "cannot name its files"),
    "an encoding": (statement("UPDATE session SET encoding = 'opus'"), "'opus' cannot be kept"),
    "an orphan": (
        lambda home: (home / f"audio/{SESSION_ID}/9.wav").touch(),
        "9.wav belongs to no turn",
    ),
    "a stranger": (lambda home: (home / "audio/x").mkdir() or (home / "audio/x/y").touch(), "x/y"),
    "a page of the database": (drop_a_page, "damaged"),
}


@pytest.mark.parametrize("kind", DAMAGES)
async def test_each_kind_of_damage_is_named_and_nothing_changed(kind: str, tmp_path: Path) -> None:
    damage, sentence = DAMAGES[kind]
    await record(tmp_path)
    damage(tmp_path)
    before = everything_in(tmp_path)
    findings = verify(Home.at(tmp_path))
    assert any(sentence in finding.detail for finding in findings), findings
    assert everything_in(tmp_path) == before


async def test_a_whole_library_has_nothing_to_tell(tmp_path: Path) -> None:
    await record(tmp_path)
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        assert await library.verify(SESSION_ID) == []


async def test_whoever_records_meanwhile_is_not_in_the_way(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home, short_session())
    over = threading.Event()

    def write_on() -> None:
        with opened(home) as database:
            while not over.wait(0.001):
                database.execute("UPDATE session SET pinned = 1 - pinned")

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        assert [verify(Home.at(home)) for _ in range(20)] == [[]] * 20
    finally:
        over.set()
        writing.join()


@pytest.mark.parametrize(
    "statements",
    [
        (
            "UPDATE turn SET samples = samples + 1",
            "UPDATE session SET spoken_samples = (SELECT sum(samples) FROM turn)",
        ),
        ("DELETE FROM session",),
    ],
    ids=["ends", "is deleted"],
)
async def test_a_session_that_ends_just_before_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statements: Sequence[str]
) -> None:
    """What was read of it while somebody still wrote it says nothing."""
    await record(tmp_path, short_session())
    take = SessionLock.take

    def take_late(home: Home, session_id: str) -> SessionLock | None:
        with opened(tmp_path) as database:
            database.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                database.execute(statement)
        return take(home, session_id)

    monkeypatch.setattr(SessionLock, "take", take_late)
    details = [finding.detail for finding in verify(Home.at(tmp_path))]
    assert not any("counters" in detail for detail in details), details


async def test_one_session_is_checked_alone(tmp_path: Path) -> None:
    await record(tmp_path)
    await record(tmp_path, short_session("a0"))
    wav(tmp_path).unlink()
    async with await StoredLibrary.open(tmp_path) as library:
        (finding,) = await library.verify(SESSION_ID)
        assert finding.session_id == SESSION_ID
        assert await library.verify("a0") == []


async def test_a_library_that_does_not_open_is_still_told_about(tmp_path: Path) -> None:
    await record(tmp_path)
    path = tmp_path / "library.db"
    path.write_bytes(path.read_bytes()[:8192])
    (finding,) = verify(Home.at(tmp_path))
    assert "damaged" in finding.detail


async def test_a_newer_library_is_told_about(tmp_path: Path) -> None:
    await record(tmp_path)
    statement("PRAGMA user_version = 999")(tmp_path)
    (finding,) = verify(Home.at(tmp_path))
    assert "newer version" in finding.detail


def test_no_library_is_no_good_library(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no library"):
        verify(Home.at(tmp_path))


async def test_turns_that_a_lost_log_took_away_are_named(tmp_path: Path) -> None:
    home, earlier = tmp_path / "home", tmp_path / "earlier"
    exchanges = [
        event
        for turn in (0, 2, 4)
        for event in spoken_exchange(f"Question {turn}?", first_turn=turn)
    ]
    await record(home, [session_started(SESSION_ID), *exchanges])
    await record(earlier, [session_started(SESSION_ID), *exchanges[: len(exchanges) // 3]])
    # As it was when another program wrote back the log and deleted it.
    (home / "library.db").write_bytes((earlier / "library.db").read_bytes())
    async with await StoredLibrary.open(home) as library:
        details = [finding.detail for finding in await library.verify()]
    assert [f"events of turn {turn} are missing; its sound has no text" in detail
            for turn, detail in zip((3, 5), details, strict=True)] == [True, True]  # fmt: skip
