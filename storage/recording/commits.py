"""Commits of a session's rows: in which order sound and rows reach the disk, and how surely.

The order is *sound before the row that names it*, so that no row ever points beyond the end of a
file, whenever the process dies. The reverse, sound in a file that no row names yet, is harmless:
recovery counts and hashes the whole file.

There are two strengths of a commit:

- Most commits are `synchronous = NORMAL`. With a write-ahead log SQLite then writes the log without
  waiting for the disk. What was written belongs to the kernel, so it survives a killed process. A
  power cut may lose the last commits, and the sound of others; recovery measures the files again.
- At the end of a turn or a session the sound files are synced first, then the rows are committed
  with `synchronous = FULL`, which syncs the log: both survive a power cut. Syncing the rows alone
  would let the disk keep a row whose sound it lost. It is not done for each batch of 80 ms, because
  a sync takes milliseconds on a fast disk and many times that on a slow one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.home import Home
from storage.recording.session_rows import store
from storage.recording.session_state import SessionState
from storage.sqlite import rows
from storage.sqlite.error_messages import log_removed, vanished


class SessionCommits:
    """Commits to one library through one connection."""

    def __init__(self, home: Home, database: sqlite3.Connection) -> None:
        self._home = home
        self._database = database
        self._inode = home.database.stat().st_ino
        self._writes_ahead = database.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    def require_database(self) -> None:
        """Make sure that the database under its name is still the opened one.

        Raises:
            StorageError: it was removed or replaced.
        """
        # A removed directory goes on taking writes into files that have no name any more.
        try:
            there = self._home.database.stat().st_ino == self._inode
        except FileNotFoundError:
            there = False
        if not there:
            raise vanished(self._home)

    def commit(self, session: SessionState, events: Sequence[rows.Row], *, durable: bool) -> None:
        """Commit rows of events and the session's changes; the changes then count as stored.

        Raises:
            StorageError: a sound file or the write-ahead log was removed.
            OSError, sqlite3.Error: something cannot be written.
        """
        for turn in session.changed.values():
            if turn.wav is None or not turn.audio_due:
                continue
            if not turn.wav.in_place():
                raise vanished(self._home)
            turn.samples = turn.wav.samples
            if durable:
                turn.wav.sync()
        if durable:
            self._database.execute("PRAGMA synchronous = FULL")
        try:
            store(self._database, session, events)
        except UnicodeEncodeError:
            # Rare, and costly to look for in every row: only when SQLite has refused a text.
            store(self._database, session, [rows.storable(row) for row in events])
        if durable:
            self._database.execute("PRAGMA synchronous = NORMAL")
        self._require_log()
        session.settle()

    def _require_log(self) -> None:
        # What is committed into a log that was removed is lost when this process ends.
        if self._writes_ahead and not self._home.write_ahead_log.exists():
            raise log_removed(self._home)
