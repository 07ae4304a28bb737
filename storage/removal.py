"""Deleting a session for good: its rows, its words in the search index, its files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence

from gramophone.errors import StorageError
from storage.database import connect, transaction
from storage.failures import sentences
from storage.home import Home
from storage.locks import SessionLock
from storage.stray_sound import DELETED, mark_deleted

# To rewrite the search index costs seconds in a huge library, during which nobody can record.
_MOST_TURNS_TO_TIDY = 20_000


def delete_sessions(home: Home, ids: Sequence[str]) -> None:
    """Remove sessions that nobody records, one after another.

    Rows go first: after a crash in between there are files without rows, marked as deleted for
    `gc`, and never rows that name nothing.

    Raises:
        StorageError: one is being recorded, or cannot be removed.
    """
    if not ids:
        return
    with sentences(home):
        database = connect(home)
        try:
            database.execute("PRAGMA foreign_keys = ON")
            # Overwritten with zeros, not only marked as free.
            database.execute("PRAGMA secure_delete = ON")
            for session_id in ids:
                _delete(home, database, session_id)
            _forget(database)
        finally:
            database.close()


def _delete(home: Home, database: sqlite3.Connection, session_id: str) -> None:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        raise StorageError(
            f"The session {session_id} is being recorded; end it before deleting it."
        )
    directory = home.session_audio(session_id)
    try:
        if directory.exists():
            mark_deleted(directory)
        try:
            with transaction(database):
                # Events, turns and tags go with it; triggers take its words out of the indices.
                database.execute("DELETE FROM session WHERE id = ?", (session_id,))
        except BaseException:
            (directory / DELETED).unlink(missing_ok=True)
            raise
        if directory.exists():
            shutil.rmtree(directory)
    finally:
        lock.release()


def _forget(database: sqlite3.Connection) -> None:
    """Make the words leave old segments of the index and the log, where that is quick."""
    turns = database.execute("SELECT coalesce(sum(turns), 0) FROM session").fetchone()[0]
    if turns <= _MOST_TURNS_TO_TIDY:
        database.execute("INSERT INTO turn_text (turn_text) VALUES ('optimize')")
        database.execute("INSERT INTO session_title (session_title) VALUES ('optimize')")
    # Does what it can while others read; the rest happens at their next checkpoint.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
