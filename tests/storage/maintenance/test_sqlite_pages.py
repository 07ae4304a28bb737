"""Pages of a database that SQLite wrote are read as SQLite reads them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.maintenance.sqlite_pages import DatabasePages, PageRow

SHAPES = ("t (number INTEGER PRIMARY KEY, a, b)", "t (a INT, b, c, PRIMARY KEY (a)) WITHOUT ROWID")


def written(path: Path, shape: str, rows: Sequence[tuple[Any, ...]], page_bytes: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {page_bytes}")
        database.execute(f"CREATE TABLE {shape}")
        database.executemany("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", rows)


def read(path: Path) -> list[PageRow]:
    with DatabasePages(path, path.with_name(f"{path.name}-wal")) as pages:
        rows = list(pages.rows())
        assert pages.lost_cells == 0
    # The schema's own rows have five columns.
    return [row for row in rows if len(row.values) == 3]


VALUES = st.one_of(
    st.none(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.binary(max_size=40),
    st.integers(0, 20_000).map(lambda size: "ö" * size),
)
ROWS = st.lists(
    st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), VALUES, VALUES),
    max_size=60,
    unique_by=lambda row: row[0],
)


@pytest.mark.parametrize("shape", SHAPES)
@given(rows=ROWS, page_bytes=st.sampled_from([512, 1024, 4096, 65_536]))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_rows_are_read_as_sqlite_has_them(
    tmp_path: Path, shape: str, rows: list[tuple[Any, ...]], page_bytes: int
) -> None:
    path = tmp_path / "database"
    path.unlink(missing_ok=True)
    written(path, shape, rows, page_bytes)
    read_rows = read(path)
    shown_rows = [
        (row.rowid if row.rowid is not None else row.values[0], *row.values[1:])
        for row in read_rows
    ]
    # A number that is whole is stored as an integer; it compares as equal.
    assert sorted(shown_rows, key=lambda row: int(str(row[0]))) == sorted(
        rows, key=lambda row: row[0]
    )


def test_what_the_log_has_committed_counts_and_nothing_else(tmp_path: Path) -> None:
    path, copy = tmp_path / "database", tmp_path / "copy"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA cache_size = 2")
        database.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, a, b)")
        database.execute("INSERT INTO t VALUES (1, 'old', 2)")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("UPDATE t SET a = 'new'")
        database.execute("INSERT INTO t VALUES (2, ?, 3)", ("x" * 100_000,))
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO t VALUES (?, ?, 0)", [(number, "z" * 3_000) for number in range(3, 300)]
        )
        for end in ("", "-wal"):
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")
        database.execute("ROLLBACK")
    assert (tmp_path / "copy-wal").stat().st_size > 500_000, "the transaction is in the log"
    assert [(row.rowid, row.values[1:]) for row in read(copy)] == [
        (1, ("new", 2)),
        (2, ("x" * 100_000, 3)),
    ]


def test_what_was_deleted_stays_deleted(tmp_path: Path) -> None:
    path = tmp_path / "database"
    written(path, SHAPES[0], [(number, "secret" * 200, 0) for number in range(300)], 4096)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("DELETE FROM t WHERE number > 0")
    assert [row.rowid for row in read(path)] == [0]
    assert b"secret" in path.read_bytes()[8192:]


@given(data=st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80
)
def test_no_damage_makes_it_fail(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "database"
    if not path.exists():
        rows = [(number, "word " * (number * 7), number) for number in range(200)]
        written(path, SHAPES[0], rows, 1024)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with DatabasePages(damaged, tmp_path / "no log") as pages:
        assert len(list(pages.rows())) <= 100_000
