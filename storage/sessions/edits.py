"""Edits of sessions: titles, tags, pins, the archive, discarding. Runs in a thread.

Each change is one transaction on a connection of its own, beside the recorder's.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from gramophone.core.errors import StorageError
from gramophone.library.tags import tag_name
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line
from storage.home import Home
from storage.sessions.deletion import delete_sessions
from storage.sessions.listing import not_found
from storage.sessions.titles import title_of
from storage.sqlite.database import connect, transaction
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock
from storage.sqlite.rows import plain

LONGEST_TITLE = 200
FORGOTTEN_AFTER = timedelta(days=1)
"""What a killed app discarded is removed when it is older than this."""

_CHOSEN = "id IN (SELECT value FROM json_each(?)) AND discarded_at IS NULL"
_Work: TypeAlias = Callable[[sqlite3.Connection], None]
_log = logging.getLogger(__name__)


def rename(home: Home, session_id: str, title: str) -> None:
    """Set a title that the recorder does not write over; none gives the session its own again."""
    clean = plain(cut(plain_line(title), LONGEST_TITLE)).rstrip()

    def work(database: sqlite3.Connection) -> None:
        changed = database.execute(
            "UPDATE session SET title = ?, renamed = ? WHERE id = ? AND discarded_at IS NULL",
            (clean or _first_words(database, session_id), bool(clean), session_id),
        )
        _require(changed, [session_id])

    _change(home, work)


def tag(home: Home, ids: Sequence[str], add: Iterable[str], remove: Iterable[str]) -> None:
    """Give the sessions tags and take some from them."""
    added = [name for text in add if (name := tag_name(text))]
    removed = [name for text in remove if (name := tag_name(text))]

    def work(database: sqlite3.Connection) -> None:
        chosen = database.execute(f"SELECT number FROM session WHERE {_CHOSEN}", (json.dumps(ids),))
        numbers = [number for (number,) in chosen]
        if ids and not numbers:
            raise not_found(ids[0])
        database.executemany(
            "DELETE FROM tag WHERE session = ? AND name = ?",
            [(number, name) for number in numbers for name in removed],
        )
        database.executemany(
            "INSERT OR IGNORE INTO tag VALUES (?, ?)",
            [(number, plain(name)) for number in numbers for name in added],
        )

    _change(home, work)


def mark(home: Home, ids: Sequence[str], column: str, value: bool) -> None:
    """Set `pinned` or `archived` of the sessions."""
    assert column in ("pinned", "archived")

    def work(database: sqlite3.Connection) -> None:
        changed = database.execute(
            f"UPDATE session SET {column} = ? WHERE {_CHOSEN}", (value, json.dumps(ids))
        )
        _require(changed, ids)

    _change(home, work)


def discard(home: Home, ids: Sequence[str], now: datetime) -> None:
    """Hide the sessions until they are restored or removed.

    Raises:
        StorageError: one is being recorded, and none is hidden; or none is there.
    """
    with storage_errors(home):
        for session_id in ids:
            lock = SessionLock.take(home, session_id)
            if lock is None:
                raise StorageError(
                    f"The session {session_id} is being recorded; end it before deleting it."
                )
            lock.release()

    def work(database: sqlite3.Connection) -> None:
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        changed = database.execute(
            f"UPDATE session SET discarded_at = ? WHERE {_CHOSEN}", (at, json.dumps(ids))
        )
        _require(changed, ids)

    _change(home, work)


def restore(home: Home, ids: Sequence[str]) -> None:
    """Show discarded sessions again."""

    def work(database: sqlite3.Connection) -> None:
        changed = database.execute(
            "UPDATE session SET discarded_at = NULL "
            "WHERE id IN (SELECT value FROM json_each(?)) AND discarded_at IS NOT NULL",
            (json.dumps(ids),),
        )
        _require(changed, ids)

    _change(home, work)


def purge_expired_discards(home: Home, database: sqlite3.Connection, now: datetime) -> None:
    """Remove what an app discarded that was killed before it could; a failure is logged."""
    before = (now - FORGOTTEN_AFTER).astimezone(UTC).isoformat(timespec="milliseconds")
    expired = database.execute(
        "SELECT id FROM session WHERE discarded_at < ?", (before,)
    ).fetchall()
    try:
        delete_sessions(home, [session_id for (session_id,) in expired])
    except StorageError as error:
        _log.warning("discarded sessions are not removed yet: %s", error)


def _change(home: Home, work: _Work) -> None:
    with storage_errors(home):
        database = connect(home)
        try:
            database.execute("PRAGMA foreign_keys = ON")
            with transaction(database):
                work(database)
        finally:
            database.close()


def _first_words(database: sqlite3.Connection, session_id: str) -> str:
    texts = database.execute(
        "SELECT turn.text FROM turn JOIN session ON session.number = turn.session "
        "WHERE session.id = ? ORDER BY turn.turn",
        (session_id,),
    )
    return next((title for (text,) in texts if (title := title_of(text))), "")


def _require(changed: sqlite3.Cursor, ids: Sequence[str]) -> None:
    if ids and not changed.rowcount:
        raise not_found(ids[0])
