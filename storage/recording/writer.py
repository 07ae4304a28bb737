"""Writes one session after another: sound to WAV files, events and turns to rows.

Belongs to the recorder's thread; knows nothing of queues. Sound is in its file before the row
that names it is committed. Whatever of this is not in the database after a crash,
`storage.recording.recovery` makes from the events and the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gramophone.analysis.metrics import TurnMetrics
from gramophone.analysis.turn_text import TurnText, heard_characters
from gramophone.core.errors import StorageError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushSent,
    HistoryRewound,
    ModelFinished,
    PlaybackStarted,
    PlaybackStopped,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SettingsChanged,
    TextSpoken,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    Underran,
    UsageReported,
)
from gramophone.text.redaction import Redactor
from gramophone.wire.lenient_json import LARGEST_COUNT
from storage.audio.wav import WavWriter
from storage.home import Home, make_private_directory
from storage.recording.event_redaction import STREAMED, RedactedEvents
from storage.recording.session_state import SessionState, TurnState
from storage.sessions.titles import title_of
from storage.sqlite import rows
from storage.sqlite.database import transaction
from storage.sqlite.error_messages import log_removed, vanished
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import FORMAT_VERSION, turn_number

DURABLE = frozenset({TurnCompleted, TurnInterrupted, SessionEnded})
"""Kinds of events whose commit waits for the disk."""

_COUNTED = frozenset(
    {TurnStarted, RequestSent, DeltaReceived, TextSpoken, AudioReceived, PlaybackStarted}
    | {Underran, FlushSent, UsageReported, ModelFinished}
)

_SETTLED_AT_ONCE = 1_024
"""So many events are read together at the most; the pieces of more would be so many objects that
the garbage collector takes longer than the reading."""

INHERITED = "inherited"
"""The finish reason of a turn that another session's history brought along."""

METRICS_COLUMNS = (
    "ttft_ms = ?, ttfb_ms = ?, ttfa_ms = ?, response_ms = ?, underruns = ?, flushes = ?, "
    "input_tokens = ?, output_tokens = ?, tokens_per_s = ?"
)


def metrics_values(metrics: TurnMetrics) -> tuple[float | int | None, ...]:
    """The values of `METRICS_COLUMNS`."""
    return (
        metrics.ttft_ms,
        metrics.ttfb_ms,
        metrics.ttfa_ms,
        metrics.response_ms,
        metrics.underruns,
        metrics.flushes,
        _counted(metrics.input_tokens),
        _counted(metrics.output_tokens),
        metrics.tokens_per_s,
    )


def _counted(tokens: int | None) -> int | None:
    """What a service says that it counted, as far as a column holds it."""
    return None if tokens is None else min(max(tokens, 0), LARGEST_COUNT)


class SessionWriter:
    """Writes batches of events. Any error it raises leaves what was committed before intact."""

    def __init__(self, home: Home, database: sqlite3.Connection, redactor: Redactor) -> None:
        self._home = home
        self._database = database
        self._redactor = redactor
        self._redacted = RedactedEvents(redactor)
        self._inode = home.database.stat().st_ino
        self._writes_ahead = database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        self._session: SessionState | None = None
        self._early: list[Event] = []
        self._handlers: dict[type[Event], Callable[[SessionState, Event], None]] = {
            SettingsChanged: self._settings_changed,
            TurnInherited: self._turn_inherited,
            HistoryRewound: self._history_rewound,
            TurnStarted: self._turn_started,
            DeltaReceived: self._delta_received,
            TextSpoken: self._text_spoken,
            AudioReceived: self._audio_received,
            TurnInterrupted: self._turn_interrupted,
            PlaybackStopped: self._playback_stopped,
            TurnCompleted: self._turn_completed,
            SessionEnded: self._session_ended,
        }

    def begin(self, started: SessionStarted, created_at: datetime) -> None:
        """Make the row of a session; the one before is over.

        Raises:
            StorageError: its id or encoding is not usable, or the id is taken.
            OSError, sqlite3.Error: it cannot be written.
        """
        self.finish()
        self.close()
        self._require_place()
        lock = SessionLock.take(self._home, started.session_id)
        if lock is None:
            raise StorageError(
                f"The session {started.session_id} is being recorded by another program."
            )
        try:
            number = self._insert_session(started, created_at)
            self._session = SessionState(number, started, lock)
        except BaseException:
            lock.release()
            raise

    def write(self, events: Sequence[Event]) -> None:
        """Write a batch and commit it.

        When the sound of an event cannot be written, what stands before it is still committed.

        Raises:
            OSError, sqlite3.Error, StorageError: something could not be written.
        """
        if not events:
            return
        if self._session is None:
            # Engines may fail before there is a session; told as soon as there is one.
            self._early.extend(events)
            return
        if self._early:
            events, self._early = [*self._early, *events], []
        self._require_place()
        for part in self._session.parts(self._redacted.whole(events)):
            self._make_known(self._session, part[0])
            taken, failure = self._take(self._session, part)
            if taken:
                durable = any(type(event) in DURABLE for event in part)
                self._commit(self._session, taken, durable=durable)
            if failure is not None:
                raise failure

    def finish(self) -> None:
        """Write what waited for the rest of a text that does not come any more.

        Raises:
            OSError, sqlite3.Error: it could not be written.
        """
        if self._session is not None:
            self._redacted.finish()
            if taken := self._settled(self._session):
                self._commit(self._session, taken, durable=False)

    def close(self) -> None:
        """Close the session's files and give its lock back; nothing is written."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _make_known(self, session: SessionState, event: Event) -> None:
        """Give a turn that begins with sound its row before its file is made."""
        if isinstance(event, AudioReceived) and event.turn not in session.turns:
            session.turn(event.turn, event)
            self._commit(session, [], durable=False)

    # --- one event --------------------------------------------------------------------------

    def _take(
        self, session: SessionState, events: Sequence[Event]
    ) -> tuple[list[rows.Row], Exception | None]:
        taken: list[rows.Row] = []
        handlers, fold, number = self._handlers, session.metrics, session.number
        for event in events:
            kind = type(event)
            if kind in _COUNTED:
                fold.emit(event)
            handler = handlers.get(kind)
            if handler is not None:
                try:
                    handler(session, event)
                except (OSError, StorageError) as error:
                    return taken + self._settled(session), error
            if kind in STREAMED:
                self._redacted.put(session.seq, event)
            else:
                taken.append(rows.row_of(event, number, session.seq))
            session.seq += 1
            self._finish_texts(session, event)
            if not session.seq % _SETTLED_AT_ONCE:
                taken += self._settled(session)
        return taken + self._settled(session), None

    def _finish_texts(self, session: SessionState, event: Event) -> None:
        """Of an interrupted turn more text may come; what two programs say at once, in a recording
        of a proxy, is told apart by turns, and their connections only when both are silent."""
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
        """The rows of what came in pieces, now or before, and is known to be no part of a secret;
        they have the numbers with which they came."""
        taken: list[rows.Row] = []
        for number, event in self._redacted.settled():
            taken.append(rows.row_of(event, session.number, number))
            if isinstance(event, TextSpoken) and not session.title:
                session.title = title_of(event.text)
                session.turn(event.turn, event)
        return taken

    def _settings_changed(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, SettingsChanged)
        session.settings = event

    def _turn_inherited(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnInherited)
        turn = session.turn(event.turn, event, event.role)
        turn.text, turn.told = event.text, True
        turn.heard_characters = event.remembered
        turn.finish_reason = INHERITED
        turn.completed_us = event.at_us

    def _history_rewound(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, HistoryRewound)
        for turn in session.turns.values():
            if turn.turn >= event.to_turn and not turn.withdrawn:
                turn.withdrawn = True
                session.changed[turn.turn] = turn

    def _turn_started(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnStarted)
        turn = session.turn(event.turn, event, event.role)
        turn.text = event.text
        if event.role == "user" and not session.title:
            session.title = title_of(event.text)
            session.title_is_whole = bool(session.title)

    def _delta_received(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, DeltaReceived)
        # Not `session.turn`: the row does not change with each delta.
        if (turn := session.turns.get(event.turn)) is not None:
            turn.said.read(event)

    def _text_spoken(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TextSpoken)
        session.turn(event.turn, event).said.read(event)

    def _audio_received(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, AudioReceived)
        turn = session.turn(event.turn, event)
        if turn.wav is None:
            make_private_directory(self._home.session_audio(session.id))
            turn.wav = WavWriter(self._home.wav(session.id, event.turn), session.form)
        turn.wav.write(event.offset_bytes, event.pcm)
        turn.sounded = True

    def _turn_interrupted(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnInterrupted)
        session.turn(event.turn, event).heard = event.heard_text

    def _playback_stopped(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, PlaybackStopped)
        session.turn(event.turn, event).heard_characters = event.heard_characters

    def _turn_completed(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnCompleted)
        turn = session.turn(event.turn, event, event.role)
        turn.text, turn.told = self._whole_text(turn, event), True
        if turn.heard is not None:
            turn.heard_characters = heard_characters(turn.text, turn.heard)
        turn.said = TurnText()
        turn.finish_reason = event.finish_reason
        turn.completed_us = event.at_us
        turn.metrics = session.metrics.turn(event.turn)
        if not session.title_is_whole and event.text.strip():
            session.title = title_of(event.text) or session.title
            session.title_is_whole = True

    def _whole_text(self, turn: TurnState, completed: TurnCompleted) -> str:
        """The text of a completed turn. Timelines of older versions, which are recorded again
        when they are replayed, say at the end of an interrupted turn only what was heard."""
        said = turn.said.streamed or turn.text
        if turn.heard is None or len(said) <= len(completed.text):
            return completed.text
        return self._redactor(said)

    def _session_ended(self, session: SessionState, event: Event) -> None:
        session.ended = True

    # --- the database -----------------------------------------------------------------------

    def _require_place(self) -> None:
        # A removed directory goes on taking writes into files that have no name any more.
        try:
            there = self._home.database.stat().st_ino == self._inode
        except FileNotFoundError:
            there = False
        if not there:
            raise vanished(self._home)

    def _require_log(self) -> None:
        # What is committed into a log that was removed is lost when this process ends.
        if self._writes_ahead and not self._home.write_ahead_log.exists():
            raise log_removed(self._home)

    def _insert_session(self, started: SessionStarted, created_at: datetime) -> int:
        clean = rows.with_strings(started, lambda text: rows.plain(self._redactor(text)))
        assert isinstance(clean, SessionStarted)
        values = (
            started.session_id,
            created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            *(clean.provider, clean.model, clean.voice, clean.encoding, clean.sample_rate_hz),
            *(clean.system_prompt, FORMAT_VERSION),
        )
        try:
            cursor = self._database.execute(
                "INSERT INTO session (id, created_at, provider, model, voice, encoding, "
                "sample_rate_hz, system_prompt, format_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        except sqlite3.IntegrityError as error:
            raise StorageError(
                f"A session {started.session_id} has been recorded already; start a new one."
            ) from error
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _commit(self, session: SessionState, taken: list[rows.Row], *, durable: bool) -> None:
        sounded = [turn for turn in session.changed.values() if turn.sounded and turn.wav]
        for turn in sounded:
            assert turn.wav is not None
            if not turn.wav.in_place():
                raise vanished(self._home)
            turn.samples = turn.wav.samples
            if durable:
                turn.wav.sync()
        if durable:
            self._database.execute("PRAGMA synchronous = FULL")
        try:
            self._transact(session, taken)
        except UnicodeEncodeError:
            self._transact(session, [rows.storable(row) for row in taken])
        if durable:
            self._database.execute("PRAGMA synchronous = NORMAL")
        self._require_log()
        self._settle(session)

    def _transact(self, session: SessionState, taken: list[rows.Row]) -> None:
        with transaction(self._database):
            for turn in session.changed.values():
                self._store_turn(session, turn)
            self._database.executemany(rows.INSERT, taken)
            self._store_settings(session)
            summary = session.summary() if session.changed else session.listed
            if summary != session.listed or session.ended:
                self._database.execute(
                    # A title that was set by hand meanwhile stays.
                    "UPDATE session SET title = CASE renamed WHEN 1 THEN title ELSE ? END, "
                    "turns = ?, spoken_samples = ?, ended = ? WHERE number = ?",
                    (*summary, session.ended, session.number),
                )

    def _store_settings(self, session: SessionState) -> None:
        """The list shows who speaks now."""
        changed = session.settings
        if changed is not None:
            self._database.execute(
                "UPDATE session SET provider = ?, model = ?, voice = ?, system_prompt = ? "
                "WHERE number = ?",
                (
                    *(rows.plain(changed.provider), rows.plain(changed.model)),
                    *(rows.plain(changed.voice), rows.plain(changed.system_prompt)),
                    session.number,
                ),
            )

    def _store_turn(self, session: SessionState, turn: TurnState) -> None:
        number = turn_number(session.number, turn.turn)
        if not turn.stored:
            self._database.execute(
                "INSERT INTO turn (number, session, turn, role, text, started_us) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(number, session.number, turn.turn),
                    *(turn.role, rows.plain(turn.text), turn.started_us),
                ),
            )
        if turn.told:
            self._database.execute(
                "UPDATE turn SET text = ?, finish_reason = ?, completed_us = ?, "
                f"heard_characters = ?, {METRICS_COLUMNS} WHERE number = ?",
                (
                    *(rows.plain(turn.text), rows.plain(turn.finish_reason), turn.completed_us),
                    turn.heard_characters,
                    *metrics_values(turn.metrics or TurnMetrics()),
                    number,
                ),
            )
        if turn.withdrawn:
            self._database.execute("UPDATE turn SET withdrawn = 1 WHERE number = ?", (number,))
        if turn.sounded and turn.wav is not None:
            self._database.execute(
                "UPDATE turn SET audio_file = ?, samples = ?, sha256 = ? WHERE number = ?",
                (turn.wav.path.name, turn.samples, turn.wav.sha256(), number),
            )

    def _settle(self, session: SessionState) -> None:
        session.listed = session.summary() if session.changed else session.listed
        session.settings = None
        for turn in session.changed.values():
            turn.stored, turn.told, turn.sounded = True, False, False
            if turn.completed_us is not None and turn.wav is not None:
                turn.wav.close()
                turn.wav = None
        session.changed.clear()
        if session.ended:
            session.close()
