"""Temporary files and directories that do not outlive their owner.

Each is locked (flock) by the process that made it, so that the next run finds what a killed one
left: a name of ours that nobody holds. Nothing else is ever removed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_MARK = ".gramophone-"
_LONGEST_NAME_BYTES = 160
_BESIDE = re.compile(r"\..+\.gramophone-[a-z0-9_]{8}", re.DOTALL)
_PREFIX = "gramophone-scratch-"
_ALONE = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")


class _Swept(Exception):
    """Another process has removed a new directory before it could be locked."""


def make_file(path: Path) -> tuple[int, Path]:
    """A new locked file beside `path` and its descriptor; its owner's alone. Closing the
    descriptor gives the lock back.

    Raises:
        OSError: it cannot be made.
    """
    return _locked(lambda: tempfile.mkstemp(dir=path.parent, prefix=_prefix(path)))


def make_directory(path: Path) -> tuple[int, Path]:
    """A new locked directory beside `path`, and the descriptor that holds its lock.

    Raises:
        OSError: it cannot be made.
    """
    return _locked(lambda: _made_directory(path.parent, _prefix(path)))


def make_scratch(place: Path) -> tuple[int, Path]:
    """A new locked directory in a place for temporary files, and the descriptor that holds its
    lock; those that killed processes left there are removed first.

    Raises:
        OSError: it cannot be made.
    """
    sweep(place)
    return _locked(lambda: _made_directory(place, _PREFIX))


@contextmanager
def scratch_directory() -> Generator[Path]:
    """A directory of the system's place for temporary files, removed when the block ends; those
    that killed processes left are removed first.

    Raises:
        OSError: it cannot be made.
    """
    descriptor, path = make_scratch(Path(tempfile.gettempdir()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def abandoned(directory: Path) -> list[Path]:
    """What killed processes left directly in `directory`, sorted; nothing where it cannot be
    read."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [
        directory / name for name in names if _is_ours(name) and _is_abandoned(directory / name)
    ]


def sweep(directory: Path) -> None:
    """Remove what killed processes left directly in `directory`; what cannot be removed stays."""
    for path in abandoned(directory):
        remove(path)


def remove(path: Path) -> None:
    """Remove a file or directory that `abandoned` named, unless somebody holds it by now."""
    if _is_abandoned(path):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _prefix(path: Path) -> str:
    # A name has at most 255 bytes.
    name = os.fsencode(path.name)[:_LONGEST_NAME_BYTES].decode("utf-8", "ignore")
    return f".{name}{_MARK}"


def _made_directory(place: Path, prefix: str) -> tuple[int, str]:
    name = tempfile.mkdtemp(dir=place, prefix=prefix)
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), name
    except FileNotFoundError as error:
        raise _Swept from error


def _locked(make: Callable[[], tuple[int, str]]) -> tuple[int, Path]:
    while True:
        try:
            descriptor, name = make()
        except _Swept:
            continue
        # Some file systems have no locks: there the file is never swept.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have swept it between its making and its lock.
        with suppress(FileNotFoundError):
            if os.stat(name).st_ino == os.fstat(descriptor).st_ino:
                return descriptor, Path(name)
        os.close(descriptor)


def _is_ours(name: str) -> bool:
    return bool(_BESIDE.fullmatch(name) or _ALONE.fullmatch(name))


def _is_abandoned(path: Path) -> bool:
    """Whether it is this user's, and no process holds its lock."""
    try:
        status = path.lstat()
        if status.st_uid != os.geteuid() or not (
            stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
        ):
            return False
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
