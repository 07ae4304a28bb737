"""Failures: every error of the system and of SQLite is one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from gramophone.core.errors import LibraryCorrupt, LibraryTooNew, LibraryUnwritable, StorageError
from storage.home import Home
from storage.sqlite.error_messages import storage_error, storage_errors, too_new


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EDQUOT, "no room left"),
        (errno.EFBIG, "no room left"),
        (errno.EACCES, r"cannot be written \(Permission denied\)"),
        (errno.EROFS, "cannot be written"),
        (errno.EIO, "Check the disk"),
        (errno.ENOENT, "removed or moved"),
    ],
)
def test_what_the_system_refuses(number: int, sentence: str, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    with pytest.raises(StorageError, match=sentence) as raised, storage_errors(home):
        raise OSError(number, os.strerror(number))
    assert str(home.root) in str(raised.value)
    assert str(raised.value).endswith(".")


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (sqlite3.SQLITE_FULL, LibraryUnwritable, "no room left"),
        (sqlite3.SQLITE_BUSY, StorageError, "held by another program"),
        (sqlite3.SQLITE_READONLY, LibraryUnwritable, "cannot be written"),
        (sqlite3.SQLITE_IOERR_WRITE, StorageError, "could not be used"),
        (sqlite3.SQLITE_CORRUPT_VTAB, LibraryCorrupt, "damaged"),
        (sqlite3.SQLITE_NOTADB, LibraryCorrupt, "damaged"),
    ],
)
def test_what_sqlite_refuses(
    code: int, kind: type[StorageError], sentence: str, tmp_path: Path
) -> None:
    error = storage_error(sqlite_error(code), Home.at(tmp_path))
    assert type(error) is kind
    assert sentence in str(error)
    assert str(tmp_path) in str(error)


def test_an_error_of_ours_is_handed_back(tmp_path: Path) -> None:
    error = StorageError("As it is.")
    assert storage_error(error, Home.at(tmp_path)) is error


def test_the_unexpected_is_named_too(tmp_path: Path) -> None:
    error = storage_error(ZeroDivisionError("by zero"), Home.at(tmp_path))
    assert "ZeroDivisionError: by zero" in str(error)


def test_a_newer_library_says_which(tmp_path: Path) -> None:
    error = too_new(Home.at(tmp_path), 9, 3)
    assert isinstance(error, LibraryTooNew)
    assert "schema 9; this one knows up to 3" in str(error)
