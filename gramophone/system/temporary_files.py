"""Temporary files and directories that do not outlive their owner.

Each is locked (flock) by the process that made it. The kernel releases the lock when that process
dies, so a path with a name of ours and without a lock was left by a killed process: the next run
removes it. Nothing else is ever removed.
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

# `tempfile` appends eight characters of a-z, 0-9 and _ to a prefix. Only names of exactly this form
# are taken for ours.
_MARK = ".gramophone-"
_LONGEST_NAME_BYTES = 160
_BESIDE = re.compile(r"\..+\.gramophone-[a-z0-9_]{8}", re.DOTALL)
_PREFIX = "gramophone-scratch-"
_ALONE = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")


class _Swept(Exception):
    """Another process has removed a new directory before it could be locked."""


def make_file(path: Path) -> tuple[int, Path]:
    """Make a locked file beside `path` for its owner only; returns its descriptor and path.

    Closing the descriptor releases the lock.

    Raises:
        OSError: it cannot be made.
    """
    return _locked(lambda: tempfile.mkstemp(dir=path.parent, prefix=_prefix(path)))


def make_directory(path: Path) -> tuple[int, Path]:
    """Make a locked directory beside `path`; returns the descriptor with the lock, and its path.

    Raises:
        OSError: it cannot be made.
    """
    return _locked(lambda: _made_directory(path.parent, _prefix(path)))


def make_scratch(directory: Path) -> tuple[int, Path]:
    """Make a locked directory in `directory`; returns the descriptor with the lock, and its path.

    Those that killed processes left there are removed first.

    Raises:
        OSError: it cannot be made.
    """
    sweep(directory)
    return _locked(lambda: _made_directory(directory, _PREFIX))


@contextmanager
def scratch_directory() -> Generator[Path]:
    """Make a directory for temporary files, which is removed when the context ends.

    Those that killed processes left are removed first.

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
    """List what killed processes left directly in `directory`, sorted; nothing if it cannot be
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
    # A file name has at most 255 bytes (NAME_MAX), and the mark and a random part are added.
    name = os.fsencode(path.name)[:_LONGEST_NAME_BYTES].decode("utf-8", "ignore")
    return f".{name}{_MARK}"


def _made_directory(directory: Path, prefix: str) -> tuple[int, str]:
    name = tempfile.mkdtemp(dir=directory, prefix=prefix)
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
        # Some file systems have no locks: there the file is never swept, because the attempt to
        # lock it fails in `_is_abandoned`, too.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have swept it between its making and its lock: then the name is gone
        # or belongs to another file, and this descriptor to one without a name.
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
