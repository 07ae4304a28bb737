"""A file of some hundred kilobytes that is given up when the disk is full.

On a full disk SQLite cannot even make the files it needs to delete something. The room of this
file is enough for them, so that what the user wants to remove can be removed.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from storage.home import Home, open_private
from storage.sqlite.file_system import FULL, write_fault

RESERVE_BYTES = 256 * 1024
_PLENTY_BYTES = 16 * 1024 * 1024
"""With less room than this the reserve is not made: it would be the last straw."""


def keep_reserve(home: Home) -> None:
    """Make the file, where it is missing and there is room for it; a failure is of no matter."""
    with suppress(OSError):
        if home.reserve.exists() or shutil.disk_usage(home.root).free < _PLENTY_BYTES:
            return
        descriptor = open_private(home.reserve, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            # Random, because zeros take no room on a file system that compresses.
            written = os.write(descriptor, os.urandom(RESERVE_BYTES))
        except OSError:
            written = 0
        finally:
            os.close(descriptor)
        if written < RESERVE_BYTES:
            home.reserve.unlink()


def make_room(home: Home) -> None:
    """Give the file up where there is no room left: for whoever is about to free some."""
    if write_fault(home.root) in FULL:
        with suppress(OSError):
            home.reserve.unlink()
