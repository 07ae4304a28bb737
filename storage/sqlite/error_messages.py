"""Errors in one sentence that says what to do about them.

The only place that reads error numbers of the operating system and of SQLite.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from gramophone.core.errors import LibraryCorrupt, LibraryTooNew, LibraryUnwritable, StorageError
from gramophone.system.regular_files import NotRegularFile
from storage.home import Home
from storage.sqlite.file_system import FULL, READ_ONLY, Support, support, write_fault

_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR})
_MISSING = frozenset({errno.ENOENT, errno.ESTALE})

_SQLITE_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SQLITE_FORBIDDEN = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
)
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_OF_THE_SYSTEM = _SQLITE_FORBIDDEN | _SQLITE_BUSY | {sqlite3.SQLITE_IOERR}
_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG})


UNREADABLE = (OSError, sqlite3.Error, UnicodeDecodeError, OverflowError)
"""What reading a library raises: Python's layer over SQLite fails by itself on text that is not
UTF-8, in its error messages too, and on numbers beyond 64 bits."""


def storage_error(error: Exception, home: Home) -> StorageError:
    """The error as one the user can act on; a StorageError is handed back unchanged."""
    match error:
        case StorageError():
            return error
        case sqlite3.Error():
            return _from_sqlite(error, home)
        case OSError():
            return _from_system(error, home)
        case UnicodeDecodeError():
            return corrupt(home, "text in it is not UTF-8")
        case OverflowError():
            return corrupt(home, "a number in it is beyond all bounds")
        case _:
            return StorageError(
                f"The recording in {home.root} stopped ({type(error).__name__}: {error}); what was "
                "recorded so far is kept. Start again, and report this if it happens twice."
            )


def is_full(error: Exception, home: Home) -> bool:
    """Whether an error of SQLite or of the system means that there is no room."""
    failure = storage_error(error, home)
    return isinstance(failure, LibraryUnwritable) and failure.full


@contextmanager
def storage_errors(home: Home) -> Generator[None]:
    """Turn errors of SQLite and of the file system inside the block into StorageErrors."""
    try:
        yield
    except UNREADABLE as error:
        raise storage_error(error, home) from error


def corrupt(home: Home, reason: str) -> LibraryCorrupt:
    """The library is damaged: nothing is touched, and the user is told the ways on."""
    return LibraryCorrupt(
        f"The library {home.database} is damaged ({reason}). Nothing was changed: run `gramophone "
        "verify` to see what is wrong, `gramophone recover` to save what can be read into a new "
        "library beside it, or set GRAMOPHONE_HOME to another directory."
    )


def too_new(home: Home, version: int, supported: int) -> LibraryTooNew:
    """The library was written by a later version of the program."""
    return LibraryTooNew(
        f"The library {home.database} was written by a newer Gramophone (schema {version}; this "
        f"one knows up to {supported}). Upgrade Gramophone, or set GRAMOPHONE_HOME to another "
        "directory."
    )


def no_library(home: Home) -> StorageError:
    """There is no database; whether there is sound without it is what the user must know."""
    if home.audio.is_dir() and any(home.audio.iterdir()):
        return StorageError(
            f"{home.database} is missing, while there is sound in {home.audio}; put the database "
            "back, or run `gramophone recover` to make sessions of the sound."
        )
    return StorageError(f"There is no library in {home.root}; set GRAMOPHONE_HOME, or record.")


def vanished(home: Home) -> StorageError:
    """The data directory was removed or moved while it was in use."""
    return StorageError(
        f"The data directory {home.root} was removed or moved while recording; put it back, or "
        "start again to have a new one made."
    )


def log_removed(home: Home) -> StorageError:
    """The write-ahead log was deleted while it was in use: by hand, or by another program."""
    return StorageError(
        f"{home.write_ahead_log} was removed while recording, and with it what was said last; "
        "start again to go on recording, and leave that file to Gramophone."
    )


def without_locks(home: Home, abilities: Support) -> StorageError:
    """The file system has no locks, without which two programs would damage the library."""
    location = (
        f"the network file system ({abilities.network})" if abilities.network else "the file system"
    )
    return StorageError(
        f"The library cannot be kept in {home.root}: {location} there has no locks (is its lock "
        "service off?). Set GRAMOPHONE_HOME to a directory on a local disk."
    )


def _full(home: Home) -> LibraryUnwritable:
    return LibraryUnwritable(
        f"There is no room left for the recording in {home.root}; what was recorded so far is "
        "kept. Free some space (`gramophone gc` and `gramophone delete` work without any), or set "
        "GRAMOPHONE_HOME to a directory on another disk.",
        reading=f"There is no room left in {home.root}; the library is open for reading only. "
        "`gramophone gc` and `gramophone delete` free some.",
        full=True,
    )


def _forbidden(home: Home, reason: str) -> LibraryUnwritable:
    return LibraryUnwritable(
        f"The data directory {home.root} cannot be written ({reason}); give yourself the right to "
        "write there, or set GRAMOPHONE_HOME to another directory.",
        reading=f"The data directory {home.root} cannot be written ({reason}); the library is open "
        "for reading only.",
    )


def _read_only(home: Home) -> LibraryUnwritable:
    reason = "its file system is read-only"
    return LibraryUnwritable(
        f"The data directory {home.root} cannot be written ({reason}); what is there can be read. "
        "To record, set GRAMOPHONE_HOME to another directory.",
        reading=f"The data directory {home.root} cannot be written ({reason}); the library is open "
        "for reading only.",
    )


def _refused(number: int, home: Home) -> LibraryUnwritable | None:
    """The error that an error number of the file system means for the library; None for other
    numbers."""
    if number in FULL:
        return _full(home)
    if number == READ_ONLY:
        return _read_only(home)
    return _forbidden(home, os.strerror(number)) if number in _FORBIDDEN else None


def _from_system(error: OSError, home: Home) -> StorageError:
    reason = error.strerror or str(error)
    if isinstance(error, NotRegularFile):
        return StorageError(f"{error.filename} {reason}; move it away and try again.")
    if error.errno is not None and (refused := _refused(error.errno, home)):
        return refused
    if error.errno in _MISSING:
        return vanished(home) if not home.root.exists() else _forbidden(home, reason)
    path = error.filename or home.root
    return StorageError(
        f"The recording failed at {path} ({reason}); what was recorded so far is kept. Check the "
        "disk, or set GRAMOPHONE_HOME to another directory."
    )


def _from_sqlite(error: sqlite3.Error, home: Home) -> StorageError:
    # Errors that Python's own layer raises carry no code.
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_CORRUPT:
        return corrupt(home, str(error))
    if code in _SQLITE_FULL:
        return _full(home)
    if code in _SQLITE_OF_THE_SYSTEM and home.root.exists():
        # SQLite does not say why the system refused.
        if refused := _refused(write_fault(home.root), home):
            return refused
        abilities = support(home.root)
        if not abilities.locks:
            return without_locks(home, abilities)
    if code in _SQLITE_FORBIDDEN:
        return _forbidden(home, str(error)) if home.root.exists() else vanished(home)
    if code in _SQLITE_BUSY:
        return StorageError(
            f"The library {home.database} is held by another program; close it and try again."
        )
    return StorageError(
        f"The library {home.database} could not be used ({error}); what was recorded so far is "
        "kept. Check the disk, or run `gramophone verify`."
    )
