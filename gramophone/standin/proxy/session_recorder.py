"""The session that a recording proxy makes: its beginning, its order, its end."""

# A session states at its beginning which encoding and rate its sound has, and which model and voice
# it began with; a proxy learns these one by one, from whatever client comes first. So events are
# held back until the form of the sound is known: by the first speech, by a second question (this
# program does not speak), or by 4 MB of held text. A connection that was opened and closed without
# content, such as a check of an address, leaves no session at all (`_forget`); a request that the
# service has not granted yet keeps it from being forgotten (`_open`).
#
# Instants never go back in a session. Events are reported by several connections and some late
# (a connection is recorded when the service has accepted it, with the instant of the attempt), so
# an event that is older than the last one gets the instant of the last.

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from gramophone.core.clock import Clock
from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SettingsChanged,
    SpeechConnected,
    SpeechDisconnected,
    TurnCompleted,
)
from gramophone.standin.proxy.turn_joiner import TurnJoiner
from gramophone.wire.lenient_json import as_text, read_object

_log = logging.getLogger(__name__)

_MOST_HELD_CHARACTERS = 4 * 2**20
"""The bound on held events; beyond it the session begins with the usual form of sound."""

_SAYING_NOTHING = frozenset({"Close", "CloseStream", "KeepAlive"})


@frozen
class AudioEncoding:
    """Encoding and rate of sound; a session has one of each."""

    encoding: str = "linear16"
    sample_rate_hz: int = 24_000


class SessionRecorder:
    """The recorder of one session, which begins with the first content from a client.

    Attributes:
        turns: the ordinals of the session's next turns.
        speeches: the ordinals of turns as speech connections count them.
        connections: the ordinals of the next connections.
        heard: the last text that Listen recognised, if no question was asked since.
    """

    def __init__(self, session_id: str, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._session_id = session_id
        self._clock = clock
        self._emit = emit
        self._began_us: int | None = None
        self._form: AudioEncoding | None = None
        self._has_content = False
        self._started = False
        self._held: list[Event] = []
        self._held_characters = 0
        self._open = 0
        self._model = ("", "")
        self._first_model = ("", "")
        self._voice = ""
        self._ears = ""
        self._last_us = 0
        self.turns = count()
        self._joiner = TurnJoiner(self.turns)
        self.speeches = count()
        self.connections = count()
        self.heard_text = ""
        self.failure: StorageError | None = None

    @property
    def session_id(self) -> str | None:
        """The session, if there is one."""
        return self._session_id if self._has_content else None

    def now_us(self) -> int:
        """Microseconds since the session began, which it does now if it has not."""
        if self._began_us is None:
            self._began_us = self._clock.now_us()
        return self._clock.now_us() - self._began_us

    def expect_speech(self, form: AudioEncoding, voice: str) -> bool:
        """Announce speech in this form; False if it does not fit the session."""
        if self._form is None:
            self._form, self._voice = form, voice
        return form == self._form

    def expect_listening(self, model: str) -> None:
        """Announce a connection to Listen with this model."""
        self._ears = self._ears or model

    def on_client_audio(self) -> None:
        """Take note that the client has sent sound of its own."""
        self._has_content = True

    def await_answer(self) -> None:
        """Take note of a request that the service has not granted or refused yet."""
        self._open += 1

    def answer_came(self) -> None:
        """Take note that it has."""
        self._open -= 1
        self.record([])

    def expect_answer(self, provider: str, model: str) -> None:
        """Announce a question to this model."""
        self._has_content = True
        if self._first_model[0] and self._form is None:
            self._form = AudioEncoding()
        self._write_if_due()
        if not self._started:
            self._first_model = self._model = (provider, model)
        elif self._model != (provider, model):
            self._model = (provider, model)
            self.record(
                [
                    SettingsChanged(
                        at_us=self.now_us(),
                        provider=provider,
                        model=model,
                        voice=self._voice,
                        system_prompt="",
                    )
                ]
            )

    def record_answer(self, events: Sequence[Event]) -> None:
        """Record events of a language model."""
        self.record(self._joiner.answered(events))

    def record_speech(self, events: Sequence[Event]) -> None:
        """Record events of a speech connection; their turns are from `speeches`."""
        self.record(self._joiner.spoken(events))

    def record(self, events: Sequence[Event]) -> None:
        """Record events; one that comes late gets the instant of the last."""
        for event in events:
            self._last_us = max(self._last_us, event.at_us)
            in_order = event.at_us == self._last_us
            self._held.append(event if in_order else replace(event, at_us=self._last_us))
            self._remember(event)
            self._open += isinstance(event, SpeechConnected) - isinstance(event, SpeechDisconnected)
            self._has_content = self._has_content or _is_content(event)
            self._held_characters += _size(event)
        if self._held_characters > _MOST_HELD_CHARACTERS and self._form is None:
            self._form = AudioEncoding()
        self._write_if_due()
        if not self._has_content and not self._open:
            self._forget()

    def end(self) -> None:
        """End the session, if there is one."""
        if self._has_content:
            self._form = self._form or AudioEncoding()
            self.record(self._joiner.released())
            self.record([SessionEnded(at_us=self.now_us())])

    def _remember(self, event: Event) -> None:
        match event:
            case TurnCompleted(role="user", finish_reason="heard", text=text):
                self.heard_text = text
            case RequestSent():
                self.heard_text = ""
            case _:
                pass

    def _forget(self) -> None:
        """Forget connections without content: the session has not begun yet."""
        self._held, self._held_characters = [], 0
        self._form, self._began_us, self._last_us = None, None, 0
        self._voice = self._ears = ""
        self.connections = count()

    def _write_if_due(self) -> None:
        if self._form is None or not self._has_content:
            return
        if not self._started:
            self._started = True
            provider, model = self._first_model
            started = SessionStarted(
                at_us=0,
                session_id=self._session_id,
                provider=provider or "deepgram",
                model=model or self._voice or self._ears,
                voice=self._voice,
                encoding=self._form.encoding,
                sample_rate_hz=self._form.sample_rate_hz,
                system_prompt="",
            )
            self._write([started])
        held, self._held, self._held_characters = self._held, [], 0
        self._write(held)

    def _write(self, events: Sequence[Event]) -> None:
        if self.failure is not None:
            return
        try:
            for event in events:
                self._emit(event)
        except StorageError as error:
            # What passes goes on: a full disk is no reason to cut a conversation.
            self.failure = error
            _log.error("%s", error)


def _size(event: Event) -> int:
    """The approximate size of an event while it is held."""
    match event:
        case FrameReceived(text=text) | FrameSent(text=text) | DeltaReceived(text=text):
            return len(text)
        case ModelChunkReceived(raw=raw):
            return len(raw)
        case AudioReceived(pcm=pcm):
            return len(pcm)
        case _:
            return 0


def _is_content(event: Event) -> bool:
    """Whether this is more than a connection that was opened and closed."""
    match event:
        case SpeechConnected() | SpeechDisconnected() | FrameReceived():
            return False
        case FrameSent(text=text):
            return as_text(read_object(text).get("type")) not in _SAYING_NOTHING
        case _:
            return True
