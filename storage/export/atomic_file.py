"""A file that appears whole or not at all: written beside its place, then moved into it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gramophone.core.errors import StorageError
from gramophone.library.library import refuse_database_file
from gramophone.system.temporary_files import make_file


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Generator[BinaryIO]:
    """A binary file to write; it stands at `path` once the block has ended without an error.

    Whatever stood there before stays until then, and for good unless `replace`. The file is its
    owner's alone. It can be read back.

    Raises:
        StorageError: the file cannot be written there.
    """
    refuse_database_file(path)
    try:
        descriptor, name = make_file(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            # Before it is closed, which gives its lock back.
            if replace:
                os.replace(name, path)
            else:
                _put(name, path)
    except OSError as error:
        _remove(name)
        raise _unwritable(path, error) from error
    except BaseException:
        _remove(name)
        raise


def free_path(path: Path) -> None:
    """Make sure that nothing stands at `path`.

    Raises:
        StorageError: something does.
    """
    if os.path.lexists(path):
        raise StorageError(
            f"{path} is there already; choose another place, or replace it (--force)."
        )


def made_folder(path: Path) -> None:
    """Make the directory `path`, and those above it, where they are missing.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _put(name: Path, path: Path) -> None:
    """Give the file its name; a name that was taken meanwhile is not taken away."""
    try:
        os.link(name, path)
    except FileExistsError:
        free_path(path)
        raise
    except OSError:
        # A file system without links. Between the look and the move lies no time worth a loss.
        free_path(path)
        os.rename(name, path)
    else:
        _remove(name)


def _remove(name: Path) -> None:
    name.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(f"{path} cannot be written ({reason}); choose another place.")
