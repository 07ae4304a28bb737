"""Traffic between a client and Speak v2 as events of a session.

Turns are those of the service. A Flush says nothing about sound on v2, so there are no FlushSent
and FlushAnswered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gramophone.core.timeline import ClearSent, Event, TurnInterrupted, WarningReceived
from gramophone.standin.proxy.observer import ORDERLY, FrameObserver, ObservedTurn
from gramophone.wire.deepgram.speak_v2 import messages as flux

_IGNORED = frozenset({"NO_AUDIO_GENERATED", "INVALID_INTERRUPT_OFFSET"})
"""Warnings by which an Interrupt had no effect."""


class FluxObserver(FrameObserver[flux.ClientMessage, flux.ServerMessage]):
    """Observer of a connection to Speak v2."""

    def __init__(self, connection: int, turns: Iterator[int], sample_rate_hz: int) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        super().__init__(connection, flux.parse_client, flux.parse_server)
        self._turns = turns
        self._sample_rate_hz = sample_rate_hz
        self._open: ObservedTurn | None = None
        self._waiting: deque[ObservedTurn] = deque()
        self._active: ObservedTurn | None = None
        self._let_go: ObservedTurn | None = None
        self._clock_ms = 0

    def _client_said(self, message: flux.ClientMessage, at_us: int) -> list[Event]:
        events: list[Event] = []
        match message:
            case flux.Speak(text=text) if text:
                if self._open is None:
                    self._open = ObservedTurn(next(self._turns))
                    self._waiting.append(self._open)
                    events.append(self._open.begin(at_us))
                events.append(self._open.add_text(text, at_us))
            case flux.Flush():
                self._open = None
            case flux.Interrupt() if self._active is not None:
                events.append(ClearSent(at_us=at_us, turn=self._active.number))
                if self._open is self._active:
                    self._open, self._let_go = None, self._open
            case _:
                pass
        return events

    def _service_said(self, message: flux.ServerMessage, at_us: int) -> list[Event]:
        match message:
            case flux.SpeechStarted():
                return self._begin(at_us)
            case flux.SpeechMetadata(audio_duration_ms=lasted_ms) if self._active is not None:
                self._clock_ms += lasted_ms
                return self._over(self._active.complete("stop", at_us))
            case flux.SpeechInterrupted() if self._active is not None:
                return self._interrupted(message, self._active, at_us)
            case (
                flux.Warned(code=code, description=description)
                | flux.Errored(code=code, description=description)
            ):
                if code in _IGNORED and self._open is None and self._let_go is self._active:
                    self._open = self._let_go
                return [WarningReceived(at_us=at_us, code=code, description=description)]
            case _:
                return []

    def _sounded(self, pcm: bytes, at_us: int) -> list[Event]:
        if not pcm:
            return []
        begun = self._begin(at_us) if self._active is None else []
        assert self._active is not None
        return [*begun, self._active.add_audio(pcm, self._connection, at_us)]

    def _gone(self, code: int, at_us: int) -> list[Event]:
        unfinished = [self._active] if self._active is not None else []
        reason = "stop" if code == ORDERLY else "failed"
        events = [turn.complete(reason, at_us) for turn in [*unfinished, *self._waiting]]
        self._open = self._active = None
        self._waiting.clear()
        return events

    def _begin(self, at_us: int) -> list[Event]:
        if self._waiting:
            self._active = self._waiting.popleft()
            return []
        self._active = ObservedTurn(next(self._turns))
        return [self._active.begin(at_us)]

    def _interrupted(
        self, message: flux.SpeechInterrupted, turn: ObservedTurn, at_us: int
    ) -> list[Event]:
        heard_text = turn.text if message.text_spoken is None else message.text_spoken
        # The service counts from the beginning of the session, a timeline from that of the turn.
        heard_ms = max(0, message.audio_played_ms - self._clock_ms)
        self._clock_ms = message.audio_played_ms
        cut = TurnInterrupted(
            at_us=at_us,
            turn=turn.number,
            heard_text=heard_text,
            heard_samples=heard_ms * self._sample_rate_hz // 1000,
        )
        return [cut, *self._over(turn.complete("interrupted", at_us))]

    def _over(self, completed: Event) -> list[Event]:
        if self._open is self._active:
            self._open = None
        self._active = self._let_go = None
        return [completed]
