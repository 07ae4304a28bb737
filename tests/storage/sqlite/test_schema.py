"""Schema: from blank and from every earlier schema, with rows, each step whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from gramophone.core.clock import wall_clock
from storage.sqlite.schema import (
    MIGRATIONS,
    SCHEMA_VERSION,
    Migration,
    migrate,
    schema_version,
    turn_number,
)
from storage.sqlite.time_order import position_of
from tests.support.migrations import interrupting


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def schema_of(database: sqlite3.Connection) -> list[tuple[str, str]]:
    return database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_numbers_run_from_one_without_a_gap() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, SCHEMA_VERSION + 1))


def test_a_blank_database_gets_every_step_with_its_record(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    assert schema_version(database) == SCHEMA_VERSION
    recorded = database.execute("SELECT number, name FROM migration ORDER BY number").fetchall()
    assert recorded == [(migration.number, migration.name) for migration in MIGRATIONS]


def test_migrating_again_changes_nothing(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    before = schema_of(database)
    migrate(database, wall_clock)
    assert schema_of(database) == before


def test_schema_1_with_rows_gets_its_index_and_its_counters(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock, MIGRATIONS[:1])
    database.execute(
        "INSERT INTO session (number, id, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) "
        "VALUES (1, 'a0', '2026-11-21', 'p', 'm', 'v', 'linear16', 48000, '', 1)"
    )
    database.executemany(
        "INSERT INTO turn (number, session, turn, role, text, started_us, samples) "
        "VALUES (?, 1, ?, 'assistant', ?, 0, 480)",
        [(turn_number(1, 0), 0, "older words"), (turn_number(1, 1), 1, "later words")],
    )
    migrate(database, wall_clock)
    hits = database.execute(
        "SELECT rowid FROM turn_text WHERE turn_text MATCH 'words' ORDER BY rowid DESC"
    ).fetchall()
    position = position_of("2026-11-21T00:00+00:00")
    assert hits == [(turn_number(position, 1),), (turn_number(position, 0),)]
    assert database.execute("SELECT turns, spoken_samples FROM session").fetchall() == [(2, 960)]


@pytest.mark.parametrize("older", range(1, SCHEMA_VERSION))
def test_every_older_schema_with_rows_gets_what_later_ones_add(
    older: int, database: sqlite3.Connection
) -> None:
    migrate(database, wall_clock, MIGRATIONS[:older])
    database.execute(
        "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version, recovered) VALUES "
        "(1, 'a0', 'Older title', '2026-11-21', 'p', 'm', 'v', 'linear16', 48000, '', 1, 1)"
    )
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (?, 1, 0, 'user', 'older words', 0)",
        (turn_number(1, 0),),
    )
    migrate(database, wall_clock)
    for table, word in (("turn_text", "words"), ("session_title", "title")):
        query = f"SELECT count(*) FROM {table} WHERE {table} MATCH ?"
        assert database.execute(query, (word,)).fetchone() == (1,)
        database.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
    defaults = "SELECT renamed, pinned, archived, discarded_at, recovered, title FROM session"
    assert database.execute(defaults).fetchall() == [(0, 0, 0, None, 1, "Older title")]
    assert database.execute("SELECT * FROM tag").fetchall() == []


def test_the_schema_is_the_same_from_blank_and_step_by_step(database: sqlite3.Connection) -> None:
    migrate(database, wall_clock)
    stepped = sqlite3.connect(":memory:", isolation_level=None)
    for step in range(1, SCHEMA_VERSION + 1):
        migrate(stepped, wall_clock, MIGRATIONS[:step])
    assert schema_of(stepped) == schema_of(database)
    stepped.close()


def test_a_step_that_fails_leaves_nothing_behind(database: sqlite3.Connection) -> None:
    broken = Migration(1, "broken", ("CREATE TABLE half (x)", "CREATE TABLE half (x)"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, wall_clock, [broken])
    assert schema_version(database) == 0
    assert schema_of(database) == []


# --- how far it is --------------------------------------------------------------------------------

COUNTING = (
    "CREATE TABLE n AS WITH RECURSIVE up (v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM up "
    "WHERE v < 2000000) SELECT max(v) FROM up"
)


def test_it_tells_how_far_it_is(database: sqlite3.Connection) -> None:
    reports: list[tuple[int, int]] = []
    migrate(database, wall_clock, progress=lambda done, total: reports.append((done, total)))
    total = sum(len(migration.statements) for migration in MIGRATIONS)
    assert sorted(set(reports)) == [(done, total) for done in range(total)]


def test_a_long_statement_is_told_of_while_it_runs(database: sqlite3.Connection) -> None:
    reports: list[tuple[int, int]] = []
    long = [Migration(1, "long", (COUNTING,))]
    migrate(database, wall_clock, long, progress=lambda done, total: reports.append((done, total)))
    assert len(reports) > 2
    assert set(reports) == {(0, 1)}


@pytest.mark.parametrize("looks", [1, 2, 5])
def test_it_can_be_stopped_and_loses_nothing(database: sqlite3.Connection, looks: int) -> None:
    """In the middle of a statement, too."""
    migrate(database, wall_clock, MIGRATIONS[:1])
    before = schema_of(database)
    two = [MIGRATIONS[0], Migration(2, "two", ("CREATE TABLE one (v)", COUNTING))]
    with pytest.raises(KeyboardInterrupt):
        migrate(database, wall_clock, two, progress=interrupting(looks))
    assert schema_version(database) == 1
    assert schema_of(database) == before
    migrate(database, wall_clock, two)
    assert schema_version(database) == 2
