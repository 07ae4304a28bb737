"""Who records a session: a lock the kernel gives back when the process dies, however it dies.

Without it a second program that starts would take a live session for a broken one and repair it.
"""

from __future__ import annotations

import fcntl
import os

from storage.home import Home, make_private_directory, open_private


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
            descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
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

    def release(self) -> None:
        """Give the lock back and remove its file; harmless when repeated."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1
