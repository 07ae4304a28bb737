"""A file that appears whole or not at all: written beside its place, then moved into it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gramophone.errors import StorageError


@contextmanager
def written_whole(path: Path) -> Generator[BinaryIO]:
    """A binary file to write; it stands at `path` once the block has ended without an error.

    Whatever stood there before stays until then. The file is its owner's alone.

    Raises:
        StorageError: the file cannot be written there.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        _remove(name)
        raise _unwritable(path, error) from error
    except BaseException:
        _remove(name)
        raise


def _remove(name: str) -> None:
    Path(name).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(f"{path} cannot be written ({reason}); choose another place with -o.")
