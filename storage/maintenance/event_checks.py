"""Checks whether the events of a session are all there: a part of `verify`.

Rows may be lost while sound stays: a write-ahead log that was deleted, a database that was put
back. The sound then goes further than the events that tell of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator

from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from storage.audio.turn_audio import TurnSound
from storage.audio.wav import WavFormat
from storage.home import Home
from storage.recording.session_state import MOST_AHEAD_S
from storage.sqlite.schema import schema_version

_LARGEST_FRAME_S = 20
_TURNS = """
    SELECT turn.turn, turn.audio_file, turn.samples, turn.text <> '',
        turn.completed_us IS NOT NULL, turn.own_rate_hz, told.events, told.end_bytes
    FROM turn LEFT JOIN (
        SELECT turn AS turn, count(*) AS events,
            max(CASE kind WHEN 'AudioReceived' THEN offset_bytes + size_bytes END) AS end_bytes
        FROM event WHERE session = :session AND turn IS NOT NULL GROUP BY turn
    ) AS told ON told.turn = turn.turn
    WHERE turn.session = :session ORDER BY turn.turn
"""
_TURNLESS_SOUND = """
    SELECT DISTINCT turn FROM event WHERE session = :session AND kind = 'AudioReceived'
    AND turn NOT IN (SELECT turn FROM turn WHERE session = :session)
"""

_LOST_PICTURES = """
    SELECT turn, json_extract(detail, '$.name') FROM event INDEXED BY event_picture
    WHERE session = :session AND kind = 'PictureAttached' AND json_extract(detail, '$.sha256')
        NOT IN (SELECT sha256 FROM picture WHERE session = :session)
    ORDER BY seq
"""
_PICTURES_SINCE_SCHEMA = 12


@frozen
class _TurnEvents:
    """A turn's row beside the sum of its events."""

    turn: int
    audio_file: str | None
    samples: int
    has_text: bool
    completed: bool
    own_rate_hz: int | None
    events: int
    end_bytes: int | None


def event_findings(
    home: Home, database: sqlite3.Connection, number: int, session_id: str, form: WavFormat
) -> Generator[str]:
    """Sentences about events that are missing, and about those that name more than there is.

    Raises:
        sqlite3.Error: the rows cannot be read.
    """
    for (turn,) in database.execute(_TURNLESS_SOUND, {"session": number}):
        yield f"The events of turn {turn} have sound, its row has none."
    turns = [
        _TurnEvents(*columns, events=events or 0, end_bytes=end_bytes)
        for *columns, events, end_bytes in database.execute(_TURNS, {"session": number})
    ]
    (recovered,) = database.execute(
        "SELECT recovered FROM session WHERE number = ?", (number,)
    ).fetchone() or (0,)
    yield from _gaps(database, number, killed=bool(recovered))
    last = max((turn.turn for turn in turns if turn.samples), default=-1)
    for turn in turns:
        # Sound is written before its rows: the last turn of a killed process may be ahead of them.
        killed = bool(recovered) and turn.turn == last
        allowed_s = MOST_AHEAD_S + _LARGEST_FRAME_S if killed else 0
        turn_form = form.at_rate(turn.own_rate_hz)
        yield from _turn_findings(home, session_id, turn, turn_form, allowed_s)


def picture_findings(database: sqlite3.Connection, number: int) -> Generator[str]:
    """Sentences about pictures that are lost, or are not what was attached.

    Raises:
        sqlite3.Error: the rows cannot be read.
    """
    # An older library that cannot be written is not migrated, and has no pictures.
    if schema_version(database) < _PICTURES_SINCE_SCHEMA:
        return
    missing = database.execute(_LOST_PICTURES, {"session": number}).fetchall()
    for turn, name in missing:
        yield f"The picture {plain_line(str(name))[:200]} of turn {turn} is missing."
    for sha256, content in database.execute(
        "SELECT sha256, content FROM picture WHERE session = ? ORDER BY number", (number,)
    ):
        if hashlib.sha256(content).hexdigest() != sha256:
            yield f"A picture is not what was attached: its hash is not {sha256[:64]}."


def _gaps(database: sqlite3.Connection, number: int, *, killed: bool) -> Generator[str]:
    count, first, last = database.execute(
        "SELECT count(*), min(seq), max(seq) FROM event WHERE session = ?", (number,)
    ).fetchone()
    missing = last + 1 - count if count else 0
    if missing or first:
        # Text that may be a part of a secret waits for the rest of it.
        why = ": the program was killed before they were written" if killed else ""
        yield f"{missing} of the session's events are missing{why}."


def _turn_findings(
    home: Home, session_id: str, turn: _TurnEvents, form: WavFormat, allowed_s: int
) -> Generator[str]:
    path = home.sound(session_id, turn.turn, turn.audio_file or "")
    end_samples = form.samples(turn.end_bytes or 0)
    ahead_s = (turn.samples - end_samples) / max(1, form.sample_rate_hz)
    # Of a turn that begins with sound the row is committed first, without any event.
    killed_at_once = allowed_s > 0 and not turn.completed
    if not turn.events and not killed_at_once:
        location = ""
        if turn.samples:
            location = (
                f"; {'its sound' if turn.has_text else 'its sound has no text and'} is {path}"
            )
        yield f"The events of turn {turn.turn} are missing{location}."
    elif ahead_s > allowed_s:
        yield (
            f"The last {ahead_s:.1f} s of the sound of turn {turn.turn} have no events: what was "
            f"said there is in {path} alone."
        )
    if turn.end_bytes is None:
        return
    if turn.audio_file is None:
        yield f"The events of turn {turn.turn} have sound, its row has none."
    try:
        with TurnSound(path) as sound:
            data_bytes = None if sound.missing else sound.data_bytes()
            path = sound.path
    except OSError:
        # The finding on the sound file itself says so.
        return
    if data_bytes is not None and turn.end_bytes > data_bytes:
        yield (
            f"The events of turn {turn.turn} name sound up to byte {turn.end_bytes}; "
            f"{path} ends at {data_bytes}."
        )
