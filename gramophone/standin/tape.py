"""The session that a recording proxy makes: when it begins, and what it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from gramophone.clock import Clock
from gramophone.errors import StorageError
from gramophone.timeline import Event, SessionEnded, SessionStarted, SettingsChanged

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """How sound is coded; a session has one form."""

    encoding: str = "linear16"
    sample_rate_hz: int = 24_000


class Tape:
    """One session at most, which begins with what passes first.

    A question that comes before any speech is held back until there is speech, or a second
    question: a session must say at its beginning what form its sound will have.
    """

    def __init__(self, session_id: str, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._session_id = session_id
        self._clock = clock
        self._emit = emit
        self._began_us: int | None = None
        self._form: Form | None = None
        self._held: list[Event] = []
        self._model = ("", "")
        self._first_model = ("", "")
        self._voice = ""
        self.turns = count()
        self.failure: StorageError | None = None

    @property
    def session_id(self) -> str | None:
        """The session, if there is one."""
        return self._session_id if self._began_us is not None else None

    def now_us(self) -> int:
        """Microseconds since the session began."""
        return self._clock.now_us() - (self._began_us or 0)

    def speaks(self, form: Form, voice: str) -> bool:
        """A speech connection stands; False if its sound does not fit the session."""
        self._begin()
        if self._form is None:
            self._voice = voice
            self._start(form)
        return form == self._form

    def asks(self, provider: str, model: str) -> None:
        """A language model is asked."""
        if self._began_us is not None and self._form is None and self._first_model[0]:
            self._start(Form())
        self._begin()
        if self._form is None:
            self._first_model = self._model = (provider, model)
        elif self._model != (provider, model):
            self._model = (provider, model)
            self.tell(
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

    def tell(self, events: Sequence[Event]) -> None:
        """These have happened."""
        if self._form is None:
            self._held += events
        else:
            self._write(events)

    def end(self) -> None:
        """Nothing more will happen."""
        if self._began_us is not None:
            if self._form is None:
                self._start(Form())
            self._write([SessionEnded(at_us=self.now_us())])

    def _begin(self) -> None:
        if self._began_us is None:
            self._began_us = self._clock.now_us()

    def _start(self, form: Form) -> None:
        self._form = form
        provider, model = self._first_model
        started = SessionStarted(
            at_us=0,
            session_id=self._session_id,
            provider=provider or "deepgram",
            model=model or self._voice,
            voice=self._voice,
            encoding=form.encoding,
            sample_rate_hz=form.sample_rate_hz,
            system_prompt="",
        )
        held, self._held = self._held, []
        self._write([started, *held])

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
