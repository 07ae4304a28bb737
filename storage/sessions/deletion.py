"""Deleting a session for good: its rows, its words in the search index, its files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

from gramophone.core.errors import LibraryUnwritable, StorageError
from storage.home import Home
from storage.maintenance.orphaned_audio import DELETED, mark_deleted
from storage.sqlite.database import connect, transaction
from storage.sqlite.disk_reserve import make_room
from storage.sqlite.error_messages import is_full, storage_error, storage_errors
from storage.sqlite.locks import SessionLock

# To rewrite the search index costs seconds in a huge library, during which nobody can record.
_MOST_TURNS_TO_TIDY = 20_000
_EVENTS_A_STEP = 200


def delete_sessions(home: Home, ids: Sequence[str]) -> None:
    """Remove sessions that nobody records, one after another.

    Rows go first: after a crash in between there are files without rows, marked as deleted for
    `gc`, and never rows that name nothing. On a full disk, where rows cannot be written, the sound
    goes first: its room is what the rows need.

    Raises:
        StorageError: one is being recorded, or cannot be removed.
    """
    if not ids:
        return
    with storage_errors(home):
        make_room(home)
        try:
            _delete_all(home, ids)
        except (OSError, sqlite3.Error) as error:
            if not is_full(error, home):
                raise
            _delete_without_room(home, ids)


def _delete_all(home: Home, ids: Sequence[str]) -> None:
    database = _connect(home)
    try:
        for session_id in ids:
            with _locked(home, session_id):
                _delete(home, database, session_id)
        _forget(database)
    finally:
        database.close()


def _delete(home: Home, database: sqlite3.Connection, session_id: str) -> None:
    directory = home.session_audio(session_id)
    if directory.exists():
        mark_deleted(directory)
    try:
        with transaction(database):
            # Turns, events, pictures and tags go with it; triggers take its words out of the
            # indices.
            database.execute("DELETE FROM session WHERE id = ?", (session_id,))
    except BaseException:
        with suppress(OSError):
            (directory / DELETED).unlink(missing_ok=True)
        raise
    _remove_sound(home, session_id)


def _delete_without_room(home: Home, ids: Sequence[str]) -> None:
    for session_id in ids:
        with _locked(home, session_id):
            _remove_sound(home, session_id)
            try:
                database = _connect(home)
                try:
                    _delete_in_steps(database, session_id)
                finally:
                    database.close()
            except (OSError, sqlite3.Error) as error:
                if not is_full(error, home):
                    raise
                raise LibraryUnwritable(
                    f"The sound of the session {session_id} is removed, but there is no room in "
                    f"{home.root} to remove its text; free some space and delete it again.",
                    reading=str(storage_error(error, home)),
                    full=True,
                ) from error


def _delete_in_steps(database: sqlite3.Connection, session_id: str) -> None:
    """Remove a session's rows by small transactions, so that the log stays small."""
    (number,) = database.execute(
        "SELECT number FROM session WHERE id = ?", (session_id,)
    ).fetchone() or (None,)
    removed = 1 if number is not None else 0
    while removed:
        with transaction(database):
            removed = database.execute(
                "DELETE FROM event WHERE session = :session AND seq IN (SELECT seq FROM event "
                "WHERE session = :session ORDER BY seq LIMIT :most)",
                {"session": number, "most": _EVENTS_A_STEP},
            ).rowcount
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for (picture,) in database.execute(
        "SELECT number FROM picture WHERE session = ?", (number,)
    ).fetchall():
        with transaction(database):
            database.execute("DELETE FROM picture WHERE number = ?", (picture,))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with transaction(database):
        database.execute("DELETE FROM session WHERE id = ?", (session_id,))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _connect(home: Home) -> sqlite3.Connection:
    database = connect(home)
    try:
        database.execute("PRAGMA foreign_keys = ON")
        # Overwritten with zeros, not only marked as free.
        database.execute("PRAGMA secure_delete = ON")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _locked(home: Home, session_id: str) -> Generator[None]:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        raise StorageError(
            f"The session {session_id} is being recorded; end it before deleting it."
        )
    try:
        yield
    finally:
        lock.release()


def _remove_sound(home: Home, session_id: str) -> None:
    directory = home.session_audio(session_id)
    if directory.exists():
        shutil.rmtree(directory)


# Full-text segments are never changed: a deleted row adds a mark that its words are gone, and the
# words themselves stay in the older segment until segments are merged. `optimize` merges all into
# one. The log has the old pages as well, until a checkpoint that truncates it.
def _forget(database: sqlite3.Connection) -> None:
    """Make the words leave old segments of the index and the log, where that is quick."""
    turns = database.execute("SELECT coalesce(sum(turns), 0) FROM session").fetchone()[0]
    if turns <= _MOST_TURNS_TO_TIDY:
        database.execute("INSERT INTO turn_text (turn_text) VALUES ('optimize')")
        database.execute("INSERT INTO session_title (session_title) VALUES ('optimize')")
    # Does what it can while others read; the rest happens at their next checkpoint.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
