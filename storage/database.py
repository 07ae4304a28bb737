"""Opening `library.db`: one way for the writer, one for readers.

Connections are in autocommit mode: whoever wants a transaction begins it, with `transaction`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

from gramophone.clock import wall_clock as system_wall_clock
from storage.failures import corrupt, sentences, too_new
from storage.home import Home, make_private_file
from storage.schema import SCHEMA_VERSION, migrate, schema_version
from storage.search_index import register

_BUSY_S = 15.0
APPLICATION_ID = 0x4752414D  # "GRAM": `file` and a curious user can tell what this is.
_WAL_ATTEMPTS = 50


def open_library(
    home: Home,
    wall_clock: Callable[[], datetime] = system_wall_clock,
    told: Callable[[int, int], None] | None = None,
) -> sqlite3.Connection:
    """A writing connection to the library, made and migrated where needed; see `migrate` for
    `told`.

    Raises:
        LibraryTooNew: a newer version wrote it.
        LibraryCorrupt: it is damaged; nothing was changed.
        StorageError: it cannot be read or written.
    """
    with sentences(home):
        home.create()
        _refuse_orphaned_log(home)
        # Made here, because SQLite would make it readable by others; -wal and -shm follow it.
        make_private_file(home.database)
        database = connect(home)
        try:
            _check_origin(database, home)
            _write_ahead(database)
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            migrate(database, wall_clock, told=told)
        except BaseException:
            database.close()
            raise
    return database


def connect(home: Home) -> sqlite3.Connection:
    """A plain connection in autocommit mode; may be handed to another thread, not shared."""
    database = sqlite3.connect(
        home.database, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    register(database)
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Generator[None]:
    """One writing transaction: whole or not at all."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _refuse_orphaned_log(home: Home) -> None:
    # SQLite deletes a write-ahead log whose database is missing or empty; there may be a
    # recording in it.
    empty = not home.database.exists() or home.database.stat().st_size == 0
    log = home.write_ahead_log
    if empty and log.exists() and log.stat().st_size > 0:
        raise corrupt(home, f"it is missing or empty, while {log.name} is not")


def _check_origin(database: sqlite3.Connection, home: Home) -> None:
    found = schema_version(database)
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    origin = database.execute("PRAGMA application_id").fetchone()[0]
    if tables and origin != APPLICATION_ID:
        raise corrupt(home, "it is not a library of Gramophone")
    if found > SCHEMA_VERSION:
        raise too_new(home, found, SCHEMA_VERSION)
    if not tables:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")


def _write_ahead(database: sqlite3.Connection) -> None:
    # Two programs that start at once on a new library may refuse each other the switch, and
    # SQLite does not wait for it by itself; every attempt waits for the other's lock.
    for attempt in range(_WAL_ATTEMPTS):
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == _WAL_ATTEMPTS - 1:
                raise
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
