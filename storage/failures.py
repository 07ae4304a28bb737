"""What went wrong, in one sentence that tells what to do.

The only place that reads error numbers of the operating system and of SQLite.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from gramophone.errors import LibraryCorrupt, LibraryTooNew, StorageError
from gramophone.regular_files import NotRegularFile
from storage.home import Home

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})
_MISSING = frozenset({errno.ENOENT, errno.ESTALE})

_SQLITE_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SQLITE_FORBIDDEN = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
)
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
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


@contextmanager
def sentences(home: Home) -> Generator[None]:
    """Turn errors of SQLite and of the file system inside the block into StorageErrors."""
    try:
        yield
    except UNREADABLE as error:
        raise storage_error(error, home) from error


def corrupt(home: Home, reason: str) -> LibraryCorrupt:
    """The library is damaged: nothing is touched, and the user is told the ways on."""
    return LibraryCorrupt(
        f"The library {home.database} is damaged ({reason}). Nothing was changed: run `gramophone "
        f"verify` to see what is wrong, move {home.root} aside to start afresh, or set "
        "GRAMOPHONE_HOME to another directory."
    )


def too_new(home: Home, found: int, known: int) -> LibraryTooNew:
    """The library was written by a later version of the program."""
    return LibraryTooNew(
        f"The library {home.database} was written by a newer Gramophone (schema {found}; this one "
        f"knows up to {known}). Upgrade Gramophone, or set GRAMOPHONE_HOME to another directory."
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


def _full(home: Home) -> StorageError:
    return StorageError(
        f"There is no room left for the recording in {home.root}; what was recorded so far is "
        "kept. Free some space, or set GRAMOPHONE_HOME to a directory on another disk."
    )


def _forbidden(home: Home, reason: str) -> StorageError:
    return StorageError(
        f"The data directory {home.root} cannot be written ({reason}); give yourself the right to "
        "write there, or set GRAMOPHONE_HOME to another directory."
    )


def _from_system(error: OSError, home: Home) -> StorageError:
    reason = error.strerror or str(error)
    if isinstance(error, NotRegularFile):
        return StorageError(f"{error.filename} {reason}; move it away and try again.")
    if error.errno in _FULL:
        return _full(home)
    if error.errno in _FORBIDDEN:
        return _forbidden(home, reason)
    if error.errno in _MISSING:
        return vanished(home) if not home.root.exists() else _forbidden(home, reason)
    where = error.filename or home.root
    return StorageError(
        f"The recording failed at {where} ({reason}); what was recorded so far is kept. Check the "
        "disk, or set GRAMOPHONE_HOME to another directory."
    )


def _from_sqlite(error: sqlite3.Error, home: Home) -> StorageError:
    # Errors that Python's own layer raises carry no code.
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_CORRUPT:
        return corrupt(home, str(error))
    if code in _SQLITE_FULL:
        return _full(home)
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
