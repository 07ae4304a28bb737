"""Locks on sessions that are being recorded, which the kernel releases when the process dies.

Without it a second program that starts would take a live session for a broken one and repair it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress

from storage.home import Home, make_private_directory, open_private
from storage.sqlite.file_system import FULL, READ_ONLY

_UNWRITABLE = FULL | {READ_ONLY, errno.EACCES, errno.EPERM}
_NO_FILE = -2


# flock, and not a POSIX record lock as SQLite's: it belongs to the open file, so it is not lost
# when another descriptor of the same file is closed, and it keeps out other threads of the process,
# too. A flag in the database or a file with a process id would outlive a killed process, and a new
# process may have the same id.
class SessionLock:
    """A held lock; `release` gives it back."""

    def __init__(self, home: Home, session_id: str, descriptor: int) -> None:
        self._path = home.lock(session_id)
        self._descriptor = descriptor

    @classmethod
    def take(cls, home: Home, session_id: str) -> SessionLock | None:
        """The lock of a session, or None while someone holds it.

        Raises:
            OSError: the lock file cannot be made.
        """
        make_private_directory(home.locks)
        path = home.lock(session_id)
        while True:
            try:
                descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
            except OSError as error:
                if error.errno not in _UNWRITABLE:
                    raise
                return cls._take_unwritable(home, session_id)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
            # The holder before may have removed the file between open and lock; a lock on a file
            # without a name keeps nobody out.
            try:
                if path.stat().st_ino == os.fstat(descriptor).st_ino:
                    return cls(home, session_id, descriptor)
            except FileNotFoundError:
                pass
            os.close(descriptor)

    @classmethod
    def _take_unwritable(cls, home: Home, session_id: str) -> SessionLock | None:
        """The lock where no lock file can be made: whoever holds it made the file before."""
        try:
            descriptor = open_private(home.lock(session_id), os.O_RDONLY)
        except FileNotFoundError:
            return cls(home, session_id, _NO_FILE)
        except PermissionError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(home, session_id, descriptor)

    def release(self) -> None:
        """Give the lock back and remove its file; harmless when repeated."""
        if self._descriptor >= 0:
            with suppress(OSError):
                # On a read-only file system it stays.
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1
