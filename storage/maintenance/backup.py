"""A copy of the library that is whole, while others record: `gramophone backup`.

Rows are copied first (`VACUUM INTO`, one moment's snapshot), sound after them. Sound is always
written before the row that names it, and files only grow, so whatever the snapshot names is in the
files by the time they are copied. What came later is cut off: of a session that is being recorded a
file is copied as far as the snapshot's rows go, so that their hashes hold.

Two things may happen to a finished session in between. It may be deleted: its rows go first, so a
file that is missing is looked for in the live rows, and then the copy forgets the session as well.
It may be compacted: then the copy gets the FLAC, and its row names that.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import open_binary
from gramophone.system.temporary_files import make_directory, sweep
from storage.audio.turn_audio import FLAC, WAV
from storage.audio.wav import HEADER_BYTES, WavFormat
from storage.home import Home, make_private_directory, make_private_file, open_private
from storage.maintenance.gc import size_of
from storage.sqlite.database import APPLICATION_ID, connect, connect_to_read, transaction
from storage.sqlite.error_messages import storage_error
from storage.sqlite.file_system import write_fault

_BLOCK_BYTES = 1 << 20
_LOOK_EVERY = 100_000
"""Instructions of SQLite's machine between two looks whether the copy is still wanted."""

_Tell: TypeAlias = Callable[[int, int], None]


@dataclass(slots=True)
class BackedUp:
    """Extent of a backup; `missing` counts turns whose sound was not there to be copied."""

    sessions: int = 0
    size_bytes: int = 0
    missing: int = 0


@frozen
class _TurnToCopy:
    """A turn with sound, as the snapshot has it."""

    number: int
    session_id: str
    turn: int
    audio_file: str
    samples: int
    form: WavFormat
    over: bool


def back_up(
    home: Home,
    path: Path,
    *,
    force: bool = False,
    progress: _Tell = lambda _done, _total: None,
) -> BackedUp:
    """Make `path` a data directory that holds what this one holds now; it appears when it is whole.
    With `force` it may take the place of an earlier backup. `progress` gets how many bytes of about
    how many are copied; what it raises ends the copy, and nothing is left.

    Raises:
        StorageError: the place is taken, there is no room, or something cannot be read or written.
    """
    path = Path(os.path.abspath(path.expanduser()))
    _require_place(home, path, force=force)
    with _disk_errors(home, path):
        # An earlier backup that a killed run had moved aside must outlive the next attempt.
        if os.path.lexists(path):
            sweep(path.parent)
        lock, stage = make_directory(path)
        try:
            total_bytes = size_of(home.root)
            if shutil.disk_usage(stage).free < total_bytes:
                raise StorageError(
                    f"There is no room for a backup at {path}: it needs {total_bytes >> 20} MiB."
                )
            result = _LibraryCopy(home, Home.at(stage), total_bytes, progress).run()
            _put_in_place(stage, path)
            sweep(path.parent)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        finally:
            os.close(lock)
        return result


@contextmanager
def _disk_errors(home: Home, path: Path) -> Generator[None]:
    """Turn errors of the system into a StorageError about the disk that has the fault."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
        target = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
        # SQLite does not say whose disk it is.
        if target and (write_fault(path.parent) or not write_fault(home.root)):
            raise _unwritable(path, str(error)) from error
        raise storage_error(error, home) from error


def _unwritable(path: Path, reason: str) -> StorageError:
    return StorageError(f"The backup {path} cannot be written ({reason}); choose another place.")


def _require_place(home: Home, path: Path, *, force: bool) -> None:
    real, library = Path(os.path.realpath(path)), Path(os.path.realpath(home.root))
    if real == library or real.is_relative_to(library) or library.is_relative_to(real):
        raise StorageError(
            f"A backup at {path} would lie in the library itself, or around it; choose another "
            "place."
        )
    if not path.parent.is_dir():
        raise StorageError(f"There is no directory {path.parent}; make it first.")
    if not path.is_symlink() and not path.exists():
        return
    if path.is_symlink() or not path.is_dir():
        raise StorageError(f"{path} is not a directory; choose another place for the backup.")
    if not any(path.iterdir()):
        return
    if not force:
        raise StorageError(
            f"{path} is not empty; choose another place, or --force to replace an earlier backup."
        )
    if not _is_library(path):
        raise StorageError(f"{path} holds no earlier backup, so --force does not replace it.")


def _is_library(path: Path) -> bool:
    if not (path / "library.db").is_file():
        return False
    database = sqlite3.connect(f"file:{path / 'library.db'}?mode=ro", uri=True)
    try:
        return database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()


class _LibraryCopy:
    def __init__(self, home: Home, stage: Home, total_bytes: int, progress: _Tell) -> None:
        self._home = home
        self._stage = stage
        self._total_bytes = total_bytes
        self._progress = progress
        self._done_bytes = 0
        self._result = BackedUp()
        self._live = connect_to_read(home)
        # A backup writes, though not into this library.
        self._live.execute("PRAGMA query_only = OFF")

    def run(self) -> BackedUp:
        try:
            make_private_directory(self._stage.audio)
            make_private_directory(self._stage.locks)
            for name in (self._home.marking_key.name, "config.toml", "retention.json"):
                self._copy_beside(name)
            self._snapshot()
            copy = connect(self._stage)
            try:
                self._copy_sound(copy)
            finally:
                copy.close()
        finally:
            self._live.close()
        self._result.size_bytes = size_of(self._stage.root)
        for directory in (*self._stage.audio.iterdir(), self._stage.audio, self._stage.root):
            _sync(directory)
        return self._result

    def _snapshot(self) -> None:
        # SQLite fills an empty file; one that it made others could read.
        make_private_file(self._stage.database)
        raised: list[BaseException] = []

        def look() -> int:
            try:
                self._advance(0)
            except BaseException as error:
                raised.append(error)
            return bool(raised)

        self._live.set_progress_handler(look, _LOOK_EVERY)
        try:
            self._live.execute("VACUUM INTO ?", (str(self._stage.database),))
        except sqlite3.OperationalError as error:
            raise (raised[0] if raised else error) from error
        finally:
            self._live.set_progress_handler(None, 0)
        # Nobody is connected to the copy yet, so that closing a descriptor drops no lock.
        _sync(self._stage.database)
        self._advance(size_of(self._stage.database))

    def _copy_sound(self, copy: sqlite3.Connection) -> None:
        names: list[tuple[str, int]] = []
        deleted: set[str] = set()
        for turn in _spoken(copy):
            if turn.session_id in deleted:
                continue
            name = self._copy_turn(copy, turn)
            if not name and self._deleted(turn.session_id):
                deleted.add(turn.session_id)
            elif not name:
                self._result.missing += 1
            elif name != turn.audio_file:
                names.append((name, turn.number))
        copy.execute("PRAGMA foreign_keys = ON")
        copy.execute("PRAGMA secure_delete = ON")
        with transaction(copy):
            copy.executemany("UPDATE turn SET audio_file = ? WHERE number = ?", names)
            copy.executemany(
                "DELETE FROM session WHERE id = ?", [(gone_id,) for gone_id in deleted]
            )
        for session_id in deleted:
            shutil.rmtree(self._stage.session_audio(session_id), ignore_errors=True)
        self._result.sessions = copy.execute("SELECT count(*) FROM session").fetchone()[0]

    def _deleted(self, session_id: str) -> bool:
        row = self._live.execute("SELECT 1 FROM session WHERE id = ?", (session_id,)).fetchone()
        return row is None

    def _copy_turn(self, copy: sqlite3.Connection, turn: _TurnToCopy) -> str:
        """Copy a turn's file; its name, or nothing when there is none."""
        named = self._home.sound(turn.session_id, turn.turn, turn.audio_file)
        for path in (named, named.with_suffix(FLAC if named.suffix == WAV else WAV)):
            with suppress(FileNotFoundError), open_binary(path, follow=False) as file:
                directory = self._stage.session_audio(turn.session_id)
                make_private_directory(directory)
                if turn.over or path.suffix == FLAC:
                    self._write(file, directory / path.name)
                else:
                    self._write_so_far(
                        file, directory / path.name, turn.form, _end_bytes(copy, turn)
                    )
                return path.name
        return ""

    def _write_so_far(self, file: BinaryIO, target: Path, form: WavFormat, data_bytes: int) -> None:
        """Copy as much of a WAV that grows as the snapshot's rows name."""
        file.seek(HEADER_BYTES)
        self._write(file, target, form.header(data_bytes), data_bytes, b"\0" * (data_bytes % 2))

    def _write(
        self,
        file: BinaryIO,
        target: Path,
        head: bytes = b"",
        most_bytes: int = sys.maxsize,
        tail: bytes = b"",
    ) -> None:
        with os.fdopen(open_private(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as out:
            out.write(head)
            while most_bytes and (block := file.read(min(_BLOCK_BYTES, most_bytes))):
                out.write(block)
                most_bytes -= len(block)
                self._advance(len(block))
            out.write(tail)
            out.flush()
            os.fsync(out.fileno())

    def _copy_beside(self, name: str) -> None:
        with suppress(FileNotFoundError), open_binary(self._home.root / name) as file:
            self._write(file, self._stage.root / name)

    def _advance(self, size_bytes: int) -> None:
        self._done_bytes += size_bytes
        self._progress(min(self._done_bytes, self._total_bytes), self._total_bytes)


def _spoken(copy: sqlite3.Connection) -> list[_TurnToCopy]:
    rows = copy.execute(
        "SELECT turn.number, id, turn, audio_file, samples, encoding, "
        "coalesce(own_rate_hz, sample_rate_hz), ended OR recovered FROM turn "
        "JOIN session ON session.number = turn.session "
        "WHERE audio_file IS NOT NULL ORDER BY turn.number"
    )
    return [
        _TurnToCopy(number, id_, turn, file, samples, WavFormat(encoding, rate_hz), bool(over))
        for number, id_, turn, file, samples, encoding, rate_hz, over in rows
    ]


def _end_bytes(copy: sqlite3.Connection, turn: _TurnToCopy) -> int:
    """End of the sound that the snapshot's rows of a turn name, to the half sample."""
    (end_bytes,) = copy.execute(
        "SELECT max(offset_bytes + size_bytes) FROM event WHERE kind = 'AudioReceived' "
        "AND turn = ? AND session = (SELECT number FROM session WHERE id = ?)",
        (turn.turn, turn.session_id),
    ).fetchone()
    if end_bytes is not None and turn.form.samples(end_bytes) == turn.samples:
        return end_bytes
    return turn.samples * turn.form.sample_bytes


def _put_in_place(stage: Path, path: Path) -> None:
    """Give a whole copy its name; an earlier one goes when the new one is there."""
    earlier: Path | None = None
    lock = -1
    if path.is_dir() and any(path.iterdir()):
        lock, earlier = make_directory(path)
        os.rename(path, earlier)
    try:
        os.rename(stage, path)
    except BaseException:
        if earlier is not None:
            os.rename(earlier, path)
        raise
    _sync(path.parent)
    if earlier is not None:
        shutil.rmtree(earlier, ignore_errors=True)
        os.close(lock)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
