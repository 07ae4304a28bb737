"""The shape of `library.db`: numbered migrations, each in one transaction with its record.

A migration that was ever released is never changed. `docs/recording.md` describes the result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gramophone.core.frozen import frozen
from storage.sqlite import search_index, time_order, whole_texts

FORMAT_VERSION = 1
"""Version of what a session's rows and files mean; stands in each session row."""

TURN_BITS = 20
"""A turn's row number is its session's number shifted by so many bits, plus its ordinal."""


@frozen
class Migration:
    """One step from schema `number - 1` to `number`."""

    number: int
    name: str
    statements: tuple[str, ...]


# 2**20 turns a session and 2**43 sessions fill the 63 bits of a row number. In the full-text index,
# where a session's position stands for its number, a walk downward gives the latest sessions first.
def turn_number(session: int, turn: int) -> int:
    """Row number of a turn: composed, so that the rows of a session lie together. In the full-text
    index a turn has the number that is composed of its session's position."""
    return (session << TURN_BITS) + turn


_SESSIONS_TURNS_EVENTS = (
    """
    CREATE TABLE session (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        voice TEXT NOT NULL,
        encoding TEXT NOT NULL,
        sample_rate_hz INTEGER NOT NULL,
        system_prompt TEXT NOT NULL,
        format_version INTEGER NOT NULL,
        ended INTEGER NOT NULL DEFAULT 0,
        recovered INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    """
    CREATE TABLE turn (
        number INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        turn INTEGER NOT NULL,
        role TEXT NOT NULL,
        text TEXT NOT NULL DEFAULT '',
        finish_reason TEXT NOT NULL DEFAULT '',
        started_us INTEGER NOT NULL,
        completed_us INTEGER,
        audio_file TEXT,
        samples INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT NOT NULL DEFAULT '',
        ttft_ms REAL,
        ttfb_ms REAL,
        ttfa_ms REAL,
        response_ms REAL,
        underruns INTEGER NOT NULL DEFAULT 0,
        flushes INTEGER NOT NULL DEFAULT 0,
        input_tokens INTEGER,
        output_tokens INTEGER,
        UNIQUE (session, turn)
    ) STRICT
    """,
    """
    CREATE TABLE event (
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        at_us INTEGER NOT NULL,
        kind TEXT NOT NULL,
        turn INTEGER,
        connection INTEGER,
        text TEXT,
        offset_bytes INTEGER,
        size_bytes INTEGER,
        detail TEXT,
        PRIMARY KEY (session, seq)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX session_open ON session (number) WHERE ended = 0 AND recovered = 0",
)

# A prefix longer than the longest of these is looked up by merging every word that begins so,
# which costs 10 ms for a word that stands in each of 400,000 turns; the words that are so common
# are short.
_SEARCH = (
    """
    CREATE VIRTUAL TABLE turn_text USING fts5 (
        text, content = 'turn', content_rowid = 'number', prefix = '2 3 4 5',
        tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER turn_text_insert AFTER INSERT ON turn BEGIN
        INSERT INTO turn_text (rowid, text) VALUES (new.number, new.text);
    END
    """,
    """
    CREATE TRIGGER turn_text_delete AFTER DELETE ON turn BEGIN
        INSERT INTO turn_text (turn_text, rowid, text) VALUES ('delete', old.number, old.text);
    END
    """,
    # Only when the text is set: samples and hash of a turn change at every flush.
    """
    CREATE TRIGGER turn_text_update AFTER UPDATE OF text ON turn BEGIN
        INSERT INTO turn_text (turn_text, rowid, text) VALUES ('delete', old.number, old.text);
        INSERT INTO turn_text (rowid, text) VALUES (new.number, new.text);
    END
    """,
    "INSERT INTO turn_text (turn_text) VALUES ('rebuild')",
)

_COUNTERS = (
    "ALTER TABLE session ADD COLUMN turns INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN spoken_samples INTEGER NOT NULL DEFAULT 0",
    """
    UPDATE session SET
        turns = (SELECT count(*) FROM turn WHERE turn.session = session.number),
        spoken_samples = (
            SELECT coalesce(sum(samples), 0) FROM turn WHERE turn.session = session.number
        )
    """,
)

# A title set by hand is one the recorder does not write over; what was discarded is gone for the
# reader, and removed for good when the app closes.
_IN_ORDER = (
    "ALTER TABLE session ADD COLUMN renamed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN discarded_at TEXT",
    """
    CREATE TABLE tag (
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        name TEXT NOT NULL,
        PRIMARY KEY (session, name)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX tag_name ON tag (name, session)",
    # What the list is filtered and summed up by, so that neither reads the sessions themselves.
    """
    CREATE INDEX session_listed ON session (
        number, pinned, recovered, spoken_samples, sample_rate_hz, created_at, provider, model,
        voice
    ) WHERE archived = 0 AND discarded_at IS NULL
    """,
    "CREATE INDEX session_archived ON session (number) WHERE archived = 1",
    "CREATE INDEX session_pinned ON session (number) WHERE pinned = 1",
    "CREATE INDEX session_recovered ON session (number) WHERE recovered = 1",
    "CREATE INDEX session_discarded ON session (discarded_at) WHERE discarded_at IS NOT NULL",
    "CREATE INDEX session_created ON session (created_at)",
    "CREATE INDEX session_provider ON session (provider)",
    "CREATE INDEX session_model ON session (model)",
    "CREATE INDEX session_voice ON session (voice)",
    """
    CREATE VIRTUAL TABLE session_title USING fts5 (
        title, content = 'session', content_rowid = 'number', prefix = '2 3 4 5',
        tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER session_title_insert AFTER INSERT ON session BEGIN
        INSERT INTO session_title (rowid, title) VALUES (new.number, new.title);
    END
    """,
    """
    CREATE TRIGGER session_title_delete AFTER DELETE ON session BEGIN
        INSERT INTO session_title (session_title, rowid, title)
            VALUES ('delete', old.number, old.title);
    END
    """,
    # The recorder names the title in every commit; it changes once or twice.
    """
    CREATE TRIGGER session_title_update AFTER UPDATE OF title ON session
    WHEN old.title <> new.title BEGIN
        INSERT INTO session_title (session_title, rowid, title)
            VALUES ('delete', old.number, old.title);
        INSERT INTO session_title (rowid, title) VALUES (new.number, new.title);
    END
    """,
    "INSERT INTO session_title (session_title) VALUES ('rebuild')",
)

_TAKEN_BACK = (
    "ALTER TABLE turn ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE turn ADD COLUMN tokens_per_s REAL",
)

# Statistics go by who answered. Sessions change their model or voice seldom: who wants to know
# must not read all events, and who sums up the others must not sort them first.
_WHO_ANSWERED = (
    "CREATE INDEX event_settings ON event (session, seq) WHERE kind = 'SettingsChanged'",
    """
    CREATE INDEX session_voicing ON session (
        provider, model, voice, created_at, sample_rate_hz, discarded_at, id
    )
    """,
)

# The list goes by when a session began: what is imported is older than its number says.
_BY_TIME = (
    """
    CREATE INDEX session_shelf ON session (pinned, created_at, number)
    WHERE archived = 0 AND discarded_at IS NULL
    """,
)

# Thoughts and how an answer ended are shown with a stored session: a few rows among many thousands.
# The condition stands in the same words in the query that is to use the index.
ASIDE_KINDS = (
    "kind IN ('AnswerIncomplete', 'AnswerRetracted', 'GiveBackReceived', 'ThoughtReceived')"
)
_ASIDES = (f"CREATE INDEX event_aside ON event (session, seq) WHERE {ASIDE_KINDS}",)

# The files of pictures stand here and not beside the sound: they are written once, whole and in the
# transaction of the event that names them, and go with their session. A picture that is attached
# twice in a session is stored once.
_PICTURES = (
    """
    CREATE TABLE picture (
        number INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        content BLOB NOT NULL,
        UNIQUE (session, sha256)
    ) STRICT
    """,
    "CREATE INDEX event_picture ON event (session, seq) WHERE kind = 'PictureAttached'",
)

# NULL is the session's rate: a voice that is taken in the middle may have another.
_OWN_RATES = ("ALTER TABLE turn ADD COLUMN own_rate_hz INTEGER",)

SPOKEN_SAMPLES = """(
    SELECT coalesce(sum(
        CASE WHEN own_rate_hz > 0 THEN samples * session.sample_rate_hz / own_rate_hz
        ELSE samples END
    ), 0) FROM turn WHERE turn.session = session.number
)"""
"""Value of `session.spoken_samples`, in statements on `session`: all sound, at the session's rate.
`WavFormat.counted` counts the same for one turn."""

# A session that was resumed is listed by when that was: a place in the list is a place in memory.
_RESUMED = (
    "ALTER TABLE session ADD COLUMN resumed_at TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE session ADD COLUMN active_at TEXT AS (max(created_at, resumed_at)) VIRTUAL",
    "DROP INDEX session_shelf",
    """
    CREATE INDEX session_shelf ON session (pinned, active_at, number)
    WHERE archived = 0 AND discarded_at IS NULL
    """,
    "CREATE INDEX session_active ON session (active_at, number)",
)

MIGRATIONS = (
    Migration(1, "sessions, turns and events", _SESSIONS_TURNS_EVENTS),
    Migration(2, "full-text search over turns", _SEARCH),
    Migration(3, "counters for the list of sessions", _COUNTERS),
    Migration(4, "titles of one's own, tags, pins, archive, discarding", _IN_ORDER),
    Migration(5, "turns taken back, and the pace of answers", _TAKEN_BACK),
    Migration(6, "statistics by who answered", _WHO_ANSWERED),
    Migration(7, "whole texts of interrupted turns", whole_texts.STATEMENTS),
    Migration(8, "search inside writing without spaces, folded letters", search_index.STATEMENTS),
    Migration(9, "the list in the order of time", _BY_TIME),
    Migration(10, "searches in the order of time", time_order.STATEMENTS),
    Migration(11, "thoughts, and ends of answers", _ASIDES),
    Migration(12, "pictures", _PICTURES),
    Migration(13, "turns with a sample rate of their own", _OWN_RATES),
    Migration(14, "the list by when sessions were resumed", _RESUMED),
)

_INSTRUCTIONS_A_LOOK = 100_000
"""Of SQLite's machine: some thousandths of a second, or more where a statement calls functions."""

SCHEMA_VERSION = MIGRATIONS[-1].number
"""The schema this program writes; `PRAGMA user_version` of the database."""


def schema_version(database: sqlite3.Connection) -> int:
    """The schema the database has; 0 when it is blank."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def migrate(
    database: sqlite3.Connection,
    wall_clock: Callable[[], datetime],
    migrations: Sequence[Migration] = MIGRATIONS,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Bring the database to the newest of `migrations`. The connection is in autocommit mode.
    `progress` gets before each statement how many are done, and of how many; it also hears the same
    again while one takes long. What it raises ends the migration under way.

    Raises:
        sqlite3.Error: a step failed; it is undone, those before it stay.
    """
    due = [candidate for candidate in migrations if schema_version(database) < candidate.number]
    search_index.register(database)
    whole_texts.register(database)
    steps = _MigrationProgress(sum(len(candidate.statements) for candidate in due), progress)
    database.set_progress_handler(steps.look, _INSTRUCTIONS_A_LOOK)
    try:
        for migration in due:
            _apply(database, migration, wall_clock, steps)
    finally:
        database.set_progress_handler(None, 0)


# SQLite calls the progress handler every so many instructions, in the middle of a statement, and
# ends the statement with SQLITE_INTERRUPT if it says so. So a statement that takes minutes, as
# a new index over a large library does, can be stopped by whoever watches it.
class _MigrationProgress:
    """Counts statements. SQLite swallows what is raised while a statement runs: it is kept."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._progress = progress
        self._done = 0
        self._total = total
        self._raised: BaseException | None = None

    def look(self) -> int:
        try:
            if self._progress is not None:
                self._progress(self._done, self._total)
        except BaseException as error:
            self._raised = error
        return int(self._raised is not None)

    def run(self, database: sqlite3.Connection, statement: str) -> None:
        try:
            if not self.look():
                database.execute(statement)
        except sqlite3.OperationalError as error:
            if self._raised is None and _interrupted(error):
                raise KeyboardInterrupt from error
            if self._raised is None:
                raise
        if self._raised is not None:
            raise self._raised
        self._done += 1


def _interrupted(error: sqlite3.OperationalError) -> bool:
    """Whether Ctrl+C came as `look` or a function of ours was entered: nobody else interrupts,
    and the functions raise nothing by themselves."""
    failed = error.sqlite_errorcode == sqlite3.SQLITE_ERROR and "user-defined function" in str(
        error
    )
    return failed or error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT


def _apply(
    database: sqlite3.Connection,
    migration: Migration,
    wall_clock: Callable[[], datetime],
    steps: _MigrationProgress,
) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have come first while this one waited for the lock.
        if schema_version(database) < migration.number:
            database.execute(
                "CREATE TABLE IF NOT EXISTS migration ("
                "number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"
            )
            for statement in migration.statements:
                steps.run(database, statement)
            applied_at = wall_clock().astimezone(UTC).isoformat(timespec="milliseconds")
            database.execute(
                "INSERT INTO migration VALUES (?, ?, ?)",
                (migration.number, migration.name, applied_at),
            )
            database.execute(f"PRAGMA user_version = {migration.number:d}")
        database.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
