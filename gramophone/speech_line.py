"""The line to the speech service as the conversation uses it; pure.

It knows whether a connection stands, turns what an utterance wants sent into frames and events,
and mends the line once in an answer when it breaks. It never decides about turns.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from gramophone.exchange import DropSpeech, OpenSpeech, Order, SendSpeech
from gramophone.timeline import (
    ClearSent,
    Event,
    FlushSent,
    FrameSent,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
)
from gramophone.wire.speak_client import ClientLimits, SpeakClient
from gramophone.wire.utterance import Sending, Utterance

Output: TypeAlias = Event | Order


class LineState(Enum):
    """Where the connection stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"


class SpeechLine:
    """At most one connection at a time, each with a number of its own."""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self.state = LineState.CLOSED
        self.connection = -1
        self.client: SpeakClient | None = None
        self.mended = False
        self._sendings: dict[int, Sending] = {}
        self._turn = -1

    # --- connection ---------------------------------------------------------------------------

    def open(self) -> list[Output]:
        """Connect, unless that is done or under way."""
        if self.state is not LineState.CLOSED:
            return []
        self.connection += 1
        self.state = LineState.CONNECTING
        return [OpenSpeech(self.connection)]

    def opened(self, url: str, request_id: str, now_us: int) -> list[Output]:
        """The connection stands."""
        self.state = LineState.OPEN
        self.client = SpeakClient(self._limits, now_us)
        return [
            SpeechConnected(
                at_us=now_us, connection=self.connection, url=url, request_id=request_id
            )
        ]

    def lost(self) -> None:
        """The connection is gone, or never stood."""
        self.state = LineState.CLOSED
        self.client = None

    def drop(self, now_us: int, reason: str, code: int = 1006) -> list[Output]:
        """Give the connection up."""
        if self.state is LineState.CLOSED:
            return []
        self.lost()
        return [
            DropSpeech(self.connection),
            SpeechDisconnected(at_us=now_us, connection=self.connection, code=code, reason=reason),
        ]

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

    def begin_turn(self, turn: int, now_us: int) -> list[Output]:
        """A turn will be spoken."""
        self._turn = turn
        self._sendings.clear()
        self.mended = False
        return self.refresh(now_us)

    def pump(self, utterance: Utterance, queued_us: int, now_us: int) -> list[Output]:
        """Send what should and may be sent now."""
        if self.client is None:
            return []
        while sending := utterance.send(now_us, queued_us, self.client.flushes_left(now_us)):
            self._queue(self.client, sending)
        return self._poll(self.client, now_us)

    def say_again(self, utterance: Utterance, now_us: int) -> None:
        """On a new connection: queue what the old one still owed."""
        if self.client is not None:
            for sending in utterance.unspoken(now_us):
                self._queue(self.client, sending)

    def clear(self, now_us: int) -> list[Output]:
        """Tell the service to drop what it holds, if it holds anything."""
        if self.client is None or self.client.idle:
            return []
        outputs: list[Output] = [ClearSent(at_us=now_us, turn=self._turn)]
        for frame in self.client.clear(now_us):
            outputs += self._frame(frame, now_us)
        return outputs

    # --- inside -------------------------------------------------------------------------------

    def _queue(self, client: SpeakClient, sending: Sending) -> None:
        self._sendings[sending.flush] = sending
        for index, chunk in enumerate(sending.chunks):
            client.speak(chunk.text, sending.first_chunk + index)
        client.flush(sending.flush)

    def _poll(self, client: SpeakClient, now_us: int) -> list[Output]:
        outputs: list[Output] = []
        for outgoing in client.poll(now_us):
            outputs += self._frame(outgoing.frame, now_us)
            if outgoing.chunk is not None:
                outputs.append(self._text_spoken(outgoing.chunk, now_us))
            if outgoing.flush is not None:
                sent = self._sendings[outgoing.flush]
                outputs.append(
                    FlushSent(
                        at_us=now_us, turn=self._turn, flush=sent.flush, last_chunk=sent.last_chunk
                    )
                )
        return outputs

    def _text_spoken(self, number: int, now_us: int) -> TextSpoken:
        sending = next(
            sending
            for sending in self._sendings.values()
            if sending.first_chunk <= number <= sending.last_chunk
        )
        chunk = sending.chunks[number - sending.first_chunk]
        return TextSpoken(
            at_us=now_us,
            turn=self._turn,
            chunk=number,
            text=chunk.text,
            source_start=chunk.source_start,
            source_end=chunk.source_end,
        )

    def _frame(self, text: str, now_us: int) -> list[Output]:
        return [
            SendSpeech(self.connection, text),
            FrameSent(at_us=now_us, connection=self.connection, text=text),
        ]
