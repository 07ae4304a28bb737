"""Rows of a new library for what an old one has lost: a part of `salvage`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from gramophone.core.errors import StorageError
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    SessionEnded,
    SessionStarted,
    TurnCompleted,
    TurnStarted,
)
from storage.audio.turn_audio import stored_form
from storage.audio.wav import WavFormat
from storage.home import is_session_id
from storage.maintenance.sqlite_pages import PageRow
from storage.recording.recovery import RECOVERED
from storage.sqlite import rows
from storage.sqlite.database import transaction
from storage.sqlite.schema import FORMAT_VERSION

_NAMES = ("session", "turn", "event", "tag", "picture")
_UNKNOWN = WavFormat("linear16", 48_000)

_INCOMPLETE = """
    SELECT number FROM session WHERE
        turns <> (SELECT count(*) FROM turn WHERE turn.session = session.number)
        OR (SELECT count(*) <> max(seq) + 1 FROM event WHERE event.session = session.number)
        OR NOT EXISTS (SELECT 1 FROM event WHERE event.session = session.number)
"""
_HOMELESS = """
    SELECT session FROM turn UNION SELECT session FROM event
    EXCEPT SELECT number FROM session
"""


class Tables:
    """Inserts rows of this or an older schema: columns are only ever added at the end. Positions
    are made again, because damaged ones may be taken."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._columns: dict[str, list[str]] = {
            table: [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            for table in _NAMES
        }

    def insert(self, table: str, row: PageRow) -> bool:
        """Whether the row fits and is not there yet."""
        values = dict(zip(self._columns[table], row.values, strict=False))
        if row.rowid is not None:
            values["number"] = row.rowid
        values.pop("position", None)
        marks = ", ".join("?" * len(values))
        try:
            cursor = self._database.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(values)}) VALUES ({marks})",
                [*values.values()],
            )
        except (sqlite3.Error, OverflowError, UnicodeEncodeError):
            return False
        return cursor.rowcount == 1


def complete_sessions(
    database: sqlite3.Connection, now: datetime, new_id: Callable[[], str]
) -> int:
    """Make rows of sessions that have only turns or events, and leave everything that is not whole
    to the repair at start; the number of sessions that were made."""
    with transaction(database):
        count = 0
        for (number,) in database.execute(_HOMELESS).fetchall():
            if isinstance(number, int) and 0 < number < 1 << 43:
                _insert_homeless(database, number, now, new_id)
                count += 1
        for table in ("turn", "event", "tag", "picture"):
            database.execute(
                f"DELETE FROM {table} WHERE session NOT IN (SELECT number FROM session)"
            )
        database.execute(
            f"UPDATE session SET ended = 0, recovered = 0 WHERE number IN ({_INCOMPLETE})"
        )
        for number, encoding, rate in database.execute(
            "SELECT number, encoding, sample_rate_hz FROM session"
        ).fetchall():
            try:
                WavFormat(encoding, rate)
            except StorageError:
                _set_form(database, number, _UNKNOWN)
    return count


def _insert_homeless(
    database: sqlite3.Connection, number: int, now: datetime, new_id: Callable[[], str]
) -> None:
    started = _started(database, number)
    session_id = started.get("session_id")
    same_id = database.execute("SELECT 1 FROM session WHERE id = ?", (str(session_id),)).fetchone()
    if not isinstance(session_id, str) or not is_session_id(session_id) or same_id:
        session_id = new_id()
    rate = started.get("sample_rate_hz")
    _insert(
        database,
        session_id,
        _stamp(now),
        str(started.get("encoding", _UNKNOWN.encoding)),
        rate if isinstance(rate, int) else _UNKNOWN.sample_rate_hz,
        number=number,
        names=tuple(str(started.get(name, "")) for name in ("provider", "model", "voice")),
    )


def _started(database: sqlite3.Connection, number: int) -> dict[str, object]:
    """Fields of the session's first event."""
    row = database.execute(
        "SELECT detail FROM event WHERE session = ? AND kind = 'SessionStarted' LIMIT 1", (number,)
    ).fetchone()
    try:
        fields: object = json.loads(row[0]) if row and row[0] else {}
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", fields) if isinstance(fields, dict) else {}


def insert_stray(
    database: sqlite3.Connection, session_id: str, files: Sequence[Path], now: datetime
) -> None:
    """A session of sound alone, begun when the oldest of its files was written last; the repair at
    start makes its turns."""
    began = min(path.stat().st_mtime for path in files)
    form = next((form for path in files if (form := stored_form(path))), _UNKNOWN)
    created_at = _stamp(min(now, datetime.fromtimestamp(max(0.0, began), UTC)))
    title = f"Recovered sound of {created_at[:10]}"
    _insert(database, session_id, created_at, form.encoding, form.sample_rate_hz, title=title)


def insert_stray_events(database: sqlite3.Connection, session_id: str) -> None:
    """The timeline of a session of sound alone, whose turns are there: one turn is heard after
    another."""
    number, encoding, rate_hz = database.execute(
        "SELECT number, encoding, sample_rate_hz FROM session WHERE id = ?", (session_id,)
    ).fetchone()
    form = WavFormat(encoding, rate_hz)
    turns = database.execute(
        "SELECT turn, samples, own_rate_hz FROM turn WHERE session = ? ORDER BY turn", (number,)
    ).fetchall()
    began = SessionStarted(
        at_us=0,
        session_id=session_id,
        provider="",
        model="",
        voice="",
        encoding=encoding,
        sample_rate_hz=rate_hz,
        system_prompt="",
    )
    events: list[Event] = [began]
    at_us = 0
    with transaction(database):
        for turn, samples, own_rate_hz in turns:
            events += _heard(turn, samples, form, own_rate_hz or 0, at_us)
            database.execute(
                "UPDATE turn SET started_us = ?, completed_us = ? WHERE session = ? AND turn = ?",
                (at_us, events[-1].at_us, number, turn),
            )
            at_us = events[-1].at_us
        events.append(SessionEnded(at_us=at_us))
        database.executemany(
            rows.INSERT, (rows.row_of(event, number, seq) for seq, event in enumerate(events))
        )


def _heard(
    turn: int, samples: int, session_form: WavFormat, own_rate_hz: int, at_us: int
) -> Generator[Event]:
    """A turn that was received at once, a second of sound a frame, and played to its end."""
    form = session_form.at_rate(own_rate_hz)
    yield TurnStarted(at_us=at_us, turn=turn, role="assistant")
    size_bytes, frame_bytes = samples * form.sample_bytes, form.sample_rate_hz * form.sample_bytes
    for offset_bytes in range(0, size_bytes, frame_bytes):
        yield AudioReceived(
            at_us=at_us,
            turn=turn,
            connection=0,
            offset_bytes=offset_bytes,
            size_bytes=min(frame_bytes, size_bytes - offset_bytes),
            sample_rate_hz=own_rate_hz,
        )
    yield PlaybackStarted(at_us=at_us, turn=turn, device="")
    at_us += samples * 1_000_000 // form.sample_rate_hz
    yield PlaybackFinished(at_us=at_us, turn=turn, played_samples=samples)
    yield TurnCompleted(at_us=at_us, turn=turn, role="assistant", text="", finish_reason=RECOVERED)


def _insert(
    database: sqlite3.Connection,
    session_id: str,
    created_at: str,
    encoding: str,
    sample_rate_hz: int,
    *,
    number: int | None = None,
    title: str = "",
    names: tuple[str, ...] = ("", "", ""),
) -> None:
    database.execute(
        "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
        (
            *(number, session_id, title, created_at, *names),
            *(encoding, sample_rate_hz, FORMAT_VERSION),
        ),
    )


def _set_form(database: sqlite3.Connection, number: int, form: WavFormat) -> None:
    database.execute(
        "UPDATE session SET encoding = ?, sample_rate_hz = ? WHERE number = ?",
        (form.encoding, form.sample_rate_hz, number),
    )


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
