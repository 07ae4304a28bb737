"""Changes that events make to the state of the session that is being written, sound included."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gramophone.analysis.turn_text import TurnText, heard_characters
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    Event,
    HistoryRewound,
    PictureAttached,
    PlaybackStopped,
    SessionEnded,
    SessionResumed,
    SettingsChanged,
    TextSpoken,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.text.redaction import Redactor
from storage.audio.wav import WavWriter
from storage.home import Home, make_private_directory
from storage.recording.session_state import SessionState, TurnRowState
from storage.sessions.titles import title_of

INHERITED = "inherited"
"""The finish reason of a turn that another session's history brought along."""


class StateUpdates:
    """Handlers by kind of event; a kind without one changes no state.

    A handler raises OSError or StorageError if the sound of its event cannot be written.
    """

    def __init__(self, home: Home, redactor: Redactor) -> None:
        self._home = home
        self._redactor = redactor
        # A look-up by type, not `match`: most events of a session are of kinds without a handler,
        # and a batch may hold thousands.
        self.handlers: Mapping[type[Event], Callable[[SessionState, Event], None]] = {
            SessionResumed: self._session_resumed,
            SettingsChanged: self._settings_changed,
            TurnInherited: self._turn_inherited,
            PictureAttached: self._picture_attached,
            HistoryRewound: self._history_rewound,
            TurnStarted: self._turn_started,
            DeltaReceived: self._delta_received,
            AnswerRetracted: self._delta_received,
            TextSpoken: self._text_spoken,
            AudioReceived: self._audio_received,
            TurnInterrupted: self._turn_interrupted,
            PlaybackStopped: self._playback_stopped,
            TurnCompleted: self._turn_completed,
            SessionEnded: self._session_ended,
        }

    def _session_resumed(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, SessionResumed)
        session.resumed_at = event.resumed_at

    def _settings_changed(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, SettingsChanged)
        session.settings = event

    def _turn_inherited(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnInherited)
        turn = session.turn(event.turn, event, event.role)
        turn.text, turn.text_due = event.text, True
        turn.heard_characters = event.remembered
        turn.finish_reason = INHERITED
        turn.completed_us = event.at_us

    def _picture_attached(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, PictureAttached)
        # A timeline that is read without its pictures and recorded again has none.
        if event.content:
            session.pictures[event.sha256] = event.content

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
        assert isinstance(event, DeltaReceived | AnswerRetracted)
        # Not `session.turn`: the row does not change with each delta.
        if (turn := session.turns.get(event.turn)) is not None:
            turn.text_fold.read(event)

    def _text_spoken(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TextSpoken)
        session.turn(event.turn, event).text_fold.read(event)

    def _audio_received(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, AudioReceived)
        turn = session.turn(event.turn, event)
        if turn.wav is None:
            make_private_directory(self._home.session_audio(session.id))
            turn.own_rate_hz = event.sample_rate_hz
            form = session.form.at_rate(event.sample_rate_hz)
            turn.wav = WavWriter(self._home.wav(session.id, event.turn), form)
        turn.wav.write(event.offset_bytes, event.pcm)
        turn.audio_due = True

    def _turn_interrupted(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnInterrupted)
        session.turn(event.turn, event).heard_text = event.heard_text

    def _playback_stopped(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, PlaybackStopped)
        session.turn(event.turn, event).heard_characters = event.heard_characters

    def _turn_completed(self, session: SessionState, event: Event) -> None:
        assert isinstance(event, TurnCompleted)
        turn = session.turn(event.turn, event, event.role)
        turn.text, turn.text_due = self._whole_text(turn, event), True
        if turn.heard_text is not None:
            turn.heard_characters = heard_characters(turn.text, turn.heard_text)
        turn.text_fold = TurnText()
        turn.finish_reason = event.finish_reason
        turn.completed_us = event.at_us
        turn.metrics = session.metrics.turn(event.turn)
        if not session.title_is_whole and event.text.strip():
            session.title = title_of(event.text) or session.title
            session.title_is_whole = True

    def _whole_text(self, turn: TurnRowState, completed: TurnCompleted) -> str:
        """The text of a completed turn. Timelines of older versions, which are recorded again
        when they are replayed, say at the end of an interrupted turn only what was heard."""
        streamed = turn.text_fold.streamed or turn.text
        if turn.heard_text is None or len(streamed) <= len(completed.text):
            return completed.text
        return self._redactor(streamed)

    def _session_ended(self, session: SessionState, event: Event) -> None:
        session.ended = True
