"""Sessions and events out of rows, whichever connection read them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from gramophone.analysis.answer_asides import NO_ASIDE, answer_asides
from gramophone.analysis.attribution import ModelChanges
from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.attached_pictures import picture_of
from gramophone.core.errors import StorageError, TimelineError
from gramophone.core.picture import Picture
from gramophone.core.timeline import Event, Failed, PictureAttached
from gramophone.library.library import SessionRecord, TurnAudio, TurnRecord
from gramophone.text.sanitize import plain_line
from storage.audio.wav import WavFormat
from storage.home import Home
from storage.sessions.listing import SUMMARY, summary
from storage.sqlite import rows
from storage.sqlite.reader import DamagedText
from storage.sqlite.schema import ASIDE_KINDS

if TYPE_CHECKING:
    import sqlite3

# A turn that is not over has its words in its events alone; they are read as far as they came.
_SO_FAR = (
    "CASE WHEN completed_us IS NULL AND text = '' THEN "
    "(SELECT coalesce(group_concat(said, ''), '') FROM "
    "(SELECT event.text AS said FROM event WHERE event.session = turn.session "
    "AND event.turn = turn.turn AND event.kind = 'DeltaReceived' AND event.seq > coalesce(("
    "SELECT max(seq) FROM event WHERE event.session = turn.session AND event.turn = turn.turn "
    f"AND event.kind = 'AnswerRetracted' AND {ASIDE_KINDS}), -1) ORDER BY event.seq)) "
    "ELSE text END"
)
SESSION = (
    f"SELECT {SUMMARY}, system_prompt, encoding FROM session WHERE id = ? AND discarded_at IS NULL"
)
TURNS = (
    f"SELECT turn, role, {_SO_FAR}, finish_reason, started_us, audio_file, samples, sha256, "
    "ttft_ms, ttfb_ms, ttfa_ms, response_ms, underruns, flushes, input_tokens, output_tokens, "
    "tokens_per_s, withdrawn, heard_characters, own_rate_hz FROM turn WHERE session = ? "
    "ORDER BY turn"
)
ASIDES = (
    f"SELECT seq, {rows.COLUMNS} FROM event INDEXED BY event_aside "
    f"WHERE session = ? AND {ASIDE_KINDS} ORDER BY seq"
)
PICTURES = (
    f"SELECT seq, {rows.COLUMNS} FROM event INDEXED BY event_picture "
    "WHERE session = ? AND kind = 'PictureAttached' ORDER BY seq"
)
PICTURE_FILES = "SELECT sha256, content FROM picture WHERE session = ?"
PICTURE_FILE = f"{PICTURE_FILES} AND sha256 = ?"
# The session's first event has the model that it began with.
SETTINGS = (
    f"SELECT seq, {rows.COLUMNS} FROM event WHERE session = ?1 AND seq = "
    "(SELECT min(seq) FROM event WHERE session = ?1) UNION ALL "
    f"SELECT seq, {rows.COLUMNS} FROM event INDEXED BY event_settings "
    "WHERE session = ?1 AND kind = 'SettingsChanged' ORDER BY seq"
)
EVENTS = f"SELECT seq, {rows.COLUMNS} FROM event WHERE session = ? ORDER BY seq"
# Frames that lie between two other rows, as one: the first of them, their bytes, and whether they
# are of one turn and rate, not stale, and follow each other. (If each began where the last ended,
# the sizes add up, and so do the differences of squares.) In SQLite, because there are many.
_FRAMES_BETWEEN = """
    SELECT seq, at_us, turn, connection, first, size, detail, turn = newest AND is_same
        AND size = last - first AND squares = 1.0 * last * last - 1.0 * first * first
    FROM (
        SELECT min(seq) AS seq, min(at_us) AS at_us, min(turn) AS turn,
            min(connection) AS connection, min(offset_bytes) AS first,
            max(offset_bytes + size_bytes) AS last, sum(size_bytes) AS size,
            total((2.0 * offset_bytes + size_bytes) * size_bytes) AS squares,
            max(turn) AS newest, min(detail) AS detail,
            count(detail) = 0 OR (count(detail) = count(*) AND min(detail) = max(detail)
                AND min(detail) NOT LIKE '%stale%') AS is_same
        FROM event WHERE session = ? AND seq > ? AND seq < ? AND kind = 'AudioReceived'
    ) WHERE seq IS NOT NULL
"""
_ROWS_BETWEEN = (
    f"SELECT seq, {rows.COLUMNS} FROM event WHERE session = ? AND seq > ? AND seq < ? "
    "AND kind = 'AudioReceived' ORDER BY seq"
)
_KINDS = (
    f"SELECT seq, {rows.COLUMNS} FROM event WHERE session = ? AND kind != 'AudioReceived' "
    "AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq"
)


def events_query(kinds: Sequence[type[Event]] = ()) -> str:
    """`EVENTS`, or only those of some kinds, which are then read in a fraction of the time."""
    if not kinds:
        return EVENTS
    names = ", ".join(f"'{kind.__name__}'" for kind in kinds)
    return EVENTS.replace(" ORDER BY", f" AND kind IN ({names}) ORDER BY")


PcmOf: TypeAlias = Callable[[int, int, int], bytes]


def sound_fault(encoding: str, sample_rate_hz: int) -> str:
    """Reason that the sound of a session with this row cannot be read; empty if it can."""
    try:
        WavFormat(encoding, sample_rate_hz)
    except StorageError:
        return f"its row says {plain_line(encoding)[:40]!r} at {sample_rate_hz} Hz"
    return ""


def session_record(
    row: Sequence[Any],
    turns: Iterable[Sequence[Any]],
    asides: Iterable[tuple[Any, ...]],
    pictures: Iterable[tuple[Any, ...]],
    settings: Iterable[tuple[Any, ...]],
    home: Home,
) -> SessionRecord:
    """The session of a row of `SESSION`, with its rows of `TURNS`, `ASIDES`, `PICTURES` and
    `SETTINGS`; the number of a session is its first column. Where rows are damaged, the text is
    still there: a turn has no sound where its form or its samples cannot be."""
    *columns, system_prompt, encoding = row
    about = summary(columns)
    sample_rate_hz = columns[6]
    aside_of = answer_asides(events_of(asides))
    pictures_of = _pictures_by_turn(events_of(pictures))
    models = ModelChanges(events_of(settings))
    turn_records = (_turn(turn, home, about.id, encoding, sample_rate_hz) for turn in turns)
    return SessionRecord(
        summary=about,
        system_prompt=system_prompt,
        encoding=encoding,
        sample_rate_hz=sample_rate_hz,
        turns=tuple(
            replace(
                turn,
                aside=aside_of.get(turn.turn, NO_ASIDE),
                pictures=tuple(pictures_of.get(turn.turn, ())),
                model=_model_of(turn, models, about.model),
            )
            for turn in turn_records
        ),
    )


def _pictures_by_turn(events: Iterable[Event]) -> dict[int, list[Picture]]:
    by_turn: dict[int, list[Picture]] = {}
    for event in events:
        if isinstance(event, PictureAttached):
            by_turn.setdefault(event.turn, []).append(picture_of(event))
    return by_turn


def _model_of(turn: TurnRecord, models: ModelChanges, newest: str) -> str:
    """The model of an answer; one of another session is not known, and a prompt has none."""
    if turn.role == "user" or turn.finish_reason == "inherited":
        return ""
    return models.model_at(turn.started_us) or newest


def _turn(
    row: Sequence[Any], home: Home, session_id: str, encoding: str, sample_rate_hz: int
) -> TurnRecord:
    turn, role, text, finish_reason, started_us, audio_file, samples, sha256, *rest = row
    *figures, withdrawn, heard_chars, own_rate_hz = rest
    sample_rate_hz = sample_rate_hz if own_rate_hz is None else own_rate_hz
    audio = None
    readable = samples >= 0 and not sound_fault(encoding, sample_rate_hz)
    if audio_file is not None and readable:
        path = home.sound(session_id, turn, audio_file)
        audio = TurnAudio(path, sample_rate_hz, samples, sha256, encoding)
    return TurnRecord(
        turn=turn,
        # A row that was damaged still has its words.
        role="user" if role == "user" else "assistant",
        text=text,
        finish_reason=finish_reason,
        started_us=started_us,
        audio=audio,
        metrics=TurnMetrics(*map(_finite, figures)),
        withdrawn=bool(withdrawn),
        heard_chars=heard_chars,
    )


def _finite(figure: Any) -> Any:
    return None if isinstance(figure, float) and not math.isfinite(figure) else figure


def events_of(
    event_rows: Iterable[tuple[Any, ...]], pcm_of: PcmOf | None = None
) -> Generator[Event]:
    """The events of rows of `EVENTS`; in place of a damaged row stands that it is. `pcm_of` gives
    the samples of a frame by turn, offset and size."""
    damaged: list[tuple[int, int]] = []
    for seq, *columns in event_rows:
        pcm = b""
        _, _, turn, _, _, offset_bytes, size_bytes, _ = columns
        if pcm_of is not None and offset_bytes is not None and turn is not None:
            pcm = pcm_of(turn, offset_bytes, size_bytes or 0)
        event = _whole(columns, pcm)
        if event is None:
            damaged.append((seq, columns[0]))
            continue
        yield from _named(damaged)
        damaged.clear()
        yield event
    yield from _named(damaged)


def sparse_rows(
    database: sqlite3.Connection, session: int, kinds: Iterable[type[Event]]
) -> Generator[tuple[Any, ...]]:
    """Rows for `events_of`, of these kinds, with frames of sound that follow each other as one
    row: an hour has 180,000 of them, and where they lie is all that matters without samples."""
    names = json.dumps([kind.__name__ for kind in kinds])
    last = -1
    for row in database.execute(_KINDS, (session, names)):
        if row[0] > last + 1:
            yield from _frames(database, (session, last, row[0]))
        yield row
        last = row[0]
    yield from _frames(database, (session, last, 1 << 62))


def _frames(
    database: sqlite3.Connection, between: tuple[int, int, int]
) -> Generator[tuple[Any, ...]]:
    joined = database.execute(_FRAMES_BETWEEN, between).fetchone()
    if joined is None:
        return
    *row, as_one = joined
    if as_one:
        seq, at_us, turn, connection, offset_bytes, size_bytes, detail = row
        yield seq, at_us, "AudioReceived", turn, connection, None, offset_bytes, size_bytes, detail
    else:
        yield from database.execute(_ROWS_BETWEEN, between)


def _whole(columns: Sequence[Any], pcm: bytes) -> Event | None:
    """The event of a row, unless the row is damaged."""
    if any(isinstance(value, DamagedText) for value in columns):
        return None
    try:
        return rows.event_of(tuple(columns), pcm)
    except TimelineError:
        return None


def _named(damaged: Sequence[tuple[int, int]]) -> list[Event]:
    """One sentence for rows that follow each other: a damaged page may hold hundreds."""
    if not damaged:
        return []
    (first, at_us), (last, _) = damaged[0], damaged[-1]
    if first == last:
        words = f"Row {first} of this session is damaged and was left out."
    else:
        words = f"Rows {first} to {last} of this session are damaged and were left out."
    return [Failed(at_us=at_us, stage="recording", detail=words)]
