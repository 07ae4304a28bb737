"""Sound of sessions that the database does not know, because `library.db` was lost, emptied or
replaced. It is never freed unasked; `gramophone recover` makes sessions of it."""

from __future__ import annotations

import itertools
import json
import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from gramophone.core.errors import StorageError
from storage.home import Home, is_session_id, open_private
from storage.sqlite.database import connect_to_read
from storage.sqlite.error_messages import UNREADABLE

SOUND = re.compile(r"(0|[1-9][0-9]{0,6})(\.wav|\.flac)", re.ASCII)
"""Names of sound files, as this program gives them."""

DELETED = ".deleted"
"""Stands in the directory of a session that is being deleted: its sound is not wanted any more."""

_LOOKED_AT = 2_000


def mark_deleted(directory: Path) -> None:
    """Say that the session of this directory is being deleted; a full disk may prevent it."""
    with suppress(OSError):
        os.close(open_private(directory / DELETED, os.O_WRONLY | os.O_CREAT))


def stray_sessions(home: Home, database: sqlite3.Connection) -> list[str]:
    """Ids of all sessions that have sound and no row, sorted; without those that are recorded or
    were being deleted.

    Raises:
        sqlite3.Error: the database cannot be read.
        OSError: the directory of the sound cannot be read.
    """
    return sorted(_strays(home, database, os.scandir(home.audio)))


def stray_warning(home: Home) -> str:
    """One sentence for the start of the program when there is sound without sessions, else
    nothing. Only the first 2,000 directories are looked at, which takes some milliseconds."""
    try:
        with closing(connect_to_read(home)) as database, os.scandir(home.audio) as entries:
            strays = _strays(home, database, itertools.islice(entries, _LOOKED_AT))
    except (*UNREADABLE, StorageError):
        # Whoever opens the library says what is the matter.
        return ""
    if not strays:
        return ""
    return (
        f"{home.audio} has sound of {counted(len(strays))} that {home.database.name} does not "
        "know; if it was lost or replaced, run `gramophone recover` to have them back."
    )


def counted(sessions: int) -> str:
    return f"{sessions:,} session{'' if sessions == 1 else 's'}"


def _strays(
    home: Home, database: sqlite3.Connection, entries: Iterable[os.DirEntry[str]]
) -> list[str]:
    names = [
        entry.name
        for entry in entries
        if is_session_id(entry.name) and entry.is_dir(follow_symlinks=False)
    ]
    rows = database.execute(
        "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM session)",
        (json.dumps(names),),
    )
    return [name for (name,) in rows if _has_sound(home, str(name))]


def _has_sound(home: Home, session_id: str) -> bool:
    if home.lock(session_id).exists():
        return False
    names = os.listdir(home.session_audio(session_id))
    return DELETED not in names and any(SOUND.fullmatch(name) for name in names)
