"""The full-text indices over turns and titles, and the migration that makes them.

They hold what `indexed_1` gives of a text, which SQL could not: letters folded, and runs of writing
without spaces as pairs of characters (`gramophone.text.bigrams`). Triggers keep them true, so every
connection that writes turns or titles needs the function: `register`.
"""

from __future__ import annotations

import sqlite3

from gramophone.text.bigrams import indexed

# FTS5 tables with external content: the index holds words and their places and no text, which
# stands in `turn` and `session` already; reading a text for the index goes through a view. Words
# are `unicode61` tokens of what `indexed_1` gives. `prefix` adds an index of the beginnings of 2 to
# 5 letters, so that a search that is still being typed is a look-up: without it SQLite merges the
# postings of every word that begins so.
#
# The rows are taken in slices, so that one sees how far it is.
_SLICES = 16
# Signs of vowels belong to the words, as letters do.
TOKENS = "unicode61 remove_diacritics 0 categories ''L* N* Co Mn Mc''"


def _indexed(index: str, table: str, column: str, changes: str = "") -> tuple[str, ...]:
    """Steps from an index of a column as it is to one of what `indexed_1` gives of it."""
    return (
        *(f"DROP TRIGGER {index}_{event}" for event in ("insert", "delete", "update")),
        f"DROP TABLE {index}",
        f"CREATE VIEW {index}_source AS SELECT number, {called(column)} AS {column} FROM {table}",
        f"""
        CREATE VIRTUAL TABLE {index} USING fts5 (
            {column}, content = '{index}_source', content_rowid = 'number', prefix = '2 3 4 5',
            tokenize = '{TOKENS}'
        )
        """,
        *_slices(index, table, column),
        *_triggers(index, table, column, changes),
    )


def _slices(index: str, table: str, column: str) -> tuple[str, ...]:
    highest = f"(SELECT coalesce(max(number), 0) FROM {table})"
    return tuple(
        f"""
        INSERT INTO {index} (rowid, {column}) SELECT number, {column} FROM {index}_source
        WHERE {f"number > {highest} * {part} / {_SLICES} AND" if part else ""}
        number <= {highest} * {part + 1} / {_SLICES}
        """
        for part in range(_SLICES)
    )


def _triggers(index: str, table: str, column: str, changes: str) -> tuple[str, ...]:
    # An index with external content does not know what it holds of a row: to take a row out, it
    # must be given the very text that was put in. That is why the function's result never changes.
    old = f"VALUES ('delete', old.number, {called(f'old.{column}')})"
    new = f"VALUES (new.number, {called(f'new.{column}')})"
    return (
        f"""
        CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN
            INSERT INTO {index} (rowid, {column}) {new};
        END
        """,
        f"""
        CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN
            INSERT INTO {index} ({index}, rowid, {column}) {old};
        END
        """,
        f"""
        CREATE TRIGGER {index}_update AFTER UPDATE OF {column} ON {table} {changes} BEGIN
            INSERT INTO {index} ({index}, rowid, {column}) {old};
            INSERT INTO {index} (rowid, {column}) {new};
        END
        """,
    )


def register(database: sqlite3.Connection) -> None:
    """Give a connection the function that the index's triggers and views call."""
    # A later version that gives something else needs a name of its own, and a migration.
    database.create_function("indexed_1", 1, _indexed_text, deterministic=True)
    # Without it, some builds of SQLite let a schema call only what was compiled in.
    database.execute("PRAGMA trusted_schema = ON")


def called(column: str) -> str:
    # As bytes: of a damaged text, Python would refuse to make a string.
    return f"indexed_1(CAST({column} AS BLOB))"


def _indexed_text(text: bytes | None) -> str:
    return indexed((text or b"").decode("utf-8", "replace"))


STATEMENTS = (
    *_indexed("turn_text", "turn", "text"),
    *_indexed("session_title", "session", "title", "WHEN old.title <> new.title"),
)
"""The steps of the migration."""
