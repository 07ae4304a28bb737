"""Taking up a stored session: its lock, its state for the writer, and where its timeline goes on.

The lock is held from here on, before anything is written, so that nobody else adds to the session,
repairs or deletes it in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from gramophone.core.errors import SessionNotResumable
from gramophone.core.frozen import frozen
from gramophone.library.library import SessionRecord
from storage.audio.wav import WavFormat
from storage.home import Home
from storage.recording.recovery import OpenSession, recover_held
from storage.recording.session_state import SessionState, TurnRowState
from storage.sessions import records
from storage.sessions.listing import not_found
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock

SEAM_US = 1_000_000
"""Time between the last event of one stretch and the first of the next."""

_LATEST_US = 1 << 60
_HELD = "This session is open already, here or in another program, and only one can add to it."
_BAD_TIMES = "The times of this session are damaged, so nothing can be added to it."


@frozen
class ResumePoint:
    """Point from which a stored session goes on: the time of its next event, the next free numbers;
    `pictures` are the files of its pictures by their SHA-256."""

    record: SessionRecord
    pictures: Mapping[str, bytes]
    start_us: int
    next_turn: int
    next_connection: int


@frozen
class ResumedRecording:
    """A session that was taken up; `state` holds its lock."""

    state: SessionState
    point: ResumePoint


def take_up(home: Home, database: sqlite3.Connection, session_id: str) -> ResumedRecording:
    """Lock a stored session, repair it if its process was killed, and read how far it came.

    Raises:
        SessionNotFound: there is no such session.
        SessionNotResumable: it is open elsewhere, or its times are damaged.
        StorageError: the library cannot be read or written.
    """
    with storage_errors(home):
        row = database.execute(records.SESSION, (session_id,)).fetchone()
        if row is None:
            raise not_found(session_id)
        number, encoding, sample_rate_hz = row[0], row[-1], row[6]
        form = WavFormat(encoding, sample_rate_hz)
        lock = SessionLock.take(home, session_id)
        if lock is None:
            raise SessionNotResumable(_HELD)
        try:
            recover_held(home, database, OpenSession(number, session_id, form))
            state = SessionState(number, session_id, form, lock)
            return ResumedRecording(state, _read(home, database, state))
        except BaseException:
            lock.release()
            raise


def _read(home: Home, database: sqlite3.Connection, state: SessionState) -> ResumePoint:
    """Fill the state from the rows; where the timeline goes on.

    Raises:
        SessionNotResumable: the times of the rows are damaged.
    """
    row = database.execute(records.SESSION, (state.id,)).fetchone()
    turns, asides, pictures, settings = (
        database.execute(query, (state.number,)).fetchall()
        for query in (records.TURNS, records.ASIDES, records.PICTURES, records.SETTINGS)
    )
    record = records.session_record(row, turns, asides, pictures, settings, home)
    last_seq, last_us, last_connection, last_turn = database.execute(
        "SELECT coalesce(max(seq), -1), coalesce(max(at_us), 0), coalesce(max(connection), -1), "
        "coalesce(max(turn), -1) FROM event WHERE session = ?",
        (state.number,),
    ).fetchone()
    if not 0 <= last_us < _LATEST_US:
        raise SessionNotResumable(_BAD_TIMES)
    state.seq = last_seq + 1
    _fill(database, state)
    state.title = record.summary.title
    state.title_is_whole = bool(state.title)
    state.listed = state.summary()
    return ResumePoint(
        record=record,
        pictures=dict(database.execute(records.PICTURE_FILES, (state.number,))),
        start_us=last_us + SEAM_US,
        next_turn=max([last_turn, *state.turns]) + 1,
        next_connection=last_connection + 1,
    )


def _fill(database: sqlite3.Connection, state: SessionState) -> None:
    """Make the turns known that have rows: they can be taken back, and count in the list."""
    stored = database.execute(
        "SELECT turn, role, finish_reason, started_us, completed_us, samples, withdrawn, "
        "coalesce(own_rate_hz, 0) "
        "FROM turn WHERE session = ? ORDER BY turn",
        (state.number,),
    )
    for turn, role, finish_reason, started_us, completed_us, samples, withdrawn, rate_hz in stored:
        state.turns[turn] = TurnRowState(
            turn,
            "user" if role == "user" else "assistant",
            "",
            started_us,
            finish_reason=finish_reason,
            completed_us=started_us if completed_us is None else completed_us,
            samples=samples,
            withdrawn=bool(withdrawn),
            own_rate_hz=rate_hz,
            stored=True,
        )
