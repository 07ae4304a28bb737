"""Limits on age and size of the library, off unless `[library]` in config.toml sets them.

Nothing is removed before its owner has seen what would be and has agreed: `agree` remembers the
limits that were agreed to, and only limits that are stricter ask again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import read_regular
from storage.export.atomic_file import atomic_write
from storage.home import Home, is_session_id
from storage.maintenance.gc import is_held, size_of
from storage.sessions.deletion import delete_sessions
from storage.sqlite.database import connect_to_read
from storage.sqlite.error_messages import storage_errors

YOUNGEST = timedelta(days=1)
"""A session younger than this is never removed, however large the library."""

_GB = 1_000_000_000
_AGREED = "retention.json"


@frozen
class Limits:
    """`keep_days` by the day a session began, `keep_gb` of sound; 0 is without limit."""

    keep_days: int = 0
    keep_gb: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.keep_days or self.keep_gb)


@frozen
class Due:
    """A session beyond the limits."""

    id: str
    title: str
    created_at: str
    size_bytes: int


def due(home: Home, limits: Limits, now: datetime) -> list[Due]:
    """The sessions beyond the limits, oldest first: never one that is pinned, that is being
    recorded or waits for its repair, or that began within a day.

    Raises:
        StorageError: the library cannot be read.
    """
    if not limits.any:
        return []
    with storage_errors(home):
        database = connect_to_read(home)
        try:
            rows = _by_age(database)
        finally:
            database.close()
        sized = [Due(*row, size_of(home.session_audio(row[0]))) for row in rows]
        chosen = _too_old(sized, limits, now)
        chosen |= _too_much(home, sized, chosen, limits, now)
        return [
            session for session in sized if session.id in chosen and not is_held(home, session.id)
        ]


def remove(home: Home, sessions: Sequence[Due]) -> None:
    """Remove sessions for good.

    Raises:
        StorageError: one is in use, or cannot be removed; those before it are gone.
    """
    delete_sessions(home, [session.id for session in sessions])


def agreed(home: Home, limits: Limits) -> bool:
    """Whether limits at least as strict were agreed to."""
    try:
        stored = json.loads(read_regular(home.root / _AGREED))
        days, size_gb = float(stored["keep_days"]), float(stored["keep_gb"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return _covers(days, limits.keep_days) and _covers(size_gb, limits.keep_gb)


def agree(home: Home, limits: Limits) -> None:
    """Remember that these limits may remove what is beyond them."""
    document = json.dumps({"keep_days": limits.keep_days, "keep_gb": limits.keep_gb})
    with atomic_write(home.root / _AGREED) as file:
        file.write(document.encode() + b"\n")


def keep_within(home: Home, limits: Limits, now: datetime) -> str:
    """Remove what is beyond the limits, if that was agreed to; one sentence on what was or would
    be done, or nothing when there is nothing to say."""
    if not limits.any or not home.database.exists():
        return ""
    try:
        sessions = due(home, limits, now)
        if not sessions:
            return ""
        if not agreed(home, limits):
            return (
                f"{words(limits)} would remove {counted(sessions)}; nothing was removed: "
                "gramophone gc shows them and asks."
            )
        remove(home, sessions)
    except StorageError as error:
        return f"Sessions that {words(limits)} no longer keeps are still there: {error}"
    return f"{counted(sessions).capitalize()} removed, as {words(limits)} says; pinned ones stay."


def words(limits: Limits) -> str:
    """The limits as they stand in the settings."""
    settings = [f"keep_days = {limits.keep_days}"] if limits.keep_days else []
    settings += [f"keep_gb = {limits.keep_gb:g}"] if limits.keep_gb else []
    return " with ".join(settings)


def counted(sessions: Sequence[Due]) -> str:
    return f"{len(sessions):,} session{'' if len(sessions) == 1 else 's'}"


def _covers(agreed_limit: float, limit: float) -> bool:
    return not limit or 0 < agreed_limit <= limit


def _by_age(database: sqlite3.Connection) -> list[tuple[str, str, str]]:
    rows = database.execute(
        "SELECT id, title, created_at FROM session WHERE (ended = 1 OR recovered = 1) "
        "AND pinned = 0 AND discarded_at IS NULL ORDER BY created_at, number"
    )
    return [row for row in rows if is_session_id(row[0])]


def _too_old(sized: Sequence[Due], limits: Limits, now: datetime) -> set[str]:
    if not limits.keep_days:
        return set()
    began = _stamp(now - timedelta(days=limits.keep_days))
    return {session.id for session in sized if session.created_at < began}


# The oldest go first, until the sound that is left fits. Sessions that cannot go (pinned, young,
# being recorded) count for the size, so a library of pinned sessions may stay above the limit.
def _too_much(
    home: Home, sized: Sequence[Due], removed: set[str], limits: Limits, now: datetime
) -> set[str]:
    if not limits.keep_gb:
        return set()
    left_bytes = size_of(home.audio) - sum(
        session.size_bytes for session in sized if session.id in removed
    )
    young = _stamp(now - YOUNGEST)
    chosen: set[str] = set()
    for session in sized:
        if left_bytes <= limits.keep_gb * _GB:
            break
        # Without sound it takes no room that counts.
        if session.id not in removed and session.size_bytes and session.created_at < young:
            chosen.add(session.id)
            left_bytes -= session.size_bytes
    return chosen


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
