"""Traffic between a client and Speak v1 as events of a session."""

# Speak v1 has no turns, but a session does: a turn is all that is sent to be spoken until every
# flush of it is answered. It ends early with a Clear; then its sound goes on to be its own, as
# stale, until the Cleared comes, while text after the Clear belongs to the next turn. Answers are
# matched by their order, as `wire.deepgram.speak_v1.client` does and explains.

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    WarningReceived,
)
from gramophone.standin.proxy.observer import ORDERLY, FrameObserver, ObservedTurn
from gramophone.wire.deepgram.speak_v1 import messages as speak


@frozen
class _PendingFlush:
    """A Flush without an answer so far; `turn` is None where there was nothing to speak."""

    turn: ObservedTurn | None
    number: int = 0
    chunks: int = 0


class SpeakObserver(FrameObserver[speak.ClientMessage, speak.ServerMessage]):
    """Observer of a connection to Speak v1."""

    def __init__(self, connection: int, turns: Iterator[int], sample_bytes: int) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        super().__init__(connection, speak.parse_client, speak.parse_server)
        self._turns = turns
        self._sample_bytes = sample_bytes
        self._turn: ObservedTurn | None = None
        self._flushes: deque[_PendingFlush] = deque()
        self._cleared: deque[ObservedTurn | None] = deque()
        self._late_answers = 0

    def _client_said(self, message: speak.ClientMessage, at_us: int) -> list[Event]:
        match message:
            case speak.Speak(text=text) if text:
                return self._speak(text, at_us)
            case speak.Flush():
                return self._flush(at_us)
            case speak.Clear():
                return self._clear(at_us)
            case _:
                return []

    def _service_said(self, message: speak.ServerMessage, at_us: int) -> list[Event]:
        match message:
            case speak.Flushed():
                return self._flushed(at_us)
            case speak.Cleared():
                turn = self._cleared.popleft() if self._cleared else None
                return [] if turn is None else [turn.complete("interrupted", at_us)]
            case speak.Warned(code, description):
                warned = WarningReceived(at_us=at_us, code=code, description=description)
                refused = self._refused(at_us) if code == "EXCESSIVE_FLUSH" else []
                return [warned, *refused]
            case _:
                return []

    def _gone(self, code: int, at_us: int) -> list[Event]:
        events = [turn.complete("interrupted", at_us) for turn in self._cleared if turn]
        if self._turn is not None:
            reason = "stop" if code == ORDERLY else "failed"
            events.append(self._turn.complete(reason, at_us))
        self._cleared.clear()
        self._turn = None
        return events

    # --- the client ---------------------------------------------------------------------------

    def _speak(self, text: str, at_us: int) -> list[Event]:
        if self._turn is not None:
            return [self._turn.add_text(text, at_us)]
        self._turn = turn = ObservedTurn(next(self._turns))
        return [turn.begin(at_us), turn.add_text(text, at_us)]

    def _flush(self, at_us: int) -> list[Event]:
        turn = self._turn
        if turn is None:
            self._flushes.append(_PendingFlush(None))
            return []
        self._flushes.append(_PendingFlush(turn, turn.flushes, turn.chunks))
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
        if turn.settled == turn.chunks and not any(
            pending.turn is turn for pending in self._flushes
        ):
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
            # Sound without a request is recorded as well: what the service does is the subject.
            turn = ObservedTurn(next(self._turns))
            begun = [turn.begin(at_us)]
            if stale:
                self._cleared[0] = turn
            else:
                self._turn = turn
        return [*begun, turn.add_audio(pcm, self._connection, at_us, stale=stale)]
