"""A session's rows out of the database, as the lines of a bundle."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from gramophone.core.errors import StorageError, TimelineError
from gramophone.core.picture import MediaType
from gramophone.core.timeline import PictureAttached
from storage.bundle.lines import (
    FLAGS,
    SESSION_COLUMNS,
    TURN_COLUMNS,
    Values,
    event_line,
    turn_line,
)
from storage.home import Home
from storage.sessions.listing import not_found
from storage.sessions.records import PICTURE_FILE, PICTURES, events_of
from storage.sqlite import rows
from storage.sqlite.database import connect_to_read
from storage.sqlite.error_messages import storage_errors


class StoredSession:
    """One session, as the database had it when it was looked at first."""

    def __init__(self, database: sqlite3.Connection, session_id: str) -> None:
        self.id = session_id
        self._database = database
        row = database.execute(
            f"SELECT number, discarded_at, {', '.join(SESSION_COLUMNS)} FROM session WHERE id = ?",
            (session_id,),
        ).fetchone()
        if row is None:
            raise not_found(session_id)
        self.number, self.discarded_at, *columns = row
        self.values: Values = _flagged(SESSION_COLUMNS, columns)
        tags = database.execute(
            "SELECT name FROM tag WHERE session = ? ORDER BY name", (self.number,)
        )
        self.values["tags"] = [name for (name,) in tags]

    @property
    def unfinished(self) -> bool:
        """Whether it is being recorded still, or waits for its repair."""
        return not (self.values["ended"] or self.values["recovered"])

    def turns(self) -> Generator[Values]:
        """The turns in order; `sha256` is empty for one without sound."""
        cursor = self._database.execute(
            f"SELECT audio_file, {', '.join(TURN_COLUMNS)} FROM turn WHERE session = ? "
            "ORDER BY turn",
            (self.number,),
        )
        for audio_file, *columns in cursor:
            values = _flagged(TURN_COLUMNS, columns)
            if audio_file is None:
                values |= {"samples": 0, "sha256": ""}
            yield values

    def turn_lines(self) -> Generator[bytes]:
        """The part `turns.jsonl`, line by line."""
        for values in self.turns():
            yield turn_line(values) + b"\n"

    def event_lines(self) -> Generator[bytes]:
        """The part `events.jsonl`, line by line.

        Raises:
            StorageError: a row is damaged.
        """
        cursor = self._database.execute(
            f"SELECT seq, {rows.COLUMNS} FROM event WHERE session = ? ORDER BY seq", (self.number,)
        )
        for seq, *columns in cursor:
            try:
                yield event_line(rows.event_of(tuple(columns))) + b"\n"
            except (TimelineError, ValueError, TypeError) as error:
                raise StorageError(
                    f"Row {seq} of the session {self.id} is damaged, so no bundle can be made of "
                    "it; `--format jsonl` exports what can be read."
                ) from error

    def pictures(self) -> Generator[tuple[MediaType, str, bytes]]:
        """Type, SHA-256 and file of each picture, each once.

        Raises:
            StorageError: one is lost.
        """
        passed: set[str] = set()
        attached = self._database.execute(PICTURES, (self.number,)).fetchall()
        for event in events_of(attached):
            if not isinstance(event, PictureAttached) or event.sha256 in passed:
                continue
            passed.add(event.sha256)
            row = self._database.execute(PICTURE_FILE, (self.number, event.sha256)).fetchone()
            if row is None or hashlib.sha256(row[1]).hexdigest() != event.sha256:
                raise StorageError(
                    f"The picture {event.name} of turn {event.turn} is missing or not what was "
                    "attached; run `gramophone verify` to see what else is wrong."
                )
            yield event.media_type, event.sha256, row[1]

    def hashes(self) -> tuple[str, str]:
        """Of what was said and happened: the turns and the events."""
        return line_hash(self.turn_lines()), line_hash(self.event_lines())


@contextmanager
def stored_session(home: Home, session_id: str) -> Generator[StoredSession]:
    """The session while the block runs; later changes of it are not seen.

    Raises:
        StorageError: there is none, or it cannot be read.
    """
    with storage_errors(home):
        database = connect_to_read(home)
        try:
            database.execute("PRAGMA query_only = ON")
            database.execute("BEGIN")
            yield StoredSession(database, session_id)
        except sqlite3.OperationalError as error:
            if str(error).startswith("Could not decode"):
                raise StorageError(
                    f"A row of the session {session_id} is damaged; run `gramophone verify`."
                ) from error
            raise
        finally:
            database.close()


def line_hash(lines: Generator[bytes]) -> str:
    """SHA-256 over lines, in hexadecimal."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _flagged(names: tuple[str, ...], columns: list[Any]) -> Values:
    return {
        name: bool(value) if name in FLAGS else value
        for name, value in zip(names, columns, strict=True)
    }
