"""Checks whether database, rows, search indices and files agree; nothing is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from pathlib import Path

from gramophone.core.errors import StorageError
from gramophone.library.library import Finding
from storage.audio.turn_audio import TurnSound
from storage.audio.wav import WavFormat
from storage.home import Home, is_session_id
from storage.maintenance.event_checks import event_findings, picture_findings
from storage.maintenance.orphaned_audio import DELETED, counted, stray_sessions
from storage.sqlite.database import connect_to_read
from storage.sqlite.error_messages import no_library, storage_error, storage_errors
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import SCHEMA_VERSION, SPOKEN_SAMPLES, schema_version
from storage.sqlite.time_order import DIFFERING_TAGS, MISPLACED


def verify(home: Home, session_id: str | None = None) -> list[Finding]:
    """Find disagreements in one session or in the whole library. Works on a damaged library too.

    The database is checked in either case. Sessions that are being recorded are passed over:
    their files are ahead of their rows.

    Raises:
        StorageError: there is no library, or it cannot be read at all.
    """
    if not home.database.exists():
        raise no_library(home)
    with storage_errors(home):
        database = connect_to_read(home)
        try:
            database.execute("PRAGMA query_only = OFF")
            return _findings(home, database, session_id)
        finally:
            database.close()


def _findings(home: Home, database: sqlite3.Connection, session_id: str | None) -> list[Finding]:
    findings: list[Finding] = []
    try:
        if schema_version(database) > SCHEMA_VERSION:
            return [Finding("", "Only a newer version of the program reads this library.")]
        findings += _database_findings(database)
        sessions = database.execute(
            "SELECT number, id FROM session WHERE ? IS NULL OR id = ? ORDER BY number",
            (session_id, session_id),
        ).fetchall()
        for session in sessions:
            findings += _session_findings(home, database, *session)
        if session_id is None:
            findings += _orphans(home, database)
    except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
        # What was found before the damage stopped us is worth telling.
        findings.append(Finding("", str(storage_error(error, home))))
    return findings


def _database_findings(database: sqlite3.Connection) -> Generator[Finding]:
    for (message,) in database.execute("PRAGMA integrity_check"):
        if message != "ok":
            yield Finding("", f"The database is damaged: {message}.")
    for table, row, parent, _ in database.execute("PRAGMA foreign_key_check"):
        yield Finding("", f"A row of {table} ({row}) belongs to no {parent}.")
    for index, content in (("turn_text", "turns"), ("session_title", "titles")):
        if not _agrees(database, index):
            yield Finding("", f"The search index does not agree with the {content}.")
    # An older library that cannot be written is not migrated, and has no order of time yet.
    if schema_version(database) == SCHEMA_VERSION:
        yield from _order_findings(database)


def _order_findings(database: sqlite3.Connection) -> Generator[Finding]:
    # Triggers keep both true; a program that wrote with triggers off, or damage, may not have.
    # Searches and filters go by them alone, so that they would miss a session without a word.
    (misplaced,) = database.execute(MISPLACED).fetchone()
    if misplaced:
        yield Finding(
            "", f"The order of time does not agree with when {_sessions(misplaced)} began."
        )
    if database.execute(DIFFERING_TAGS).fetchone()[0]:
        yield Finding("", "The search index does not agree with the tags.")


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _agrees(database: sqlite3.Connection, index: str) -> bool:
    """Whether a full-text index holds what its table holds; it is not asked where nothing can be
    written, because SQLite asks by way of a write."""
    try:
        # At once for writing: a transaction that begins by reading is refused, without a wait, when
        # somebody records between its reading and its writing.
        database.execute("BEGIN IMMEDIATE")
        # The rank asks for a comparison with the table, not of the index with itself alone.
        database.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return True
        if code != sqlite3.SQLITE_CORRUPT:
            raise
        return False
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    return True


def _session_findings(
    home: Home, database: sqlite3.Connection, number: int, session_id: str
) -> list[Finding]:
    if not is_session_id(session_id):
        invalid_id = str(session_id)
        return [Finding(invalid_id, f"The session's id, {invalid_id!r}, cannot name its files.")]
    lock = SessionLock.take(home, session_id)
    if lock is None:
        return []
    details: list[str] = []
    try:
        details.extend(_session_details(home, database, number, session_id))
    except StorageError as error:
        details.append(str(error))
    finally:
        lock.release()
    return [Finding(session_id, detail) for detail in details]


def _session_details(
    home: Home, database: sqlite3.Connection, number: int, session_id: str
) -> Generator[str]:
    # Read under the session's lock: before that it may have been recorded, or deleted.
    row = database.execute(
        "SELECT encoding, sample_rate_hz, turns, spoken_samples, (SELECT count(*) FROM turn "
        f"WHERE turn.session = session.number), {SPOKEN_SAMPLES} FROM session WHERE number = ?",
        (number,),
    ).fetchone()
    if row is None:
        return
    encoding, sample_rate_hz, turns, spoken_samples, *sums = row
    if sums != [turns, spoken_samples]:
        yield "The session's counters do not agree with its turns."
    form = WavFormat(encoding, sample_rate_hz)
    for turn, audio_file, samples, sha256, own_rate_hz in database.execute(
        "SELECT turn, audio_file, samples, sha256, own_rate_hz FROM turn "
        "WHERE session = ? AND audio_file IS NOT NULL ORDER BY turn",
        (number,),
    ):
        path = home.sound(session_id, turn, audio_file)
        yield from _audio_details(path, turn, form.at_rate(own_rate_hz), samples, sha256)
    yield from event_findings(home, database, number, session_id, form)
    yield from picture_findings(database, number)


def _audio_details(
    path: Path, turn: int, form: WavFormat, samples: int, sha256: str
) -> Generator[str]:
    try:
        with TurnSound(path) as sound:
            if sound.missing or not sound.path.is_file():
                yield f"The sound of turn {turn} is missing: {path}."
                return
            if sound.path != path:
                yield f"The sound of turn {turn} is in {sound.path.name}, not in {path.name}."
            path = sound.path
            if fault := sound.fault(form):
                yield f"The sound file {path} {fault}."
            held_samples = form.samples(sound.data_bytes())
            if held_samples != samples:
                yield f"Turn {turn} has {samples} samples by its row and {held_samples} in {path}."
            elif sound.sha256() != sha256:
                yield f"The sound in {path} is not what was recorded: its hash differs."
    except OSError as error:
        yield f"The sound file {path} cannot be read ({error.strerror})."


def _orphans(home: Home, database: sqlite3.Connection) -> Generator[Finding]:
    """Findings on sessions and files that no row knows."""
    strays = stray_sessions(home, database)
    if strays:
        yield Finding(
            "",
            f"There is sound of {counted(len(strays))} in {home.audio} that the database does not "
            "know; `gramophone recover` makes sessions of it.",
        )
    named = {
        home.sound(session_id, turn, audio_file)
        for session_id, turn, audio_file in database.execute(
            "SELECT session.id, turn.turn, turn.audio_file FROM turn "
            "JOIN session ON session.number = turn.session WHERE turn.audio_file IS NOT NULL"
        )
        if is_session_id(session_id)
    }
    live: dict[str, bool] = {}
    for path in sorted(home.audio.glob("*/*")):
        session_id = path.parent.name
        if path in named or path.name == DELETED:
            continue
        if session_id not in live:
            live[session_id] = is_session_id(session_id) and _is_live(home, session_id)
        if not live[session_id]:
            yield Finding("", f"The file {path} belongs to no turn.")


def _is_live(home: Home, session_id: str) -> bool:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        return True
    lock.release()
    return False
