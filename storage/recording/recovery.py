"""Repairs what a killed process left: run at start-up, before anything is listed.

Only sessions that did not end and whose lock nobody holds are touched, each in one transaction
of its own. Nothing is thrown away: sound that no row names yet is counted and hashed in, a WAV
without a turn gets one, and the write-ahead log is SQLite's own business.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from gramophone.analysis.metrics import MetricsFold
from gramophone.analysis.turn_text import TurnText
from gramophone.core.errors import LibraryCorrupt, LibraryUnwritable, StorageError, TimelineError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import AudioReceived, Event, TurnStarted
from storage.audio.turn_audio import FLAC, WAV, TurnSound, stored_form
from storage.audio.wav import WavFormat, WavWriter
from storage.home import Home
from storage.recording.session_rows import METRICS_COLUMNS, metrics_values
from storage.sessions.titles import title_of
from storage.sqlite import rows
from storage.sqlite.database import transaction
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import SPOKEN_SAMPLES, TURN_BITS, turn_number

RECOVERED = "recovered"
"""The finish reason of a turn that was not over when its process died."""

_log = logging.getLogger(__name__)


@frozen
class OpenSession:
    """A session that did not end."""

    number: int
    id: str
    form: WavFormat


@frozen
class _MeasuredSound:
    """The file of a turn's sound as it is on the disk."""

    name: str
    samples: int
    sha256: str
    sample_rate_hz: int


@frozen
class _RecoveredTurn:
    """A turn as its events have it; `last_us` is the time of its last event."""

    text: str
    heard_chars: int | None
    role: str
    last_us: int


# Repair trusts files more than rows, because sound is written before the row that names it: after a
# kill a file may go further than its rows, and never the other way round. Files are repaired before
# the transaction. If this process is killed, too, nothing is lost: a repaired header is repaired
# again to the same bytes, and the session still counts as open. The lock is taken first and the
# state read once more under it, since the recorder may have ended the session, or another program
# repaired it.
def recover(home: Home, database: sqlite3.Connection) -> list[str]:
    """Repair every session that no living process holds; returns the ids of those repaired.

    A session that cannot be repaired now (a full disk, a file without permission) is logged,
    left as it is, and tried again at the next start.

    Raises:
        LibraryCorrupt: the database is damaged.
    """
    with storage_errors(home):
        sessions = database.execute(
            "SELECT number, id, encoding, sample_rate_hz FROM session "
            "WHERE ended = 0 AND recovered = 0 ORDER BY number"
        ).fetchall()
    repaired: list[str] = []
    for number, session_id, encoding, sample_rate_hz in sessions:
        try:
            with storage_errors(home):
                session = OpenSession(number, session_id, WavFormat(encoding, sample_rate_hz))
                if _recover_unheld(home, database, session):
                    repaired.append(session_id)
        except LibraryCorrupt:
            raise
        except LibraryUnwritable as error:
            # No other session can be repaired either.
            _log.warning("%s", error.reading)
            break
        except StorageError as error:
            _log.warning("session %s is not repaired yet: %s", session_id, error)
    return repaired


def _recover_unheld(home: Home, database: sqlite3.Connection, session: OpenSession) -> bool:
    lock = SessionLock.take(home, session.id)
    if lock is None:
        return False
    try:
        return recover_held(home, database, session)
    finally:
        lock.release()


def recover_held(home: Home, database: sqlite3.Connection, session: OpenSession) -> bool:
    """Repair a session whose lock the caller holds; returns whether it needed that.

    Raises:
        OSError, sqlite3.Error, StorageError: it cannot be repaired now.
    """
    # It may have ended between the query and the lock.
    state = database.execute(
        "SELECT ended, recovered FROM session WHERE number = ?", (session.number,)
    ).fetchone()
    if state != (0, 0):
        return False
    files = dict(sound_files(home, session.id))
    events = _events(database, session.number)
    forms = _forms(events, session.form)
    measured = {
        turn: _measured(path, forms.get(turn) or stored_form(path) or session.form)
        for turn, path in files.items()
    }
    _rebuild(database, session, events, measured)
    return True


def sound_files(home: Home, session_id: str) -> Iterable[tuple[int, Path]]:
    """The turns' files that are there, with their turns, in order; of a turn that has both kinds,
    the WAV comes last."""
    directory = home.session_audio(session_id)
    if not directory.is_dir():
        return
    files = [
        (int(path.stem), path.suffix)
        for path in directory.iterdir()
        if path.suffix in (WAV, FLAC)
        and (path.stem.isascii() and path.stem.isdigit() and str(int(path.stem)) == path.stem)
    ]
    for turn, suffix in sorted(files):
        if turn < 1 << TURN_BITS:
            yield turn, home.session_audio(session_id) / f"{turn}{suffix}"


def _forms(events: list[Event], form: WavFormat) -> dict[int, WavFormat]:
    """Forms of the sound of turns, as their events have it."""
    forms: dict[int, WavFormat] = {}
    for event in events:
        if isinstance(event, AudioReceived):
            try:
                forms[event.turn] = form.at_rate(event.sample_rate_hz)
            except StorageError:
                _log.warning("turn %d has sound of an impossible rate", event.turn)
    return forms


def _measured(path: Path, form: WavFormat) -> _MeasuredSound:
    """Measure a file; a WAV gets the header that fits its length."""
    if path.suffix == FLAC:
        # Rows of before beside files of today: a database that was put back.
        with TurnSound(path) as sound:
            samples = form.samples(sound.data_bytes())
            return _MeasuredSound(path.name, samples, sound.sha256(), form.sample_rate_hz)
    return _MeasuredSound(path.name, *_repair(path, form), form.sample_rate_hz)


def _repair(path: Path, form: WavFormat) -> tuple[int, str]:
    """Header and tail of one WAV; its samples and hash."""
    wav = WavWriter(path, form)
    try:
        measured = wav.samples, wav.sha256()
        wav.sync()
    finally:
        wav.close()
    return measured


def _rebuild(
    database: sqlite3.Connection,
    session: OpenSession,
    events: list[Event],
    measured: dict[int, _MeasuredSound],
) -> None:
    turns = _turns_of(events)
    metrics = MetricsFold()
    for event in events:
        metrics.emit(event)
    last_us = events[-1].at_us if events else 0
    database.execute("PRAGMA synchronous = FULL")
    try:
        with transaction(database):
            _adopt(database, session, {*measured, *turns}, turns, last_us)
            for turn, row in turns.items():
                database.execute(
                    "UPDATE turn SET text = ?, finish_reason = ?, completed_us = ?, "
                    f"heard_characters = ?, {METRICS_COLUMNS} "
                    "WHERE number = ? AND completed_us IS NULL",
                    (
                        *(rows.plain(row.text), RECOVERED, row.last_us, row.heard_chars),
                        *metrics_values(metrics.turn(turn)),
                        turn_number(session.number, turn),
                    ),
                )
            for turn, sound in measured.items():
                is_own = sound.sample_rate_hz != session.form.sample_rate_hz
                database.execute(
                    "UPDATE turn SET audio_file = ?, samples = ?, sha256 = ?, own_rate_hz = ? "
                    "WHERE number = ?",
                    (
                        *(sound.name, sound.samples, sound.sha256),
                        sound.sample_rate_hz if is_own else None,
                        turn_number(session.number, turn),
                    ),
                )
            _close_session(database, session)
    finally:
        database.execute("PRAGMA synchronous = NORMAL")


def _events(database: sqlite3.Connection, number: int) -> list[Event]:
    stored = database.execute(
        f"SELECT {rows.COLUMNS} FROM event WHERE session = ? ORDER BY seq", (number,)
    )
    events: list[Event] = []
    for columns in stored:
        try:
            events.append(rows.event_of(columns))
        except TimelineError as error:
            # A row that cannot be read stays where it is; it must not keep the others from us.
            _log.warning("an event is passed over: %s", error)
    return events


def _turns_of(events: list[Event]) -> dict[int, _RecoveredTurn]:
    """Each turn's text, as far as it came: the deltas, else what was spoken."""
    texts: dict[int, TurnText] = {}
    roles: dict[int, str] = {}
    last_us: dict[int, int] = {}
    for event in events:
        turn: int | None = getattr(event, "turn", None)
        if turn is None:
            continue
        texts.setdefault(turn, TurnText()).read(event)
        last_us[turn] = event.at_us
        if isinstance(event, TurnStarted):
            roles[turn] = event.role
    return {
        turn: _RecoveredTurn(fold.text, fold.heard, roles.get(turn, "assistant"), last_us[turn])
        for turn, fold in texts.items()
    }


def _adopt(
    database: sqlite3.Connection,
    session: OpenSession,
    turns: Iterable[int],
    recovered: dict[int, _RecoveredTurn],
    last_us: int,
) -> None:
    """Give a row to turns that have only events or only a file."""
    for turn in sorted(turns):
        role = recovered[turn].role if turn in recovered else "assistant"
        database.execute(
            "INSERT OR IGNORE INTO turn "
            "(number, session, turn, role, started_us, completed_us, finish_reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(turn_number(session.number, turn), session.number, turn, role, last_us),
                *((None, "") if turn in recovered else (last_us, RECOVERED)),
            ),
        )


def _close_session(database: sqlite3.Connection, session: OpenSession) -> None:
    texts = database.execute(
        "SELECT text FROM turn WHERE session = ? ORDER BY turn", (session.number,)
    )
    title = next((title for (text,) in texts if (title := title_of(text))), "")
    database.execute(
        f"""
        UPDATE session SET
            recovered = 1,
            title = CASE title WHEN '' THEN :title ELSE title END,
            turns = (SELECT count(*) FROM turn WHERE turn.session = :number),
            spoken_samples = {SPOKEN_SAMPLES}
        WHERE number = :number
        """,
        {"title": title, "number": session.number},
    )
