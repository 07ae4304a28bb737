"""Ways to read a database where nothing can be written, because the disk is full or read-only.

Reading a write-ahead log needs a file of shared memory beside it. Where that cannot be made, a
database whose log is empty is read as it is, and one with a log is copied to another file system.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

from gramophone.system.temporary_files import make_scratch
from storage.home import Home

_LOG_HEADER_BYTES = 32
_FREE_BESIDES_BYTES = 1 << 20
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"

_copies: dict[tuple[str, int, int], Path] = {}


def address_to_read(home: Home) -> str:
    """A URI for SQLite that reads the library without writing beside it; empty if there is none."""
    if not _has_content(home.database):
        return ""
    if not _has_log(home):
        return f"file:{quote(str(home.database))}?mode=ro&immutable=1"
    copy = _copied(home)
    return f"file:{quote(str(copy))}?mode=ro&immutable=1" if copy else ""


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _has_log(home: Home) -> bool:
    try:
        return home.write_ahead_log.stat().st_size > _LOG_HEADER_BYTES
    except FileNotFoundError:
        return False


def _copied(home: Home) -> Path | None:
    """The database with its log worked in, elsewhere; one copy serves until something changes."""
    log = home.write_ahead_log.stat()
    key = (str(home.root), log.st_size, log.st_mtime_ns)
    if key not in _copies:
        copy = next(filter(None, (_copy_to(home, directory) for directory in _places(home))), None)
        if copy is None:
            return None
        _copies[key] = copy
    return _copies[key]


def _places(home: Home) -> Generator[Path]:
    """Directories with room for a copy."""
    needed_bytes = 2 * home.database.stat().st_size + home.write_ahead_log.stat().st_size
    for find in (tempfile.gettempdir, lambda: "/dev/shm"):
        try:
            directory = Path(find())
            if shutil.disk_usage(directory).free > needed_bytes + _FREE_BESIDES_BYTES:
                yield directory
        except OSError:
            continue


def _copy_to(home: Home, directory: Path) -> Path | None:
    """A copy below `directory`, private and gone when the program ends; None if it did not work."""
    try:
        # The descriptor stays open, and the directory locked, until the program ends.
        _, directory = make_scratch(directory)
    except OSError:
        return None
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    copy = directory / home.database.name
    try:
        for source in (home.database, home.write_ahead_log):
            # In another process: closing a descriptor here would drop SQLite's locks on the file.
            subprocess.run(
                [sys.executable, "-I", "-c", _COPY, str(source), str(directory / source.name)],
                check=True, capture_output=True,
            )  # fmt: skip
        database = sqlite3.connect(copy, isolation_level=None)
        try:
            (mode,) = database.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            database.close()
    except (OSError, sqlite3.Error, subprocess.SubprocessError):
        mode = ""
    if mode == "delete":
        return copy
    shutil.rmtree(directory, ignore_errors=True)
    return None
