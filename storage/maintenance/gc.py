"""Measures the library, finds files and rows that are not needed, and frees them: `gramophone gc`.

Looking changes nothing. Only what has a name as this program gives them is ever removed, under the
session's lock, after another look at its rows.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterable
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from gramophone.core.frozen import frozen
from gramophone.system.temporary_files import abandoned
from gramophone.system.temporary_files import remove as remove_abandoned
from storage.audio.turn_audio import FLAC, WAV
from storage.home import Home, is_session_id
from storage.maintenance.compaction import UNFINISHED, settle
from storage.maintenance.orphaned_audio import DELETED, SOUND
from storage.sessions.deletion import delete_sessions
from storage.sessions.edits import FORGOTTEN_AFTER
from storage.sqlite.database import connect, connect_to_read
from storage.sqlite.disk_reserve import make_room
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock

_TEMPORARY = re.compile(r"\.(.+\.[a-z0-9_]{8}|config-[a-z0-9_]{8}\.toml)", re.ASCII)
_STILL_WRITTEN_S = 3600
"""A temporary file younger than this may be one that somebody writes."""

_WORTH_BYTES = 1 << 20
_WORTH_PART = 10
_LOOK_EVERY = 10_000
"""Instructions of SQLite's machine: some milliseconds."""


@frozen
class FileGroup:
    """Files or directories of one kind, and their size."""

    paths: tuple[Path, ...] = ()
    size_bytes: int = 0

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileGroup:
        listed = tuple(sorted(paths))
        return cls(listed, sum(map(size_of, listed)))


@frozen
class Report:
    """The sizes of a library. `discarded` are sessions deleted in an app that was killed,
    `undoable` such as can still be brought back. `orphans` are sound of no turn in known sessions,
    `strays` sound of sessions that the database does not know: only `reclaim(orphans=True)` frees
    it. `strange` is what this program did not put there."""

    sessions: int = 0
    database_bytes: int = 0
    free_bytes: int = 0
    wav: FileGroup = field(default_factory=FileGroup)
    flac: FileGroup = field(default_factory=FileGroup)
    discarded: tuple[str, ...] = ()
    discarded_bytes: int = 0
    undoable: int = 0
    orphans: FileGroup = field(default_factory=FileGroup)
    strays: FileGroup = field(default_factory=FileGroup)
    leftovers: FileGroup = field(default_factory=FileGroup)
    strange: tuple[Path, ...] = ()
    recording: bool = False

    @property
    def worth_a_vacuum(self) -> bool:
        """Whether rewriting the database gives back enough to be worth it."""
        part = self.database_bytes // _WORTH_PART
        return self.free_bytes >= max(_WORTH_BYTES, part) and not self.recording

    @property
    def reclaimable_bytes(self) -> int:
        """Estimate of the bytes that `reclaim` frees."""
        freed = self.discarded_bytes + self.leftovers.size_bytes + self.orphans.size_bytes
        return freed + (self.free_bytes if self.worth_a_vacuum else 0)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to do."""
        removable = self.discarded or self.orphans.paths or self.leftovers.paths
        return not (removable or self.worth_a_vacuum)

    @property
    def stray_sessions(self) -> tuple[str, ...]:
        """Ids of the sessions that the database does not know, sorted."""
        return tuple(sorted({path.parent.name for path in self.strays.paths}))


def examine(home: Home, now: datetime, places: Iterable[Path] = ()) -> Report:
    """Look at everything; nothing is changed, but that a killed process's lock file goes. `places`
    are other directories in which killed processes may have left something.

    Raises:
        StorageError: the library cannot be read.
    """
    with storage_errors(home):
        database = connect_to_read(home)
        try:
            return _Inspection(home, database, now, places).report()
        finally:
            database.close()


def reclaim(
    home: Home,
    report: Report,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    orphans: bool = False,
) -> tuple[int, list[str]]:
    """Remove what a report found, with `orphans` the strays as well; how many bytes became free,
    and in sentences what was left.
    `progress` gets what steps of how many are done; what it raises ends the work after a step.

    Raises:
        StorageError: something cannot be removed.
    """
    failures: list[str] = []
    with storage_errors(home):
        make_room(home)
        before_bytes = size_of(home.root)
        steps = [*_steps(home, report, failures, orphans=orphans)]
        for done, step in enumerate(steps):
            progress(done, len(steps))
            step()
        return before_bytes - size_of(home.root), failures


def size_of(path: Path) -> int:
    """Size in bytes of a file, or of all files in a directory; 0 if it has gone."""
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(map(size_of, path.iterdir()))
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


# Everything below the data directory is put into one of four groups, and the last is never touched:
#
# - leftovers: names this program gives to unfinished work, whose owner holds no lock any more,
#   or that is older than an hour;
# - orphans: sound named like a turn's, in a known session whose rows do not name it;
# - strays: the same in a session without a row. The database may have been lost, and this may be
#   all that is left of it, so it is freed on request only;
# - strange: all other names.
#
# A session that somebody holds, or that waits for its repair, is passed over: its files are ahead
# of its rows. Rows may change between this look and the removal, so `_remove_unnamed` looks again
# under the session's lock.
class _Inspection:
    def __init__(
        self, home: Home, database: sqlite3.Connection, now: datetime, places: Iterable[Path]
    ) -> None:
        directories = dict.fromkeys([home.root, home.audio, *places])
        self._abandoned = {path for directory in directories for path in abandoned(directory)}
        self._home = home
        self._database = database
        self._now = now
        self._held: dict[str, bool] = {}

    def report(self) -> Report:
        session_ids = {id_ for (id_,) in self._database.execute("SELECT id FROM session")}
        discarded, undoable = self._discarded()
        files = [path for path in self._home.audio.glob("*/*") if path.is_file()]
        orphans, strays, leftovers, strange = self._sorted_out(session_ids)
        return Report(
            sessions=len(session_ids),
            database_bytes=sum(
                size_of(self._home.root / f"library.db{end}") for end in ("", "-wal")
            ),
            free_bytes=self._pragma("freelist_count") * self._pragma("page_size"),
            wav=FileGroup.of(path for path in files if path.suffix == WAV),
            flac=FileGroup.of(
                path for path in files if path.suffix == FLAC and not path.name.endswith(UNFINISHED)
            ),
            discarded=discarded,
            discarded_bytes=sum(size_of(self._home.session_audio(id_)) for id_ in discarded),
            undoable=undoable,
            orphans=FileGroup.of(orphans),
            strays=FileGroup.of(strays),
            leftovers=FileGroup.of([*leftovers, *self._temporary()]),
            strange=tuple(sorted(strange)),
            recording=any(self._is_held(path.stem) for path in _locks(self._home)),
        )

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    def _discarded(self) -> tuple[tuple[str, ...], int]:
        before = (self._now - FORGOTTEN_AFTER).astimezone(UTC).isoformat(timespec="milliseconds")
        rows = self._database.execute(
            "SELECT id, discarded_at < ? FROM session WHERE discarded_at IS NOT NULL", (before,)
        ).fetchall()
        removable = tuple(id_ for id_, is_old in rows if is_old and not self._is_held(id_))
        return removable, len(rows) - len(removable)

    def _sorted_out(self, session_ids: set[str]) -> tuple[list[Path], ...]:
        """Orphans, strays, leftovers, and what is none of ours, in the directory of the sound."""
        orphans: list[Path] = []
        strays: list[Path] = []
        leftovers: list[Path] = []
        strange: list[Path] = []
        unrepaired = {
            id_
            for (id_,) in self._database.execute(
                "SELECT id FROM session WHERE ended = 0 AND recovered = 0"
            )
        }
        for entry in self._home.audio.iterdir():
            if not is_session_id(entry.name) or not entry.is_dir():
                is_leftover = self._forgotten(entry) or entry in self._abandoned
                (leftovers if is_leftover else strange).append(entry)
            elif entry.name not in unrepaired and not self._is_held(entry.name):
                named = _named(self._home, self._database, entry.name)
                inside = list(entry.iterdir())
                if not inside and entry.name not in session_ids:
                    leftovers.append(entry)
                sound = orphans if entry.name in session_ids else strays
                if entry.name not in session_ids and entry / DELETED in inside:
                    sound = leftovers
                for path in inside:
                    if path in named:
                        continue
                    if path.name.endswith(UNFINISHED) or self._forgotten(path):
                        leftovers.append(path)
                    elif path.name == DELETED:
                        leftovers.append(path)
                    elif SOUND.fullmatch(path.name) and path.is_file():
                        sound.append(path)
                    else:
                        strange.append(path)
        return orphans, strays, leftovers, strange

    def _temporary(self) -> Generator[Path]:
        """Files that killed imports, exports and processes left outside the directory of the
        sound."""
        incoming = self._home.root / "incoming"
        if incoming.is_dir():
            for entry in incoming.iterdir():
                if is_session_id(entry.name) and not self._is_held(entry.name):
                    yield entry
        for path in self._home.root.iterdir():
            if self._forgotten(path):
                yield path
        yield from (path for path in self._abandoned if path.parent != self._home.audio)

    def _forgotten(self, path: Path) -> bool:
        """Whether it is a file that a killed export, or a killed writing of settings, left."""
        if _TEMPORARY.fullmatch(path.name) is None or not path.is_file():
            return False
        return self._now.timestamp() - path.lstat().st_mtime > _STILL_WRITTEN_S

    def _is_held(self, session_id: str) -> bool:
        if session_id not in self._held:
            self._held[session_id] = is_held(self._home, session_id)
        return self._held[session_id]


def is_held(home: Home, session_id: str) -> bool:
    """Whether somebody records a session, or works on its files."""
    if not home.lock(session_id).exists():
        return False
    lock = SessionLock.take(home, session_id)
    if lock is None:
        return True
    lock.release()
    return False


def _locks(home: Home) -> list[Path]:
    return [path for path in home.locks.glob("*.lock") if is_session_id(path.stem)]


def _named(home: Home, database: sqlite3.Connection, session_id: str) -> set[Path]:
    rows = database.execute(
        "SELECT turn, audio_file FROM turn WHERE audio_file IS NOT NULL AND session = "
        "(SELECT number FROM session WHERE id = ?)",
        (session_id,),
    )
    return {home.sound(session_id, turn, audio_file) for turn, audio_file in rows}


# --- giving back --------------------------------------------------------------------------------


def _steps(
    home: Home, report: Report, failures: list[str], *, orphans: bool
) -> Generator[Callable[[], None]]:
    # Files go first: on a full disk what they took is needed to remove rows.
    strays = report.strays.paths if orphans else ()
    by_session: dict[str, list[Path]] = {}
    for path in (*report.orphans.paths, *strays, *report.leftovers.paths):
        inside = path.parent.parent == home.audio
        by_session.setdefault(path.parent.name if inside else "", []).append(path)
    for path in by_session.pop("", []):
        yield lambda path=path: _remove_forgotten(home, path)
    for session_id, paths in by_session.items():
        yield lambda id_=session_id, paths=paths: _remove_unnamed(home, id_, paths, failures)
    if report.discarded:
        yield lambda: delete_sessions(home, report.discarded)
    if report.worth_a_vacuum:
        yield lambda: failures.extend(vacuum(home))


def _remove_forgotten(home: Home, path: Path) -> None:
    if path in abandoned(path.parent):
        remove_abandoned(path)
        return
    if not is_session_id(path.name):
        path.unlink(missing_ok=True)
        return
    # The directory of a session, whose import may have begun anew.
    lock = SessionLock.take(home, path.name)
    if lock is not None:
        try:
            if path.parent == home.audio:
                path.rmdir()
            else:
                shutil.rmtree(path, ignore_errors=True)
        finally:
            lock.release()


def _remove_unnamed(home: Home, session_id: str, paths: list[Path], failures: list[str]) -> None:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        failures.append(f"The session {session_id} is in use; its files are left alone.")
        return
    database = connect_to_read(home)
    try:
        database.execute("PRAGMA query_only = OFF")
        settle(home, database, session_id)
        named = _named(home, database, session_id)
        for path in paths:
            if path not in named:
                path.unlink(missing_ok=True)
        directory = home.session_audio(session_id)
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
    finally:
        database.close()
        lock.release()


def vacuum(home: Home) -> list[str]:
    """Rewrite the database without its free pages, unless somebody records: for as long as it
    takes nothing could be committed. Who begins to record meanwhile ends it. Says why it was not
    done."""
    if shutil.disk_usage(home.root).free < 2 * size_of(home.database):
        return ["There is no room to rewrite the database; it keeps its free pages."]
    before = set(_locks(home))
    if any(is_held(home, path.stem) for path in before):
        return [_RECORDED]
    database = connect(home)
    # Asking who holds a lock takes it for a moment; a new file is told without touching it.
    database.set_progress_handler(lambda: bool(set(_locks(home)) - before), _LOOK_EVERY)
    try:
        database.execute("VACUUM")
        database.set_progress_handler(None, 0)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return [_RECORDED]
    finally:
        database.close()
    return []


_RECORDED = "A session is being recorded; the database keeps its free pages for now."
