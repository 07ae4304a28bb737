"""The line to the speech service as the conversation uses it; pure.

It knows whether a connection stands, turns what a turn wants spoken into frames and events, and
frames that come into events of the turn they belong to. It never decides about turns.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TypeAlias

from gramophone.conversation.messages import CloseTts, Command, ConnectTts, SendTts
from gramophone.conversation.speech_pacer import TextBatch
from gramophone.conversation.turn import AssistantTurn
from gramophone.core.timeline import (
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    FrameReceived,
    FrameSent,
    ModelQuiet,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    WarningReceived,
)
from gramophone.wire.deepgram.speak_v1.client import (
    ClearDone,
    ClientLimits,
    FlushDone,
    FlushIgnored,
    NotUnderstood,
    Opened,
    ServiceWarned,
    SpeakClient,
    SpeakHappening,
)

Output: TypeAlias = Event | ModelQuiet | Command


class ConnectionState(Enum):
    """Where the connection stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"


class TtsSession:
    """At most one connection at a time, each with a number of its own."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self.state = ConnectionState.CLOSED
        self.connection = -1
        self.client: SpeakClient | None = None
        self.mended = False
        self._sendings: dict[int, TextBatch] = {}
        self._turn: AssistantTurn | None = None
        self._cleared: deque[AssistantTurn] = deque()

    # --- connection ---------------------------------------------------------------------------

    def open(self) -> list[Output]:
        """Connect, unless that is done or under way."""
        if self.state is not ConnectionState.CLOSED:
            return []
        self.connection += 1
        self.state = ConnectionState.CONNECTING
        return [ConnectTts(self.connection)]

    def opened(self, url: str, request_id: str, now_us: int) -> list[Output]:
        """The connection stands; what an older one still owed to the turn is queued again."""
        self.state = ConnectionState.OPEN
        self.client = SpeakClient(self._limits, now_us)
        turn = self._turn
        if turn is not None and turn.utterance is not None and not turn.stopping:
            for sending in turn.utterance.unspoken(now_us):
                turn.sent_characters += sum(len(chunk.text) for chunk in sending.chunks)
                self._queue(self.client, sending)
        return [
            SpeechConnected(
                at_us=now_us, connection=self.connection, url=url, request_id=request_id
            )
        ]

    def refused(self) -> None:
        """The connection never stood."""
        self.state = ConnectionState.CLOSED
        self.client = None
        self._cleared.clear()

    def lost(self, code: int, reason: str, now_us: int) -> list[Output]:
        """The connection is gone."""
        self.refused()
        return [
            SpeechDisconnected(at_us=now_us, connection=self.connection, code=code, reason=reason)
        ]

    def drop(self, now_us: int, reason: str, code: int = 1006) -> list[Output]:
        """Give the connection up, or the attempt to have one."""
        if self.state is ConnectionState.CLOSED:
            return []
        if self.state is ConnectionState.CONNECTING:
            self.refused()
            return [CloseTts(self.connection)]
        return [CloseTts(self.connection), *self.lost(code, reason, now_us)]

    def hang_up(self, now_us: int) -> list[Output]:
        """End politely: tell the service, then close."""
        frames: list[Output] = []
        if self.client is not None:
            for frame in self.client.close():
                frames += self._frame(frame, now_us)
        return [*frames, *self.drop(now_us, "", code=1000)]

    def refresh(self, now_us: int) -> list[Output]:
        """Between two turns: replace a connection that the service will soon end."""
        outputs: list[Output] = []
        if self.client is not None and self.client.near_expiry(now_us):
            outputs = self.hang_up(now_us)
        return outputs + self.open()

    # --- a turn's speech ----------------------------------------------------------------------

    def begin_turn(self, turn: AssistantTurn, now_us: int) -> list[Output]:
        """A turn will be spoken."""
        self._turn = turn
        self._sendings.clear()
        self.mended = False
        return self.refresh(now_us)

    def pump(self, now_us: int) -> list[Output]:
        """Send what of the turn should and may be sent now."""
        turn, client = self._turn, self.client
        if client is None or turn is None or turn.utterance is None or turn.stopping:
            return []
        while sending := turn.utterance.send(now_us, turn.queued_us, client.flushes_left(now_us)):
            turn.sent_characters += sum(len(chunk.text) for chunk in sending.chunks)
            self._queue(client, sending)
        outputs: list[Output] = []
        for outgoing in client.poll(now_us):
            outputs += self._frame(outgoing.frame, now_us)
            if outgoing.chunk is not None:
                outputs.append(self._text_spoken(turn, outgoing.chunk, now_us))
            if outgoing.flush is not None:
                last = self._sendings[outgoing.flush].last_chunk
                outputs.append(
                    FlushSent(at_us=now_us, turn=turn.turn, flush=outgoing.flush, last_chunk=last)
                )
        return outputs

    def clear(self, now_us: int) -> list[Output]:
        """Tell the service to drop what it holds of the turn, if it holds anything."""
        if self.client is None or not self.client.owing or self._turn is None:
            return []
        outputs: list[Output] = [ClearSent(at_us=now_us, turn=self._turn.turn)]
        self._cleared.append(self._turn)
        for frame in self.client.clear(now_us):
            outputs += self._frame(frame, now_us)
        return outputs

    # --- what comes ---------------------------------------------------------------------------

    def receive_text(self, frame: str, now_us: int) -> list[Output]:
        """A text frame came."""
        if self.client is None:
            return []
        received = FrameReceived(at_us=now_us, connection=self.connection, text=frame)
        outputs: list[Output] = [received]
        for meaning in self.client.receive_text(frame, now_us):
            outputs += self._understood(meaning, now_us)
        return outputs

    def receive_audio(self, pcm: bytes, now_us: int) -> list[Output]:
        """A binary frame came. Until a Clear is answered it belongs to the turn cleared then."""
        if self.client is None or not pcm:
            return []
        self.client.receive_audio(now_us)
        owner = self._cleared[0] if self._cleared else self._turn
        if owner is None:
            return []
        stale = self.client.stale or owner.stopping or owner.hushed or owner.finishing
        return [*owner.receive(pcm, self.connection, now_us, stale=stale)]

    def endless(self) -> AssistantTurn | None:
        """The turn for which the service sends more sound than its text can have, if it does."""
        owner = self._cleared[0] if self._cleared else self._turn
        return owner if owner is not None and owner.endless else None

    # --- inside -------------------------------------------------------------------------------

    def _queue(self, client: SpeakClient, sending: TextBatch) -> None:
        self._sendings[sending.flush] = sending
        for index, chunk in enumerate(sending.chunks):
            client.speak(chunk.text, sending.first_chunk + index)
        client.flush(sending.flush)

    def _understood(self, meaning: SpeakHappening, now_us: int) -> list[Output]:
        match meaning:
            case Opened():
                return []
            case ClearDone():
                if self._cleared:
                    self._cleared.popleft()
                return []
            case FlushDone():
                return self._flush_done(meaning.flush, now_us)
            case FlushIgnored():
                return self._flush_ignored(meaning.flush, now_us)
            case ServiceWarned():
                code, description = meaning.code, meaning.description
            case NotUnderstood():
                code, description = "NOT-UNDERSTOOD", meaning.detail
        return [WarningReceived(at_us=now_us, code=code, description=description)]

    def _flush_done(self, flush: int, now_us: int) -> list[Output]:
        turn = self._turn
        if turn is None or turn.utterance is None:
            return []
        turn.utterance.flush_done(flush)
        return [FlushAnswered(at_us=now_us, turn=turn.turn, flush=flush, end_samples=turn.samples)]

    def _flush_ignored(self, flush: int, now_us: int) -> list[Output]:
        turn = self._turn
        return [FlushRefused(at_us=now_us, turn=turn.turn, flush=flush)] if turn else []

    def _text_spoken(self, turn: AssistantTurn, number: int, now_us: int) -> TextSpoken:
        sending = next(
            sending
            for sending in self._sendings.values()
            if sending.first_chunk <= number <= sending.last_chunk
        )
        chunk = sending.chunks[number - sending.first_chunk]
        return TextSpoken(
            at_us=now_us,
            turn=turn.turn,
            chunk=number,
            text=chunk.text,
            source_start=chunk.source_start,
            source_end=chunk.source_end,
        )

    def _frame(self, text: str, now_us: int) -> list[Output]:
        return [
            SendTts(self.connection, text),
            FrameSent(at_us=now_us, connection=self.connection, text=text),
        ]
