"""Searches go by when something was said, whenever it came into the library."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gramophone.core.clock import wall_clock
from gramophone.core.timeline import SessionEnded
from storage.chat_import.importer import import_chats
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.salvage import salvage
from storage.maintenance.verify import verify
from storage.recording.recorder import Recorder
from storage.sessions.search import HITS_IN, TITLE_HITS, TURN_HITS
from storage.sqlite.database import APPLICATION_ID, connect, open_library
from storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION, migrate, turn_number
from storage.sqlite.time_order import FARTHEST_MS, FIRST, LAST, STATEMENTS, position_of
from tests.support.builders import session_started, spoken_exchange
from tests.support.migrations import interrupting
from tests.support.recordings import NOON, opened

BEFORE = (
    next(migration.number for migration in MIGRATIONS if migration.statements is STATEMENTS) - 1
)
END = 1 << 62
NO_TIMES = ["", "junk", "2026-13-45", "9" * 400, "\0", "0000-00-00T00:00:00+00:00"]
ODD_TIMES = [
    *NO_TIMES,
    *("1901-01-01T00:00:00.000+00:00", "1969-12-31T23:59:59.999+00:00"),
    *("2100-01-01T00:00:00.000+00:00", "9999-12-31T23:59:59.999+00:00"),
]


def inserted(
    database: sqlite3.Connection, session_id: str, created_at: str, text: str = "horns"
) -> int:
    """A session with a turn, a title and a tag, as every version of the program inserts them; its
    number."""
    number = database.execute(
        "INSERT INTO session (id, title, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version, ended) "
        "VALUES (?, ?, ?, 'p', 'm', 'v', 'linear16', 48000, '', 1, 1)",
        (session_id, f"About {text}", created_at),
    ).lastrowid
    assert number is not None
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (?, ?, 0, 'user', ?, 0)",
        (turn_number(number, 0), number, text),
    )
    database.execute("UPDATE session SET turns = 1 WHERE number = ?", (number,))
    return number


def positions(database: sqlite3.Connection) -> dict[str, int]:
    """By id."""
    return dict(database.execute("SELECT id, position FROM session ORDER BY number"))


def agrees(database: sqlite3.Connection) -> None:
    """All that goes by positions agrees with the tables it is made of."""
    for index in ("turn_text", "session_title"):
        database.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    tagged = "SELECT name, position FROM tag JOIN session ON number = session"
    assert set(database.execute(tagged)) == set(database.execute("SELECT * FROM tagged"))
    assert [*database.execute("SELECT id FROM session WHERE position IS NULL")] == []


def in_order(database: sqlite3.Connection) -> list[str]:
    """Ids, the latest first, as both indices have them."""
    agrees(database)
    turns = [
        row >> 20
        for (row,) in database.execute(
            TURN_HITS.format(sessions="session", passes="1"), ('"horns"', END, 9999)
        )
    ]
    titles = [
        row
        for (row,) in database.execute(
            TITLE_HITS.format(sessions="session", passes="1"), ('"horns"', END, 9999)
        )
    ]
    assert turns == titles
    by_position = {position: id_ for id_, position in positions(database).items()}
    return [by_position[position] for position in turns]


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def chats(path: Path, *times: int) -> Path:
    """An export of conversations that began at these seconds, about horns."""
    path.write_text(
        json.dumps(
            [
                {
                    "uuid": f"{at:032x}",
                    "name": f"Of {at}",
                    "created_at": datetime.fromtimestamp(at, UTC).isoformat(),
                    "chat_messages": [{"sender": "human", "text": f"horns of {at}"}],
                }
                for at in times
            ]
        )
    )
    return path


async def record(home: Home, session_id: str, at: datetime) -> None:
    async with Recorder.open(home.root, wall_clock=lambda: at) as recorder:
        recorder.emit(session_started(session_id, provider="openai"))
        for event in spoken_exchange("horns today", "So they are", frames=()):
            recorder.emit(event)
        recorder.emit(SessionEnded(at_us=9_000_000))


async def found_ids(home: Home, search: str, limit: int = 50) -> list[str]:
    """Ids of what is found, read in pages."""
    ids: list[str] = []
    async with await StoredLibrary.open(home.root) as library:
        while page := await library.sessions(
            search=search, limit=limit, older_than=ids[-1] if ids else None
        ):
            ids += [summary.id for summary in page]
    return ids


# --- what comes in -------------------------------------------------------------------------------


@pytest.mark.parametrize("search", ["horns", "horns provider:o", "-tag:none horns", "after:2001"])
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_what_was_said_today_stands_before_an_import(
    home: Home, tmp_path: Path, search: str, limit: int
) -> None:
    """Two imports, the older one later, and talks between them."""
    await record(home, "a0", NOON)
    for nth, times in enumerate([(1_700_000_000, 1_600_000_000), (1_650_000_000, 1_750_000_000)]):
        path = chats(tmp_path / f"{nth}.json", *times)
        import_chats(home, path, now=NOON, progress=lambda done, total: None)
        await record(home, f"a{nth + 1}", NOON + timedelta(hours=nth + 1))
    async with await StoredLibrary.open(home.root) as library:
        listed = [summary.id for summary in await library.sessions()]
        assert await library.resolve("last") == "a2"
        assert await library.verify() == []
    assert len(listed) == 7
    assert listed[:3] == ["a2", "a1", "a0"]
    expected = listed[:3] if "provider" in search else listed
    if "tag" not in search:
        assert await found_ids(home, search, limit) == expected


async def test_filters_alone_go_by_time_too(home: Home) -> None:
    with closing(open_library(home)) as database:
        for name, day in [("a0", 3), ("a1", 1), ("a2", 2)]:
            inserted(database, name, f"2026-11-0{day}T00:00:00.000+00:00")
        database.execute("INSERT INTO tag SELECT number, 'brass' FROM session")
        database.execute("UPDATE session SET spoken_samples = 1, recovered = 1, pinned = 1")
    for search in (
        *("tag:brass", "provider:p", "model:m", "voice:v", "title:about", "has:audio"),
        *("is:recovered", "is:pinned", "horns tag:brass", "horns title:about"),
        *("before:2027", "after:2026", "horns after:2026-01-01 before:2026-12-01"),
    ):
        for limit in (1, 9):
            assert await found_ids(home, search, limit) == ["a0", "a2", "a1"], search
    with opened(home.root) as database:
        database.execute("UPDATE session SET archived = 1")
        agrees(database)
    assert await found_ids(home, "is:archived") == ["a0", "a2", "a1"]


async def test_a_conversation_that_went_on_is_found_where_it_began(
    home: Home, tmp_path: Path
) -> None:
    """As the list has it; the export may also say another beginning."""
    path = chats(tmp_path / "one.json", 1_700_000_000)
    import_chats(home, path, now=NOON, progress=lambda done, total: None)
    await record(home, "a0", datetime(2024, 1, 1, tzinfo=UTC))
    [conversation] = json.loads(path.read_text())
    for sender, at, began, index in [
        ("assistant", "2026-01-01T00:00:00+00:00", "2023-11-14T22:13:20+00:00", 1),
        ("human", "2026-02-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", 0),
    ]:
        conversation["created_at"] = began
        conversation["chat_messages"].append(
            {"sender": sender, "text": "horns again", "created_at": at}
        )
        path.write_text(json.dumps([conversation]))
        taken = import_chats(home, path, now=NOON, progress=lambda done, total: None)
        assert len(taken.refreshed) == 1
        assert (await found_ids(home, "horns")).index(taken.refreshed[0]) == index
        with opened(home.root) as database:
            agrees(database)


# --- positions ------------------------------------------------------------------------------------


def test_the_position_is_the_time_or_the_next_free(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    at = "2026-11-30T12:00:00.123+00:00"
    times = [at, "2026-11-30T12:00:00.124+00:00", at, "2026-11-30T14:00:00.125+02:00", at]
    for nth, created_at in enumerate(times):
        inserted(database, f"a{nth}", created_at)
    first = position_of(at)
    assert first == 1_796_040_000_123
    assert [position - first for position in positions(database).values()] == [0, 1, 2, 3, 4]
    random_ms = random.Random(3)
    for nth in range(300):
        at = datetime.fromtimestamp(random_ms.randrange(1, LAST // 1000), UTC) + timedelta(
            milliseconds=nth
        )
        inserted(database, f"b{nth}", at.isoformat(timespec="milliseconds"), "")
        assert positions(database)[f"b{nth}"] == round(at.timestamp() * 1000)
    assert in_order(database) == ["a4", "a3", "a2", "a1", "a0"]


def test_no_time_is_too_odd(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    for nth, created_at in enumerate([*ODD_TIMES, "2026-01-01", *ODD_TIMES]):
        inserted(database, f"a{nth}", created_at)
    placed = [*positions(database).values()]
    assert len(set(placed)) == 2 * len(ODD_TIMES) + 1
    assert all(FIRST <= position < LAST + 5 for position in placed)
    assert turn_number(LAST + (1 << 37), 0) < 1 << 62
    assert len(in_order(database)) == len(placed)


def test_an_old_library_gets_the_same_positions(database: sqlite3.Connection) -> None:
    """As if its sessions had come in the order of time."""
    chance = random.Random(5)
    moments = [
        (NOON + timedelta(milliseconds=chance.randrange(30))).isoformat(timespec="milliseconds")
        for _ in range(200)
    ]
    times = [*ODD_TIMES, *moments]
    chance.shuffle(times)
    migrate(database, wall_clock, MIGRATIONS[:BEFORE])
    for nth, created_at in enumerate(times):
        inserted(database, f"a{nth}", created_at)
    migrate(database, wall_clock)
    new = sqlite3.connect(":memory:", isolation_level=None)
    migrate(new, wall_clock)
    created = dict(database.execute("SELECT id, created_at FROM session"))
    for session_id in reversed(in_order(database)):
        inserted(new, session_id, created[session_id])
    assert positions(new) == dict(sorted(positions(database).items(), key=lambda item: item[1]))
    new.close()


@pytest.mark.parametrize("kind", ["one time", "before 1970", "unreadable", "within a run"])
def test_many_that_find_their_place_taken_do_not_walk_over_each_other(
    database: sqlite3.Connection, kind: str
) -> None:
    migrate(database, wall_clock)
    looks = [0]

    def looked() -> int:
        looks[0] += 1
        return 0

    def time(nth: int) -> str:
        match kind:
            case "one time":
                return NOON.isoformat()
            case "before 1970":
                return (NOON - timedelta(days=40_000, seconds=nth)).isoformat()
            case "unreadable":
                return f"at {nth}"
            case _:
                return (NOON + timedelta(milliseconds=max(0, nth - 900))).isoformat()

    database.set_progress_handler(looked, 50)
    took: list[int] = []
    for nth in range(1800):
        before = looks[0]
        inserted(database, f"{nth:x}", time(nth))
        took.append(looks[0] - before)
    assert sum(took[1700:]) < 2 * sum(took[1000:1100])
    placed = [*positions(database).values()]
    assert len(set(placed)) == 1800
    assert kind == "within a run" or placed == [*range(placed[0], placed[0] + 1800)]


def test_one_that_finds_runs_wherever_it_looks_is_the_last(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    insert = (
        "INSERT INTO session (id, created_at, provider, model, voice, encoding, sample_rate_hz, "
        "system_prompt, format_version) VALUES (?, ?, '', '', '', '', 1, '', 1)"
    )
    for run in (NOON, NOON + timedelta(milliseconds=FARTHEST_MS - 150)):
        for nth in range(300):
            at = run + timedelta(milliseconds=nth)
            database.execute(insert, (f"{run}{nth}", at.isoformat()))
    database.execute(insert, ("a0", (NOON + timedelta(hours=3)).isoformat()))
    database.execute(insert, ("a1", NOON.isoformat().replace("+00:00", "Z")))
    placed = positions(database)
    assert placed["a1"] == placed["a0"] + 1


# --- the indices ----------------------------------------------------------------------------------


def test_whatever_is_changed_in_whatever_order_the_indices_agree(
    database: sqlite3.Connection,
) -> None:
    migrate(database, wall_clock)
    chance = random.Random(11)
    times = [*(f"2026-11-{day:02}" for day in range(1, 20)), *ODD_TIMES]
    for nth in range(40):
        inserted(database, f"{nth:x}", chance.choice(times))
        database.execute("INSERT INTO tag VALUES (?, 'brass')", (nth + 1,))
    statements = [
        "UPDATE session SET title = :text, created_at = :time WHERE number = :number",
        "UPDATE session SET created_at = :time WHERE number = :number",
        "UPDATE turn SET text = :text WHERE session = :number",
        "INSERT OR IGNORE INTO tag VALUES (:number, :time)",
        "DELETE FROM tag WHERE session = :number AND name <> 'brass'",
        "DELETE FROM turn WHERE session = :number",
    ]
    for _ in range(400):
        values = {
            "text": f"horns {chance.random()}",
            "time": chance.choice(times),
            "number": chance.randrange(1, 41),
        }
        database.execute(chance.choice(statements), values)
    agrees(database)
    database.execute("DELETE FROM session WHERE number % 3 = 0")
    agrees(database)
    database.execute("DELETE FROM session")
    agrees(database)


def test_rows_that_come_before_their_session_are_found(database: sqlite3.Connection) -> None:
    """As when a damaged library is read page by page."""
    database.execute("PRAGMA foreign_keys = OFF")
    migrate(database, wall_clock)
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (1 << 20, 1, 0, 'user', 'horns', 0)"
    )
    database.execute("INSERT INTO tag VALUES (1, 'brass')")
    database.execute(
        "INSERT INTO session (id, title, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) "
        "VALUES ('a0', 'horns', '2026-11-21', '', '', '', 'linear16', 48000, '', 1)"
    )
    assert in_order(database) == ["a0"]
    agrees(database)


async def test_what_is_saved_of_a_damaged_library_is_in_order(home: Home, tmp_path: Path) -> None:
    """Whatever stood in place of the positions."""
    await record(home, "a0", NOON)
    path = chats(tmp_path / "one.json", 1_700_000_000, 1_600_000_000)
    old = import_chats(home, path, now=NOON, progress=lambda done, total: None).new
    with opened(home.root) as database:
        database.execute("INSERT INTO tag SELECT number, 'brass' FROM session")
        database.execute("DROP TRIGGER session_position_update")
        database.execute("DROP INDEX session_position")
        database.execute("UPDATE session SET position = 7")
    new = Home.at(tmp_path / "new")
    salvage(home, new.root, now=NOON, new_id=lambda: "c0")
    assert (
        await found_ids(new, "horns") == await found_ids(new, "tag:brass") == ["a0", *reversed(old)]
    )
    with opened(new.root) as database:
        agrees(database)
    assert verify(new) == []


@pytest.mark.parametrize("position", [None, -(1 << 63), -5, 0, 1 << 42, 1 << 43, (1 << 63) - 1])
async def test_a_damaged_position_hides_no_other_session(home: Home, position: int | None) -> None:
    await record(home, "a0", NOON)
    await record(home, "a1", NOON)
    await record(home, "a2", NOON)
    with opened(home.root) as database:
        database.execute("UPDATE session SET position = ? WHERE id = 'a1'", (position,))
    for limit in (1, 2, 50):
        for search in ("horns", "after:2001", "horns provider:o"):
            assert [
                session_id
                for session_id in await found_ids(home, search, limit)
                if session_id != "a1"
            ] == [*("a2", "a0")]
        async with await StoredLibrary.open(home.root) as library:
            await library.sessions(search="horns", older_than="a1")


# --- old libraries -------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION))
async def test_every_older_library_is_found_by_time(home: Home, schema: int) -> None:
    home.create()
    with closing(connect(home)) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        database.execute("PRAGMA foreign_keys = ON")
        migrate(database, wall_clock, MIGRATIONS[:schema])
        for name, year in [("a0", 2026), ("a1", 2023), ("a2", 2024), ("a3", 2022)]:
            number = inserted_bare(database, name, year)
            if schema >= 4 and name != "a0":
                database.execute("INSERT INTO tag VALUES (?, 'brass')", (number,))
    assert await found_ids(home, "horns") == ["a0", "a2", "a1", "a3"]
    if schema >= 4:
        assert await found_ids(home, "tag:brass", 1) == ["a2", "a1", "a3"]
    with opened(home.root) as database:
        assert [*database.execute("SELECT id FROM session ORDER BY number")] == [
            *(("a0",), ("a1",), ("a2",), ("a3",))
        ]
        agrees(database)
    assert not [finding for finding in verify(home) if not finding.session_id]


def inserted_bare(database: sqlite3.Connection, session_id: str, year: int) -> int:
    """As the first schema has it."""
    number = database.execute(
        "INSERT INTO session (id, title, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version, ended) "
        "VALUES (?, '', ?, 'p', 'm', 'v', 'linear16', 48000, '', 1, 1)",
        (session_id, f"{year}-01-01T00:00:00.000+00:00"),
    ).lastrowid
    assert number is not None
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (?, ?, 0, 'user', 'horns', 0)",
        (turn_number(number, 0), number),
    )
    return number


def test_a_writer_of_before_goes_on_while_the_library_is_migrated(home: Home) -> None:
    """It knows the numbers of its rows, and has a turn that is not over."""
    home.create()
    with closing(connect(home)) as writer:
        writer.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA foreign_keys = ON")
        migrate(writer, wall_clock, MIGRATIONS[:BEFORE])
        inserted(writer, "b0", "2026-11-30T00:00:00.000+00:00")
        number = inserted(writer, "a0", "2026-11-21T12:00:00.000+00:00", "")
        open_library(home).close()
        writer.execute("UPDATE turn SET text = 'horns' WHERE number = ?", (turn_number(number, 0),))
        writer.execute(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (?, ?, 1, 'user', 'trumpets', 0)",
            (turn_number(number, 1), number),
        )
        writer.execute("UPDATE session SET title = 'About horns', turns = 2 WHERE id = 'a0'")
        writer.execute("INSERT INTO tag VALUES (?, 'brass')", (number,))
        inserted(writer, "c0", "2026-11-25T12:00:00.000+00:00")
        assert in_order(writer) == ["b0", "c0", "a0"]
        agrees(writer)
        hit = writer.execute(HITS_IN, ('"trumpets"', f"[{positions(writer)['a0']}]")).fetchall()
        assert hit == [(positions(writer)["a0"], (positions(writer)["a0"] << 20) + 1, 0)]


@pytest.mark.parametrize("looks", [1, len(STATEMENTS) // 2, len(STATEMENTS)])
def test_it_can_be_stopped_and_loses_nothing(database: sqlite3.Connection, looks: int) -> None:
    migrate(database, wall_clock, MIGRATIONS[:BEFORE])
    for nth in range(40):
        inserted(database, f"{nth:x}", f"20{60 - nth}-01-01T00:00:00+00:00")
    before = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(KeyboardInterrupt):
        migrate(database, wall_clock, progress=interrupting(looks))
    after = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    assert after == before
    migrate(database, wall_clock)
    assert in_order(database) == [f"{nth:x}" for nth in range(40)]
