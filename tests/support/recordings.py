"""Records events into a real library, so that tests start from what was kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gramophone.core.timeline import Entry
from storage.home import Home
from storage.recording.recorder import Recorder
from storage.sqlite.database import connect
from tests.support.builders import session_started, short_session, spoken_exchange

SESSION_ID = "5e551017a0000000"
NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef01234567"


async def record(
    home: Path, entries: Iterable[Entry] | None = None, *, secrets: tuple[str, ...] = ()
) -> None:
    """Record a whole session, a short one unless told otherwise, and close the recorder."""
    recorder = Recorder.open(home, wall_clock=lambda: NOON, redact=secrets)
    async with recorder:
        for entry in short_session() if entries is None else entries:
            recorder.emit(entry)


async def record_unended(home: Path, session_id: str = SESSION_ID) -> None:
    """A session whose process stopped after the first spoken turn, without saying so."""
    await record(home, [session_started(session_id), *spoken_exchange()])


@contextmanager
def opened(home: Path) -> Generator[sqlite3.Connection]:
    """The database behind the library's back, in autocommit mode."""
    database = connect(Home.at(home))
    try:
        yield database
    finally:
        database.close()


def everything_in(directory: Path) -> dict[Path, bytes]:
    """Every file below a directory, with what it holds."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
