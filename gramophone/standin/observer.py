"""What passes between a client and Speak, as events of a session; pure.

Nothing is decided here and nothing said: frames of both sides come in, events go out. A turn of
v1 is everything that is spoken until all its flushes are answered, one of v2 is a turn of the
service's. In v2 a Flush says nothing about sound, so there are no FlushSent and FlushAnswered;
the frames themselves stand in the timeline, as they do in v1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gramophone.timeline import (
    AudioReceived,
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    FrameReceived,
    FrameSent,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    WarningReceived,
)
from gramophone.wire import flux_messages as flux
from gramophone.wire import speak_messages as speak

ORDERLY = 1000
"""The close code of a connection that ended because its client was done."""

_IGNORED = frozenset({"NO_AUDIO_GENERATED", "INVALID_INTERRUPT_OFFSET"})
"""Warnings that an Interrupt did nothing."""


class Observer(Protocol):
    """One connection; instants are microseconds since the session began."""

    def sent(self, frame: str, at_us: int) -> list[Event]:
        """The client sent a text frame."""
        ...

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        """The service sent a frame."""
        ...

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        """The connection is over."""
        ...


@dataclass(slots=True, eq=False)
class _Turn:
    """A turn that is not over; `settled` counts the chunks whose flush was answered."""

    number: int
    text: str = ""
    chunks: int = 0
    flushes: int = 0
    settled: int = 0
    received_bytes: int = 0

    def speak(self, text: str, at_us: int) -> Event:
        start, self.text = len(self.text), self.text + text
        self.chunks += 1
        return TextSpoken(
            at_us=at_us,
            turn=self.number,
            chunk=self.chunks - 1,
            text=text,
            source_start=start,
            source_end=len(self.text),
        )

    def hear(self, pcm: bytes, connection: int, at_us: int, *, stale: bool = False) -> Event:
        offset, self.received_bytes = self.received_bytes, self.received_bytes + len(pcm)
        return AudioReceived(
            at_us=at_us,
            turn=self.number,
            connection=connection,
            offset_bytes=offset,
            size_bytes=len(pcm),
            stale=stale,
            pcm=pcm,
        )

    def begin(self, at_us: int) -> Event:
        return TurnStarted(at_us=at_us, turn=self.number, role="assistant")

    def complete(self, reason: str, at_us: int, text: str | None = None) -> Event:
        return TurnCompleted(
            at_us=at_us,
            turn=self.number,
            role="assistant",
            text=self.text if text is None else text,
            finish_reason=reason,
        )


@dataclass(frozen=True, slots=True)
class _Flush:
    """A Flush that is not answered; `turn` is None where there was nothing to speak."""

    turn: _Turn | None
    number: int = 0
    chunks: int = 0


class SpeakObserver:
    """A connection to Speak v1."""

    def __init__(self, connection: int, turns: Iterator[int], sample_bytes: int) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        self._connection = connection
        self._turns = turns
        self._sample_bytes = sample_bytes
        self._turn: _Turn | None = None
        self._flushes: deque[_Flush] = deque()
        self._cleared: deque[_Turn | None] = deque()
        self._late_answers = 0

    def sent(self, frame: str, at_us: int) -> list[Event]:
        events: list[Event] = [FrameSent(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = speak.parse_client(frame)
        except speak.ProtocolViolation:
            return events
        match message:
            case speak.Speak(text=text) if text:
                events += self._speak(text, at_us)
            case speak.Flush():
                events += self._flush(at_us)
            case speak.Clear():
                events += self._clear(at_us)
            case _:
                pass
        return events

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        if isinstance(frame, bytes):
            return self._sounded(frame, at_us)
        events: list[Event] = [FrameReceived(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = speak.parse_server(frame)
        except speak.ProtocolViolation:
            return events
        match message:
            case speak.Flushed():
                events += self._flushed(at_us)
            case speak.Cleared():
                turn = self._cleared.popleft() if self._cleared else None
                if turn is not None:
                    events.append(turn.complete("interrupted", at_us))
            case speak.Warned(code, description):
                events.append(WarningReceived(at_us=at_us, code=code, description=description))
                if code == "EXCESSIVE_FLUSH":
                    events += self._refused(at_us)
            case _:
                pass
        return events

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        events: list[Event] = [
            SpeechDisconnected(at_us=at_us, connection=self._connection, code=code, reason=reason)
        ]
        events += [turn.complete("interrupted", at_us) for turn in self._cleared if turn]
        if self._turn is not None:
            reason = "stop" if code == ORDERLY else "failed"
            events.append(self._turn.complete(reason, at_us))
        self._cleared.clear()
        self._turn = None
        return events

    # --- the client ---------------------------------------------------------------------------

    def _speak(self, text: str, at_us: int) -> list[Event]:
        if self._turn is not None:
            return [self._turn.speak(text, at_us)]
        self._turn = turn = _Turn(next(self._turns))
        return [turn.begin(at_us), turn.speak(text, at_us)]

    def _flush(self, at_us: int) -> list[Event]:
        turn = self._turn
        if turn is None:
            self._flushes.append(_Flush(None))
            return []
        self._flushes.append(_Flush(turn, turn.flushes, turn.chunks))
        turn.flushes += 1
        number, last = turn.flushes - 1, turn.chunks - 1
        return [FlushSent(at_us=at_us, turn=turn.number, flush=number, last_chunk=last)]

    def _clear(self, at_us: int) -> list[Event]:
        turn, self._turn = self._turn, None
        self._cleared.append(turn)
        self._late_answers += len(self._flushes)
        self._flushes.clear()
        return [ClearSent(at_us=at_us, turn=turn.number)] if turn is not None else []

    # --- the service --------------------------------------------------------------------------

    def _flushed(self, at_us: int) -> list[Event]:
        # A flush that a Clear took away may be answered all the same, before the Cleared or
        # after it; the answer to a later one has its sound before it.
        if self._cleared or self._late_answers or not self._flushes:
            self._late_answers = max(0, self._late_answers - 1)
            return []
        flush = self._flushes.popleft()
        turn = flush.turn
        if turn is None:
            return []
        samples = turn.received_bytes // self._sample_bytes
        events: list[Event] = [
            FlushAnswered(at_us=at_us, turn=turn.number, flush=flush.number, end_samples=samples)
        ]
        turn.settled = max(turn.settled, flush.chunks)
        if turn.settled == turn.chunks and not any(each.turn is turn for each in self._flushes):
            self._turn = None
            events.append(turn.complete("stop", at_us))
        return events

    def _refused(self, at_us: int) -> list[Event]:
        # It comes when the flush does, ahead of the sound still owed for earlier ones.
        if self._cleared or not self._flushes:
            return []
        flush = self._flushes.pop()
        if flush.turn is None:
            return []
        return [FlushRefused(at_us=at_us, turn=flush.turn.number, flush=flush.number)]

    def _sounded(self, pcm: bytes, at_us: int) -> list[Event]:
        if not pcm:
            return []
        begun: list[Event] = []
        stale = bool(self._cleared)
        turn = self._cleared[0] if self._cleared else self._turn
        if not stale:
            self._late_answers = 0
        if turn is None:
            # Sound that nobody asked for is kept, too.
            turn = _Turn(next(self._turns))
            begun = [turn.begin(at_us)]
            if stale:
                self._cleared[0] = turn
            else:
                self._turn = turn
        return [*begun, turn.hear(pcm, self._connection, at_us, stale=stale)]


class FluxObserver:
    """A connection to Speak v2."""

    def __init__(self, connection: int, turns: Iterator[int], sample_rate_hz: int) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        self._connection = connection
        self._turns = turns
        self._sample_rate_hz = sample_rate_hz
        self._open: _Turn | None = None
        self._waiting: deque[_Turn] = deque()
        self._active: _Turn | None = None
        self._let_go: _Turn | None = None
        self._clock_ms = 0

    def sent(self, frame: str, at_us: int) -> list[Event]:
        events: list[Event] = [FrameSent(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = flux.parse_client(frame)
        except flux.ProtocolViolation:
            return events
        match message:
            case flux.Speak(text=text) if text:
                if self._open is None:
                    self._open = _Turn(next(self._turns))
                    self._waiting.append(self._open)
                    events.append(self._open.begin(at_us))
                events.append(self._open.speak(text, at_us))
            case flux.Flush():
                self._open = None
            case flux.Interrupt() if self._active is not None:
                events.append(ClearSent(at_us=at_us, turn=self._active.number))
                if self._open is self._active:
                    self._open, self._let_go = None, self._open
            case _:
                pass
        return events

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        if isinstance(frame, bytes):
            if not frame:
                return []
            begun = self._begin(at_us) if self._active is None else []
            assert self._active is not None
            return [*begun, self._active.hear(frame, self._connection, at_us)]
        events: list[Event] = [FrameReceived(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = flux.parse_server(frame)
        except flux.ProtocolViolation:
            return events
        match message:
            case flux.SpeechStarted():
                events += self._begin(at_us)
            case flux.SpeechMetadata(audio_duration_ms=lasted_ms) if self._active is not None:
                self._clock_ms += lasted_ms
                events += self._over(self._active.complete("stop", at_us))
            case flux.SpeechInterrupted() if self._active is not None:
                events += self._interrupted(message, self._active, at_us)
            case (
                flux.Warned(code=code, description=said) | flux.Errored(code=code, description=said)
            ):
                events.append(WarningReceived(at_us=at_us, code=code, description=said))
                if code in _IGNORED and self._open is None and self._let_go is self._active:
                    self._open = self._let_go
            case _:
                pass
        return events

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        events: list[Event] = [
            SpeechDisconnected(at_us=at_us, connection=self._connection, code=code, reason=reason)
        ]
        left = [self._active] if self._active is not None else []
        reason = "stop" if code == ORDERLY else "failed"
        events += [turn.complete(reason, at_us) for turn in [*left, *self._waiting]]
        self._open = self._active = None
        self._waiting.clear()
        return events

    def _begin(self, at_us: int) -> list[Event]:
        if self._waiting:
            self._active = self._waiting.popleft()
            return []
        self._active = _Turn(next(self._turns))
        return [self._active.begin(at_us)]

    def _interrupted(self, message: flux.SpeechInterrupted, turn: _Turn, at_us: int) -> list[Event]:
        heard = turn.text if message.text_spoken is None else message.text_spoken
        # The service counts from the beginning of the session, a timeline from that of the turn.
        heard_ms = max(0, message.audio_played_ms - self._clock_ms)
        self._clock_ms = message.audio_played_ms
        cut = TurnInterrupted(
            at_us=at_us,
            turn=turn.number,
            heard_text=heard,
            heard_samples=heard_ms * self._sample_rate_hz // 1000,
        )
        return [cut, *self._over(turn.complete("interrupted", at_us, heard))]

    def _over(self, completed: Event) -> list[Event]:
        if self._open is self._active:
            self._open = None
        self._active = self._let_go = None
        return [completed]
