"""The order of sessions in time, by which searches go: `session.position`, kept by triggers.

The position is the milliseconds from 1970 to `created_at`, or the next free number. The full-text
indices hold a session's title by its position and a turn by position and ordinal, so their order is
that of time. Numbers stay as they are: events, which are most of a library, need no rewriting, and
a program that records an older schema meanwhile goes on. FTS5 must not be asked for what it holds
of a row (`snippet`, `highlight`, a column): it would look through all turns for it.
"""

from __future__ import annotations

from datetime import datetime

from storage.sqlite.search_index import TOKENS, called

FIRST, LAST = 1, 4_102_444_800_000
"""Positions of what is older than 1970 or has no time that can be read, and of what is later than
2099. Those that find theirs taken come after it."""

_SLICES = 16


def position_of(created_at: str) -> int:
    """The first position for a time in ISO 8601, with its zone."""
    return max(FIRST, min(round(datetime.fromisoformat(created_at).timestamp() * 1000), LAST))


_MS = (
    f"max({FIRST}, min(coalesce(CAST(round((julianday(session.created_at) - 2440587.5) * 86400000) "
    f"AS INTEGER), 0), {LAST}))"
)
MISPLACED = f"SELECT count(*) FROM session WHERE position IS NULL OR position < {_MS}"
"""How many sessions have no position, or one before their time. A later one may be right: its own
was taken by sessions that were deleted since."""
DIFFERING_TAGS = """
    WITH wanted AS (
        SELECT tag.name, session.position FROM tag JOIN session ON session.number = tag.session
        WHERE session.position IS NOT NULL
    )
    SELECT (SELECT count(*) FROM (SELECT * FROM wanted EXCEPT SELECT name, position FROM tagged))
        + (SELECT count(*) FROM (SELECT name, position FROM tagged EXCEPT SELECT * FROM wanted))
"""
"""How many tags `tagged` lacks, or has although no session at that position has them."""

_MOST_LOOKED_AT = 100
FARTHEST_MS = 1 << 20
"""Where more sessions than that follow each other without a gap, one may be put so far behind."""

_FOLLOWED = (
    "EXISTS (SELECT 1 FROM session AS next "
    "WHERE next.position = taken.position + 1 AND next.number <> own.number)"
)
# From the last session of the very same time on. An export of others may say any times: so only
# so many are looked at, and then the last ones of a while, and then it is the last of all.
_FREE = f"""
    CREATE VIEW session_free AS SELECT number, CASE
        WHEN EXISTS (
            SELECT 1 FROM session AS other
            WHERE other.position = start AND other.number <> own.number
        ) THEN coalesce((
            SELECT taken.position + 1 FROM (
                SELECT position FROM session WHERE position >= own.start
                ORDER BY position LIMIT {_MOST_LOOKED_AT}
            ) AS taken WHERE NOT {_FOLLOWED} ORDER BY taken.position LIMIT 1
        ), (
            SELECT taken.position + 1 FROM (
                SELECT position FROM session WHERE position < own.start + {FARTHEST_MS}
                ORDER BY position DESC LIMIT {_MOST_LOOKED_AT}
            ) AS taken WHERE NOT {_FOLLOWED} ORDER BY taken.position DESC LIMIT 1
        ), (SELECT max(position) + 1 FROM session)) ELSE start END AS position
    FROM (
        SELECT session.number AS number, max({_MS}, coalesce((
            SELECT same.position + 1 FROM session AS same
            WHERE same.created_at = session.created_at AND same.number <> session.number
            ORDER BY same.position DESC LIMIT 1
        ), 0)) AS start FROM session
    ) AS own
"""

# The largest of what those before have and one more each, without a look at each of them.
_PLACED = f"""
    UPDATE session SET position = placed.position FROM (
        SELECT number, max(ms - nth) OVER (ORDER BY nth) + nth AS position FROM (
            SELECT number, ms, row_number() OVER (ORDER BY ms, number) AS nth FROM (
                SELECT number, {_MS} AS ms FROM session
            )
        )
    ) AS placed WHERE session.number = placed.number
"""

_INDICES = (
    *(
        f"DROP INDEX session_{name}"
        for name in (
            *("listed", "archived", "pinned", "recovered", "provider", "model", "voice"),
            "created",
        )
    ),
    "CREATE INDEX session_created ON session (created_at, position)",
    """
    CREATE INDEX session_listed ON session (
        position, pinned, recovered, spoken_samples, sample_rate_hz, created_at, provider, model,
        voice
    ) WHERE archived = 0 AND discarded_at IS NULL
    """,
    "CREATE INDEX session_archived ON session (position) WHERE archived = 1",
    "CREATE INDEX session_pinned ON session (position) WHERE pinned = 1",
    "CREATE INDEX session_recovered ON session (position) WHERE recovered = 1",
    *(
        f"CREATE INDEX session_{name} ON session ({name}, position)"
        for name in ("provider", "model", "voice")
    ),
)

_TAGGED = (
    """
    CREATE TABLE tagged (
        name TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (name, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO tagged SELECT tag.name, session.position FROM tag
    JOIN session ON session.number = tag.session
    """,
    """
    CREATE TRIGGER tagged_insert AFTER INSERT ON tag BEGIN
        INSERT INTO tagged SELECT new.name, position FROM session
            WHERE number = new.session AND position IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER tagged_delete AFTER DELETE ON tag BEGIN
        DELETE FROM tagged WHERE name = old.name
            AND position = (SELECT position FROM session WHERE number = old.session);
    END
    """,
)

_ROW = "(session.position << 20) + turn.turn"


def _index(index: str, source: str) -> tuple[str, ...]:
    return (
        *(f"DROP TRIGGER {index}_{event}" for event in ("insert", "delete", "update")),
        f"DROP TABLE {index}",
        f"DROP VIEW {index}_source",
        f"CREATE VIEW {index}_source AS {source}",
    )


def _table(index: str, column: str) -> str:
    return f"""
        CREATE VIRTUAL TABLE {index} USING fts5 (
            {column}, content = '{index}_source', content_rowid = 'number', prefix = '2 3 4 5',
            tokenize = '{TOKENS}'
        )
    """


def _slices(insert: str, order: str) -> tuple[str, ...]:
    """`insert` for one part of the sessions after another, in the order of time: FTS5 is slow where
    rows do not rise."""
    bound = (
        "(SELECT position FROM session ORDER BY position LIMIT 1 "
        "OFFSET (SELECT count(*) FROM session) * {} / {})"
    )
    return tuple(
        f"{insert} WHERE session.position >= {bound.format(part, _SLICES)}"
        + (
            f" AND session.position < {bound.format(part + 1, _SLICES)}"
            if part + 1 < _SLICES
            else ""
        )
        + f" ORDER BY {order}"
        for part in range(_SLICES)
    )


_TURN_TEXT = (
    *_index(
        "turn_text",
        f"SELECT {_ROW} AS number, {called('turn.text')} AS text "
        "FROM turn JOIN session ON session.number = turn.session",
    ),
    _table("turn_text", "text"),
    *_slices(
        f"INSERT INTO turn_text (rowid, text) SELECT {_ROW}, {called('turn.text')} "
        "FROM session CROSS JOIN turn ON turn.session = session.number",
        "session.position, turn.turn",
    ),
)
_SESSION_TITLE = (
    *_index("session_title", f"SELECT position AS number, {called('title')} AS title FROM session"),
    _table("session_title", "title"),
    *_slices(
        f"INSERT INTO session_title (rowid, title) SELECT position, {called('title')} FROM session",
        "session.position",
    ),
)


def _turn(row: str, *, out: bool) -> str:
    """SQL that puts a turn into the index, or takes it out. A turn whose session has no row, or no
    position yet, is not in the index."""
    columns, drop = ("turn_text, rowid, text", "'delete', ") if out else ("rowid, text", "")
    return (
        f"INSERT INTO turn_text ({columns}) "
        f"SELECT {drop}(position << 20) + {row}.turn, {called(f'{row}.text')} "
        f"FROM session WHERE number = {row}.session AND position IS NOT NULL;"
    )


def _session(row: str, *, out: bool) -> str:
    """SQL that does the same for a whole session, as `row` of a trigger has it."""
    drop = "'delete', " if out else ""
    title, text = ("session_title, ", "turn_text, ") if out else ("", "")
    if out:
        tags = (
            f"DELETE FROM tagged WHERE position = {row}.position "
            f"AND name IN (SELECT name FROM tag WHERE session = {row}.number);"
        )
    else:
        tags = (
            f"INSERT INTO tagged SELECT name, {row}.position FROM tag WHERE session = {row}.number;"
        )
    return f"""
        {tags}
        INSERT INTO session_title ({title}rowid, title)
            SELECT {drop}{row}.position, {called(f"{row}.title")} WHERE {row}.position IS NOT NULL;
        INSERT INTO turn_text ({text}rowid, text)
            SELECT {drop}({row}.position << 20) + turn, {called("text")} FROM turn
            WHERE session = {row}.number AND {row}.position IS NOT NULL;
    """


_PLACE = (
    "UPDATE session SET position = (SELECT position FROM session_free WHERE number = new.number) "
    "WHERE number = new.number"
)
_TRIGGERS = (
    f"""
    CREATE TRIGGER turn_text_insert AFTER INSERT ON turn BEGIN
        {_turn("new", out=False)}
    END
    """,
    f"""
    CREATE TRIGGER turn_text_delete AFTER DELETE ON turn BEGIN
        {_turn("old", out=True)}
    END
    """,
    f"""
    CREATE TRIGGER turn_text_update AFTER UPDATE OF text ON turn BEGIN
        {_turn("old", out=True)}
        {_turn("new", out=False)}
    END
    """,
    f"""
    CREATE TRIGGER session_title_insert AFTER INSERT ON session WHEN new.position IS NULL BEGIN
        {_PLACE};
    END
    """,
    # Before, because a turn that goes with its session no longer finds its position.
    f"""
    CREATE TRIGGER session_title_delete BEFORE DELETE ON session BEGIN
        {_session("old", out=True)}
    END
    """,
    # One trigger for both columns: of two, nobody says which is first.
    f"""
    CREATE TRIGGER session_title_update AFTER UPDATE OF title, created_at ON session
    WHEN old.title <> new.title OR old.created_at <> new.created_at BEGIN
        INSERT INTO session_title (session_title, rowid, title)
            VALUES ('delete', old.position, {called("old.title")});
        INSERT INTO session_title (rowid, title) VALUES (new.position, {called("new.title")});
        {_PLACE} AND new.created_at <> old.created_at;
    END
    """,
    f"""
    CREATE TRIGGER session_position_update AFTER UPDATE OF position ON session
    WHEN old.position IS NOT new.position BEGIN
        {_session("old", out=True)}
        {_session("new", out=False)}
    END
    """,
)

STATEMENTS = (
    "ALTER TABLE session ADD COLUMN position INTEGER",
    _PLACED,
    "CREATE UNIQUE INDEX session_position ON session (position)",
    _FREE,
    *_INDICES,
    *_TAGGED,
    *_TURN_TEXT,
    *_SESSION_TITLE,
    *_TRIGGERS,
)
"""The steps of the migration."""
