"""The full-text index over turns and titles: what it holds, and the migration that makes it.

It holds what `indexed_1` gives of a text, which SQL could not: letters folded, and runs of writing
without spaces as pairs of characters (`gramophone.text.bigrams`). Triggers keep it true, so every
connection that writes turns or titles needs the function: `register`.
"""

from __future__ import annotations

import sqlite3

from gramophone.text.bigrams import indexed

# The rows are taken in slices, so that one sees how far it is.
_SLICES = 16
# Signs of vowels belong to the words, as letters do.
TOKENS = "unicode61 remove_diacritics 0 categories ''L* N* Co Mn Mc''"


def _indexed(index: str, table: str, column: str, changes: str = "") -> tuple[str, ...]:
    """The steps from an index of a column as it is to one of what `indexed_1` gives of it."""
    old = f"VALUES ('delete', old.number, {called(f'old.{column}')})"
    new = f"VALUES (new.number, {called(f'new.{column}')})"
    highest = f"(SELECT coalesce(max(number), 0) FROM {table})"
    slices = [
        f"""
        INSERT INTO {index} (rowid, {column}) SELECT number, {column} FROM {index}_source
        WHERE {f"number > {highest} * {part} / {_SLICES} AND" if part else ""}
        number <= {highest} * {part + 1} / {_SLICES}
        """
        for part in range(_SLICES)
    ]
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
        *slices,
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
