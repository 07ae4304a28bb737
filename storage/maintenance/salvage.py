"""A new library out of what can still be read of an old one: `gramophone recover`.

Rows come from the pages of the old database, whatever state its schema is in; sessions whose rows
are lost are made of their sound. The old library is only read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gramophone.core.codec import EVENT_TYPES
from gramophone.core.errors import StorageError
from gramophone.library.tags import tag_name
from gramophone.system.regular_files import open_binary
from gramophone.system.temporary_files import make_directory, sweep
from storage.home import Home, is_session_id, open_private
from storage.maintenance.orphaned_audio import DELETED, SOUND
from storage.maintenance.salvaged_sessions import (
    Tables,
    complete_sessions,
    insert_stray,
    insert_stray_events,
)
from storage.maintenance.sqlite_pages import DatabasePages, PageRow
from storage.recording.recovery import recover, sound_files
from storage.sqlite.database import open_library
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import TURN_BITS, turn_number

_BESIDE = ("redaction.key", "config.toml", "retention.json")
_BLOCK_BYTES = 1 << 20
_ROWS_A_TRANSACTION = 20_000

_Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Salvaged:
    """Content of the new library: all its sessions, and how many of them were made of their sound
    or of their turns alone. `lost_rows` could not be read or belonged to nothing, `lost_files` are
    sound files that could not be read."""

    sessions: int = 0
    from_sound: int = 0
    completed: int = 0
    turns: int = 0
    events: int = 0
    lost_rows: int = 0
    lost_files: int = 0


def salvage(
    home: Home,
    path: Path,
    *,
    now: datetime,
    new_id: Callable[[], str],
    progress: _Progress = lambda _done, _total: None,
) -> Salvaged:
    """Make a library at `path` of what can be read of the one in `home`. `progress` gets steps
    done and their total; what it raises ends the work, and nothing is left at `path`.

    Raises:
        StorageError: `path` is taken, somebody records, or something cannot be read or written.
    """
    target = Home.at(path)
    _require(home, target)
    with storage_errors(target):
        sweep(target.root.parent)
        lock, stage = make_directory(target.root)
        try:
            salvaged = _Salvage(home, Home.at(stage), now, new_id, progress).run()
            os.rename(stage, target.root)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        finally:
            os.close(lock)
        return salvaged


def _require(home: Home, target: Home) -> None:
    if not home.database.exists() and not home.audio.is_dir():
        raise StorageError(f"There is nothing to recover in {home.root}; set GRAMOPHONE_HOME.")
    if os.path.lexists(target.root):
        raise StorageError(f"{target.root} is there already; name another directory.")
    if Path(os.path.realpath(target.root)).is_relative_to(os.path.realpath(home.root)):
        raise StorageError(f"{target.root} lies in the library itself; name another directory.")
    if not target.root.parent.is_dir():
        raise StorageError(f"There is no directory {target.root.parent}; make it first.")
    for path in home.locks.glob("*.lock"):
        if is_session_id(path.stem) and _is_held(home, path.stem):
            raise StorageError(
                f"The session {path.stem} is being recorded; close Gramophone, and try again."
            )


def _is_held(home: Home, session_id: str) -> bool:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        return True
    lock.release()
    return False


class _Salvage:
    def __init__(
        self,
        home: Home,
        target: Home,
        now: datetime,
        new_id: Callable[[], str],
        progress: _Progress,
    ) -> None:
        self._home = home
        self._target = target
        self._now = now
        self._new_id = new_id
        self._progress = progress
        self._salvaged = Salvaged()
        self._strays: list[str] = []

    def run(self) -> Salvaged:
        with closing(open_library(self._target, lambda: self._now)) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("PRAGMA synchronous = OFF")
            if self._home.database.exists():
                self._copy_rows(database)
            self._salvaged.completed = complete_sessions(database, self._now, self._new_id)
            self._take_sound(database)
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA foreign_keys = ON")
            for name in _BESIDE:
                if (self._home.root / name).exists():
                    _copy(self._home.root / name, self._target.root / name)
            recover(self._target, database)
            for session_id in self._strays:
                insert_stray_events(database, session_id)
            self._count(database)
        return self._salvaged

    def _copy_rows(self, database: sqlite3.Connection) -> None:
        tables = Tables(database)
        with (
            storage_errors(self._home),
            DatabasePages(self._home.database, self._home.write_ahead_log) as pages,
        ):
            database.execute("BEGIN")
            for count, row in enumerate(pages.rows()):
                if count % _ROWS_A_TRANSACTION == 0:
                    self._progress(0, 2)
                    database.execute("COMMIT")
                    database.execute("BEGIN")
                table = _table_of(row)
                if table and not tables.insert(table, row):
                    self._salvaged.lost_rows += 1
            database.execute("COMMIT")
            self._salvaged.lost_rows += pages.lost_cells

    def _take_sound(self, database: sqlite3.Connection) -> None:
        """Copy all sound of sessions that are known, and make sessions of the rest."""
        if not self._home.audio.is_dir():
            return
        session_ids = {id_ for (id_,) in database.execute("SELECT id FROM session")}
        names = sorted(name for name in os.listdir(self._home.audio) if is_session_id(name))
        for done, session_id in enumerate(names):
            self._progress(done, len(names))
            directory = self._home.session_audio(session_id)
            if not directory.is_dir() or directory.is_symlink():
                continue
            if session_id not in session_ids and (directory / DELETED).exists():
                continue
            self._copy_sound(session_id)
            files = [path for _, path in sound_files(self._target, session_id)]
            if session_id not in session_ids and files:
                insert_stray(database, session_id, files, self._now)
                self._strays.append(session_id)
                self._salvaged.from_sound += 1

    def _copy_sound(self, session_id: str) -> None:
        target = self._target.session_audio(session_id)
        for name in sorted(os.listdir(self._home.session_audio(session_id))):
            if SOUND.fullmatch(name):
                target.mkdir(mode=0o700, exist_ok=True)
                source = self._home.session_audio(session_id) / name
                self._salvaged.lost_files += not _copy(source, target / name)

    def _count(self, database: sqlite3.Connection) -> None:
        for name in ("session", "turn", "event"):
            (count,) = database.execute(f"SELECT count(*) FROM {name}").fetchone()
            setattr(self._salvaged, f"{name}s", count)


def _copy(source: Path, target: Path) -> bool:
    """Copy a file with its times, as far as it can be read; whether that is to its end.

    Raises:
        OSError: the copy cannot be written.
    """
    try:
        file = open_binary(source, follow=False)
    except OSError:
        return False
    descriptor = open_private(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with file, os.fdopen(descriptor, "wb") as out:
        status = os.fstat(file.fileno())
        while block := _block_of(file):
            out.write(block)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return block is not None


def _block_of(file: BinaryIO) -> bytes | None:
    """The next bytes, none at the end, and None where the disk cannot read them."""
    try:
        return file.read(_BLOCK_BYTES)
    except OSError:
        return None


# --- what a row is ------------------------------------------------------------------------------


def _table_of(row: PageRow) -> str:
    """The table that a row is of, by its shape; empty for indices and what is not ours."""
    if row.rowid is None:
        return "event" if _is_event(row.values) else "tag" if _is_tag(row.values) else ""
    if _is_picture(row.values):
        return "picture"
    if len(row.values) < 13 or row.values[0] is not None:
        return ""
    first, second, third = row.values[1:4]
    if isinstance(first, str):
        ours = is_session_id(first) and isinstance(third, str) and 0 < row.rowid < 1 << 43
        return "session" if ours else ""
    if isinstance(first, int) and isinstance(second, int) and third in ("user", "assistant"):
        fits = 0 <= second < 1 << TURN_BITS and row.rowid == turn_number(first, second)
        return "turn" if fits else ""
    return ""


def _is_event(values: Sequence[object]) -> bool:
    return len(values) >= 10 and values[3] in EVENT_TYPES and isinstance(values[0], int)


def _is_picture(values: Sequence[object]) -> bool:
    if len(values) != 4 or values[0] is not None or not isinstance(values[1], int):
        return False
    return isinstance(values[3], bytes) and hashlib.sha256(values[3]).hexdigest() == values[2]


def _is_tag(values: Sequence[object]) -> bool:
    if len(values) != 2 or not isinstance(values[0], int) or not isinstance(values[1], str):
        return False
    return bool(values[1]) and tag_name(values[1]) == values[1]
