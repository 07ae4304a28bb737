"""Writer of one session after another: batches of events become sound files and rows.

Belongs to the recorder's thread; knows nothing of queues. Each event changes the session's state
(`state_updates`, which writes its sound), is redacted (`event_redaction`) and becomes a row; a
batch is committed at its end (`commits`). Whatever is not in the database after a crash,
`storage.recording.recovery` makes from the events and the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from gramophone.core.errors import StorageError
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    Event,
    FlushSent,
    ModelFinished,
    PlaybackStarted,
    RequestSent,
    SessionEnded,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
    UsageReported,
)
from gramophone.text.redaction import Redactor
from storage.audio.wav import WavFormat
from storage.home import Home
from storage.recording.commits import SessionCommits
from storage.recording.event_redaction import STREAMED, RedactedEvents
from storage.recording.session_rows import insert_session
from storage.recording.session_state import SessionState
from storage.recording.state_updates import StateUpdates
from storage.sessions.titles import title_of
from storage.sqlite import rows
from storage.sqlite.locks import SessionLock

DURABLE = frozenset({TurnCompleted, TurnInterrupted, SessionEnded})
"""Kinds of events whose commit waits for the disk."""

_COUNTED = frozenset(
    {TurnStarted, RequestSent, DeltaReceived, TextSpoken, AudioReceived, PlaybackStarted}
    | {Underran, FlushSent, UsageReported, ModelFinished, AnswerRetracted}
)

_SETTLED_AT_ONCE = 1_024
"""The most events whose texts are redacted together; the pieces of more would be so many objects
that the garbage collector takes longer than the redaction."""


class SessionWriter:
    """Writes batches of events. Any error it raises leaves what was committed before intact."""

    def __init__(self, home: Home, database: sqlite3.Connection, redactor: Redactor) -> None:
        self._home = home
        self._database = database
        self._redactor = redactor
        self._redacted = RedactedEvents(redactor)
        self._updates = StateUpdates(home, redactor)
        self._commits = SessionCommits(home, database)
        self._session: SessionState | None = None
        self._early: list[Event] = []

    def begin(self, started: SessionStarted, created_at: datetime) -> None:
        """Make the row of a session; the one before is over.

        Raises:
            StorageError: its id or encoding is not usable, or the id is taken.
            OSError, sqlite3.Error: it cannot be written.
        """
        self.finish()
        self.close()
        self._commits.require_database()
        lock = SessionLock.take(self._home, started.session_id)
        if lock is None:
            raise StorageError(
                f"The session {started.session_id} is being recorded by another program."
            )
        try:
            form = WavFormat(started.encoding, started.sample_rate_hz)
            number = insert_session(self._database, started, created_at, self._redactor)
            self._session = SessionState(number, started.session_id, form, lock)
        except BaseException:
            lock.release()
            raise

    def resume(self, session: SessionState) -> None:
        """Go on with a stored session (`resumption.take_up`); the one before is over.

        Raises:
            StorageError, OSError, sqlite3.Error: what waited cannot be written.
        """
        self.finish()
        self.close()
        self._commits.require_database()
        self._session = session

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch and commit it.

        When the sound of an event cannot be written, what stands before it is still committed.

        Raises:
            OSError, sqlite3.Error, StorageError: something could not be written.
        """
        if not events:
            return
        if self._session is None:
            # Engines may fail before there is a session; such events are written into the first.
            self._early.extend(events)
            return
        if self._early:
            events, self._early = [*self._early, *events], []
        self._commits.require_database()
        for part in self._session.parts(self._redacted.whole(events)):
            self._make_known(self._session, part[0])
            stored_events, failure = self._take(self._session, part)
            if stored_events:
                durable = any(type(event) in DURABLE for event in part)
                self._commits.commit(self._session, stored_events, durable=durable)
            if failure is not None:
                raise failure

    def finish(self) -> None:
        """Write what waited for the rest of a text that does not come any more.

        Raises:
            OSError, sqlite3.Error: it could not be written.
        """
        if self._session is not None:
            self._redacted.finish()
            if waiting := self._settled(self._session):
                self._commits.commit(self._session, waiting, durable=False)

    def close(self) -> None:
        """Close the session's files and give its lock back; nothing is written."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _make_known(self, session: SessionState, event: Event) -> None:
        """Commit the row of a turn that begins with sound before its file is made (see
        `SessionState.parts`)."""
        if isinstance(event, AudioReceived) and event.turn not in session.turns:
            session.turn(event.turn, event)
            self._commits.commit(session, [], durable=False)

    # --- one event --------------------------------------------------------------------------

    def _take(
        self, session: SessionState, events: Sequence[Event]
    ) -> tuple[list[rows.Row], Exception | None]:
        """Rows of the events up to the first whose sound could not be written, and its error."""
        event_rows: list[rows.Row] = []
        handlers, fold, number = self._updates.handlers, session.metrics, session.number
        for event in events:
            kind = type(event)
            if kind in _COUNTED:
                fold.emit(event)
            handler = handlers.get(kind)
            if handler is not None:
                try:
                    handler(session, event)
                except (OSError, StorageError) as error:
                    return event_rows + self._settled(session), error
            # Text that streams waits for its continuation, so rows may be written out of order.
            # The number that gives the order is settled here, when the event comes.
            if kind in STREAMED:
                self._redacted.put(session.seq, event)
            else:
                event_rows.append(rows.row_of(event, number, session.seq))
            session.seq += 1
            self._finish_texts(session, event)
            if not session.seq % _SETTLED_AT_ONCE:
                event_rows += self._settled(session)
        return event_rows + self._settled(session), None

    def _finish_texts(self, session: SessionState, event: Event) -> None:
        """Let no text wait for a continuation that cannot come after this event."""
        # Not at an interruption: more text of that turn may come. A recording of a proxy may hold
        # two programs that speak at once. Their deltas have turns, so those of one turn can be
        # finished; their frames have a connection that several turns share, so frames wait until
        # no turn is open.
        match event:
            case TurnCompleted():
                others = (turn for turn in session.turns.values() if turn.turn != event.turn)
                if all(turn.completed_us is not None for turn in others):
                    self._redacted.finish()
                else:
                    self._redacted.finish_turn(event.turn)
            case SessionEnded():
                self._redacted.finish()
            case _:
                pass

    def _settled(self, session: SessionState) -> list[rows.Row]:
        """Rows of streamed events, of this batch or an earlier one, that are known by now to hold
        no part of a secret; numbered as they came."""
        event_rows: list[rows.Row] = []
        for number, event in self._redacted.settled():
            event_rows.append(rows.row_of(event, session.number, number))
            # Only now: a title, too, is made of redacted text.
            if isinstance(event, TextSpoken) and not session.title:
                session.title = title_of(event.text)
                session.turn(event.turn, event)
        return event_rows
