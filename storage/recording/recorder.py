"""The recorder: a sink that costs the loop a microsecond, and a thread that writes.

`emit` only appends to a queue. The thread takes what has gathered, writes sound and rows, and
commits: 80 ms after the first event of a batch, or at once when a session begins or a turn ends.
It owns its SQLite connection; why it is a thread and not aiosqlite stands in
docs/adr/0003-recording.md.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gramophone.core.clock import wall_clock as system_wall_clock
from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import Entry, Event, SessionResumed, SessionStarted
from gramophone.text.redaction import Redact, Redactor
from storage.home import Home
from storage.recording.redaction_key import marking_key
from storage.recording.session_state import SessionState
from storage.recording.writer import DURABLE, SessionWriter
from storage.sqlite.database import open_library
from storage.sqlite.error_messages import storage_error, storage_errors

if TYPE_CHECKING:
    from storage.recording.resumption import ResumedRecording

GATHER_S = 0.08
"""How long a batch gathers; with the commit itself an event is safe within 100 ms."""

_SPECIAL = DURABLE | {SessionStarted, SessionResumed}


@frozen
class _Began:
    """A session's first event, with the one wall-clock time it gets."""

    started: SessionStarted
    created_at: datetime


class Recorder:
    """Keeps every event it hears (a `ports.Sink`). Use it as an async context manager."""

    def __init__(
        self,
        home: Home,
        database: sqlite3.Connection,
        wall_clock: Callable[[], datetime],
        redactor: Redactor,
        stored: ResumedRecording | None = None,
    ) -> None:
        """Use `Recorder.open`."""
        self.resumes = stored.point if stored is not None else None
        """Where the session goes on that was to be resumed; None for a new one."""
        self._stored = stored
        self._home = home
        self._database = database
        self._wall_clock = wall_clock
        self._redactor = redactor
        self._writer = SessionWriter(home, database, redactor)
        self._pending: deque[Event | _Began | threading.Event] = deque()
        self._barriers: list[threading.Event] = []
        self._arrived = threading.Event()
        self._urgent = threading.Event()
        self._ending = threading.Lock()
        self._ended = False
        self._closing = False
        self._refusal: StorageError | None = None
        self._failure: StorageError | None = None
        self._failure_raised = False
        # A daemon: a program that dies without closing must not hang on its recorder.
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        wall_clock: Callable[[], datetime] = system_wall_clock,
        redact: Redact | Sequence[str] = (),
        patterns: Sequence[str] = (),
        resume: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> Recorder:
        """Open the library under `home`, made where it is missing; takes some milliseconds, unless
        an older one has to be brought up to date: `progress` gets how far that is.

        `redact` is the secrets that must never reach a file, or a function that removes them;
        whatever looks like a credential or fits one of `patterns` is removed in either case.
        `resume` is the id of a stored session that goes on with `SessionResumed`; it is locked at
        once.

        Raises:
            SessionNotFound: there is no session to resume.
            LibraryTooNew: a newer version wrote the library.
            LibraryCorrupt: it is damaged; nothing was changed.
            StorageError: it cannot be read or written.
        """
        data_directory = Home.at(home)
        database = open_library(data_directory, wall_clock, progress)
        try:
            with storage_errors(data_directory):
                redactor = Redactor.of(redact, patterns=patterns, key=marking_key(data_directory))
            stored = _taken_up(data_directory, database, resume) if resume else None
        except BaseException:
            database.close()
            raise
        return cls(data_directory, database, wall_clock, redactor, stored)

    async def __aenter__(self) -> Recorder:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def emit(self, entry: Entry) -> None:
        """Take one entry; a transient is passed over. Never waits.

        Raises:
            StorageError: what was emitted before could not be kept; the recorder has stopped.
        """
        if self._refusal is not None:
            self._failure_raised = True
            raise self._refusal
        if not isinstance(entry, Event):
            return
        if type(entry) in _SPECIAL:
            self._emit_special(entry)
        else:
            self._pending.append(entry)
        if not self._arrived.is_set():
            self._arrived.set()

    def hide(self, secrets: Iterable[str]) -> None:
        """Keep these out of every file, too, from what is emitted next on."""
        self._redactor.learn(secrets)

    async def flush(self) -> None:
        """Return when all that was emitted before is committed.

        Raises:
            StorageError: it could not be.
        """
        written = threading.Event()
        with self._ending:
            if self._ended:
                written.set()
            else:
                self._pending.append(written)
        self._urgent.set()
        self._arrived.set()
        await asyncio.to_thread(written.wait)
        self._raise_failure()

    async def aclose(self) -> None:
        """Write what is left and end the thread; harmless when repeated.

        Raises:
            StorageError: something could not be kept and no `emit` has said so yet.
        """
        if self._refusal is None:
            self._refusal = StorageError("The recorder is closed.")
        self._closing = True
        self._urgent.set()
        self._arrived.set()
        await asyncio.to_thread(self._thread.join)
        if not self._failure_raised:
            self._raise_failure()

    def _emit_special(self, entry: Event) -> None:
        if isinstance(entry, SessionStarted):
            self._pending.append(_Began(entry, self._wall_clock()))
        else:
            self._pending.append(entry)
        self._urgent.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            self._failure_raised = True
            raise self._failure

    # --- in the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            closing = False
            while not closing:
                self._arrived.wait()
                if not self._closing:
                    self._urgent.wait(GATHER_S)
                # Cleared before the queue is emptied: what comes from now on sets them again.
                self._urgent.clear()
                self._arrived.clear()
                closing = self._closing
                self._drain()
        except Exception as error:
            # Whatever it is, the talk goes on and the user is told.
            self._fail(error)
        finally:
            self._finish()

    def _drain(self) -> None:
        batch: list[Event] = []
        for _ in range(len(self._pending)):
            item = self._pending.popleft()
            if isinstance(item, SessionResumed):
                self._writer.write(batch)
                self._writer.resume(self._take_stored(item))
                batch = [item]
            elif isinstance(item, Event):
                batch.append(item)
            elif isinstance(item, _Began):
                self._writer.write(batch)
                self._writer.begin(item.started, item.created_at)
                batch = [item.started]
            else:
                self._barriers.append(item)
        self._writer.write(batch)
        self._release_barriers()

    def _take_stored(self, resumed: SessionResumed) -> SessionState:
        stored, self._stored = self._stored, None
        if stored is None or stored.state.id != resumed.session_id:
            raise StorageError(f"The session {resumed.session_id} was not opened to be resumed.")
        return stored.state

    def _finish(self) -> None:
        try:
            if self._failure is None:
                self._writer.finish()
            self._writer.close()
            if self._stored is not None:
                self._stored.state.close()
            self._database.close()
        except (OSError, sqlite3.Error) as error:
            self._fail(error)
        with self._ending:
            self._ended = True
            self._barriers += [item for item in self._pending if isinstance(item, threading.Event)]
            self._pending.clear()
        self._release_barriers()

    def _fail(self, error: Exception) -> None:
        failure = storage_error(error, self._home)
        if failure is not error:
            failure.__cause__ = error
        self._failure = self._failure or failure
        self._refusal = self._failure

    def _release_barriers(self) -> None:
        for barrier in self._barriers:
            barrier.set()
        self._barriers.clear()


def _taken_up(home: Home, database: sqlite3.Connection, session_id: str) -> ResumedRecording:
    """Take up a stored session; see `resumption.take_up`."""
    # What reads stored sessions loads aiosqlite, for which a first frame does not wait.
    from storage.recording.resumption import take_up

    return take_up(home, database, session_id)
