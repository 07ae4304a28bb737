"""Opening `library.db`: one way for the writer, one for readers.

Connections are in autocommit mode: whoever wants a transaction begins it, with `transaction`.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

from gramophone.core.clock import wall_clock as system_wall_clock
from storage.home import Home, make_private_file
from storage.sqlite.disk_reserve import keep_reserve
from storage.sqlite.error_messages import corrupt, storage_errors, too_new, without_locks
from storage.sqlite.file_system import Support, support
from storage.sqlite.read_access import address_to_read
from storage.sqlite.schema import SCHEMA_VERSION, migrate, schema_version
from storage.sqlite.search_index import register

_BUSY_S = 15.0
_NOT_TO_BE_WRITTEN = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
)
_log = logging.getLogger(__name__)
APPLICATION_ID = 0x4752414D  # "GRAM": `file` and a curious user can tell what this is.
_WAL_ATTEMPTS = 50


def open_library(
    home: Home,
    wall_clock: Callable[[], datetime] = system_wall_clock,
    progress: Callable[[int, int], None] | None = None,
) -> sqlite3.Connection:
    """A writing connection to the library, made and migrated where needed; see `migrate` for
    `progress`.

    Raises:
        LibraryTooNew: a newer version wrote it.
        LibraryCorrupt: it is damaged; nothing was changed.
        StorageError: it cannot be read or written.
    """
    with storage_errors(home):
        home.create()
        _refuse_orphaned_log(home)
        # Made here, because SQLite would make it readable by others; -wal and -shm follow it.
        make_private_file(home.database)
        abilities = support(home.root)
        if not abilities.locks:
            raise without_locks(home, abilities)
        database = connect(home)
        try:
            if abilities.write_ahead:
                _check_origin(database, home)
                _write_ahead(database)
            else:
                _roll_back(database, home, abilities)
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            migrate(database, wall_clock, progress=progress)
        except BaseException:
            database.close()
            raise
    keep_reserve(home)
    return database


# Why nobody but SQLite opens library.db, -wal or -shm in this process, not even to read: SQLite
# locks with POSIX record locks (fcntl), which belong to process and file and not to a descriptor.
# Closing *any* descriptor of a file drops all locks that the process holds on it, those of another
# connection in another thread included; two programs may then write at once. SQLite puts off its
# own closing for that reason, and cannot see ours. So the empty file is made before anybody
# connects (`make_private_file`), modes are set without a descriptor (`tighten`), a snapshot is made
# by VACUUM INTO, a plain copy by another process (`read_access`), and a path that a user names is
# compared with `DATABASE_FILES` before it is opened.
def connect(home: Home) -> sqlite3.Connection:
    """A plain connection in autocommit mode; may be handed to another thread, not shared."""
    database = sqlite3.connect(
        home.database, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    register(database)
    return database


def connect_to_read(home: Home) -> sqlite3.Connection:
    """A connection that only reads, also where nothing can be written.

    Raises:
        sqlite3.Error: the library cannot be read.
    """
    return _connect_to_read(home)[0]


def readable(home: Home) -> tuple[bool, str]:
    """Whether a library of this version is there that can be read without writing, and a URI for
    SQLite to read it by; an empty one if the plain path does.

    Raises:
        LibraryTooNew: a newer version wrote it.
        sqlite3.Error: it cannot be read.
    """
    if not home.database.exists() or not home.database.stat().st_size:
        return False, ""
    database, address = _connect_to_read(home)
    try:
        version = schema_version(database)
        is_ours = database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    finally:
        database.close()
    if is_ours and version > SCHEMA_VERSION:
        raise too_new(home, version, SCHEMA_VERSION)
    return is_ours and version == SCHEMA_VERSION, address


def _connect_to_read(home: Home) -> tuple[sqlite3.Connection, str]:
    database, address = connect(home), ""
    try:
        schema_version(database)
    except sqlite3.DatabaseError as error:
        # Damage is met again, and told, by whoever reads.
        if error.sqlite_errorcode & 0xFF in _NOT_TO_BE_WRITTEN:
            database.close()
            address = address_to_read(home)
            if not address:
                raise
            database = sqlite3.connect(
                address, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        elif error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            database.close()
            raise
    database.execute("PRAGMA query_only = ON")
    return database, address


# With a write-ahead log readers see the database as it was when they began and never wait for the
# writer. Writers wait for each other, up to `_BUSY_S`, but only at the beginning: a transaction
# that begins by reading and wants to write later is refused at once if somebody wrote in between,
# because what it read is not the newest any more. BEGIN IMMEDIATE takes the lock for writing first.
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
    version = schema_version(database)
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    origin = database.execute("PRAGMA application_id").fetchone()[0]
    if tables and origin != APPLICATION_ID:
        raise corrupt(home, "it is not a library of Gramophone")
    if version > SCHEMA_VERSION:
        raise too_new(home, version, SCHEMA_VERSION)
    if not tables:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")


# The index of a write-ahead log (-shm) is memory that all processes map. Machines that share a
# network file system do not share memory, so each would have an index of its own and damage what
# the other wrote. A rollback journal needs file locks only.
def _roll_back(database: sqlite3.Connection, home: Home, abilities: Support) -> None:
    """Keep a rollback journal, where a write-ahead log would not be shared."""
    # Without shared memory a library with a log opens for one connection alone.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    _check_origin(database, home)
    before = database.execute("PRAGMA journal_mode").fetchone()[0]
    is_new = not schema_version(database)
    database.execute("PRAGMA journal_mode = DELETE").fetchone()
    database.execute("PRAGMA locking_mode = NORMAL").fetchone()
    # The next look at the database gives the lock back.
    schema_version(database)
    if before == "wal" or is_new:
        _log.warning("%s", journal_sentence(home, abilities))


def journal_sentence(home: Home, abilities: Support) -> str:
    """One sentence on why the library keeps a rollback journal; empty if it does not."""
    if abilities.write_ahead:
        return ""
    if abilities.network:
        why = f"lies on a network file system ({abilities.network})"
    else:
        why = "lies on a file system without shared memory"
    return (
        f"The library in {home.root} {why}, so it keeps a rollback journal instead of a "
        "write-ahead log: slower, and one program waits for the other. GRAMOPHONE_HOME can name a "
        "directory on a local disk."
    )


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
