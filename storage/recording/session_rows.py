"""Rows of the session that is being written: SQL for its session, turns and events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime

from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionStarted
from gramophone.text.redaction import Redactor
from gramophone.wire.lenient_json import LARGEST_COUNT
from storage.recording.session_state import SessionState, TurnRowState
from storage.sqlite import rows
from storage.sqlite.database import transaction
from storage.sqlite.schema import FORMAT_VERSION, turn_number

METRICS_COLUMNS = (
    "ttft_ms = ?, ttfb_ms = ?, ttfa_ms = ?, response_ms = ?, underruns = ?, flushes = ?, "
    "input_tokens = ?, output_tokens = ?, tokens_per_s = ?"
)


def metrics_values(metrics: TurnMetrics) -> tuple[float | int | None, ...]:
    """The values of `METRICS_COLUMNS`."""
    return (
        metrics.ttft_ms,
        metrics.ttfb_ms,
        metrics.ttfa_ms,
        metrics.response_ms,
        metrics.underruns,
        metrics.flushes,
        _counted(metrics.input_tokens),
        _counted(metrics.output_tokens),
        metrics.tokens_per_s,
    )


def _counted(tokens: int | None) -> int | None:
    """A count of tokens as a service gave it, brought into the range of a column."""
    return None if tokens is None else min(max(tokens, 0), LARGEST_COUNT)


def insert_session(
    database: sqlite3.Connection, started: SessionStarted, created_at: datetime, redactor: Redactor
) -> int:
    """Insert a session and return its row number.

    Raises:
        StorageError: the id is taken.
        sqlite3.Error: it cannot be written.
    """
    clean = rows.with_strings(started, lambda text: rows.plain(redactor(text)))
    assert isinstance(clean, SessionStarted)
    values = (
        started.session_id,
        created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        *(clean.provider, clean.model, clean.voice, clean.encoding, clean.sample_rate_hz),
        *(clean.system_prompt, FORMAT_VERSION),
    )
    try:
        cursor = database.execute(
            "INSERT INTO session (id, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    except sqlite3.IntegrityError as error:
        raise StorageError(
            f"A session {started.session_id} has been recorded already; start a new one."
        ) from error
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def store(database: sqlite3.Connection, session: SessionState, events: Iterable[rows.Row]) -> None:
    """Write what the rows of a session lack, and its events, in one transaction.

    Raises:
        UnicodeEncodeError: a text cannot be written in UTF-8 (half of a surrogate pair).
        sqlite3.Error: it cannot be written.
    """
    with transaction(database):
        for turn in session.changed.values():
            _store_turn(database, session, turn)
        database.executemany(
            "INSERT OR IGNORE INTO picture (session, sha256, content) VALUES (?, ?, ?)",
            [(session.number, *picture) for picture in session.pictures.items()],
        )
        database.executemany(rows.INSERT, events)
        _store_settings(database, session)
        summary = session.summary() if session.changed else session.listed
        if summary != session.listed or session.ended:
            database.execute(
                # A title that was set by hand meanwhile stays.
                "UPDATE session SET title = CASE renamed WHEN 1 THEN title ELSE ? END, "
                "turns = ?, spoken_samples = ?, ended = ? WHERE number = ?",
                (*summary, session.ended, session.number),
            )


def _store_settings(database: sqlite3.Connection, session: SessionState) -> None:
    """Bring the session's row up to date: the list shows the newest model and voice, and goes by
    when a session was last taken up."""
    if session.resumed_at:
        database.execute(
            "UPDATE session SET ended = 0, recovered = 0, resumed_at = ?, format_version = ? "
            "WHERE number = ?",
            (session.resumed_at, FORMAT_VERSION, session.number),
        )
    changed = session.settings
    if changed is not None:
        database.execute(
            "UPDATE session SET provider = ?, model = ?, voice = ?, system_prompt = ? "
            "WHERE number = ?",
            (
                *(rows.plain(changed.provider), rows.plain(changed.model)),
                *(rows.plain(changed.voice), rows.plain(changed.system_prompt)),
                session.number,
            ),
        )


def _store_turn(database: sqlite3.Connection, session: SessionState, turn: TurnRowState) -> None:
    number = turn_number(session.number, turn.turn)
    if not turn.stored:
        database.execute(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(number, session.number, turn.turn),
                *(turn.role, rows.plain(turn.text), turn.started_us),
            ),
        )
    if turn.text_due:
        database.execute(
            "UPDATE turn SET text = ?, finish_reason = ?, completed_us = ?, "
            f"heard_characters = ?, {METRICS_COLUMNS} WHERE number = ?",
            (
                *(rows.plain(turn.text), rows.plain(turn.finish_reason), turn.completed_us),
                turn.heard_characters,
                *metrics_values(turn.metrics or TurnMetrics()),
                number,
            ),
        )
    if turn.withdrawn:
        database.execute("UPDATE turn SET withdrawn = 1 WHERE number = ?", (number,))
    if turn.audio_due and turn.wav is not None:
        database.execute(
            "UPDATE turn SET audio_file = ?, samples = ?, sha256 = ?, own_rate_hz = ? "
            "WHERE number = ?",
            (
                *(turn.wav.path.name, turn.samples, turn.wav.sha256()),
                *(turn.own_rate_hz or None, number),
            ),
        )
