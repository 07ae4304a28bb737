"""Facts about a library's database for bug reports: versions and counts, no content."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.home import Home


def schema_facts(directory: Path) -> dict[str, Any]:
    """Versions, size and number of rows by table; of a database that cannot be read, the kind of
    the error."""
    database = Home.at(directory).database
    facts: dict[str, Any] = {"sqlite": sqlite3.sqlite_version, "exists": database.exists()}
    if not facts["exists"]:
        return facts
    try:
        facts["bytes"] = database.stat().st_size
        address = f"file:{quote(str(database))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            facts["user_version"] = connection.execute("PRAGMA user_version").fetchone()[0]
            facts["journal_mode"] = connection.execute("PRAGMA journal_mode").fetchone()[0]
            facts["rows"] = _rows(connection)
    except (OSError, sqlite3.Error) as error:
        facts["unreadable"] = type(error).__name__
    return facts


def _rows(connection: sqlite3.Connection) -> dict[str, int | None]:
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return {name: _count(connection, name) for (name,) in names.fetchall()}


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    try:
        quoted = table.replace('"', '""')
        return connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
    except sqlite3.Error:
        return None
