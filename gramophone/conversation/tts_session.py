"""The connection to the speech service, as a conversation uses it.

It opens, reconnects and gives up connections, turns what a turn wants spoken into frames and
events, and frames that come into events of the turn they belong to. What it tells a turn is only
that its voice is lost.

Frames of sound carry no number, so whose they are follows from order alone. The service answers
in the order of the requests; after a Clear it may still send what was under way, until it has
answered with Cleared. So sound belongs to the oldest turn whose Clear is unanswered, and to the
present turn when there is none.

A connection that is lost while a turn still owes speech is opened again, once for each turn: what
was not answered is sent again, without what was surely received (`SpeechPacer.unspoken`). The
second loss, a refusal, silence for too long and sound without end all mean the same: the answer
goes on as text.

A service that is told how far its sound was played (`interrupts_at_offset`) is cleared when the
speaker has said that, and answers with the text that was heard. The turn waits for the answer, at
most `HEARD_TIMEOUT_US`, and then takes the estimate.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TypeAlias

from gramophone.conversation.messages import (
    CloseTts,
    Command,
    ConnectTts,
    SendTts,
    TtsAudio,
    TtsClosed,
    TtsConnected,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.sent_text import SentText
from gramophone.conversation.speech_pacer import TextBatch
from gramophone.conversation.turn import AssistantTurn
from gramophone.conversation.turn_state import TurnState
from gramophone.conversation.unspoken_languages import UnspokenLanguages
from gramophone.core.timeline import (
    ClearSent,
    Event,
    Failed,
    FlushAnswered,
    FlushRefused,
    FrameReceived,
    FrameSent,
    ModelQuiet,
    NoticeGiven,
    SpeechConnected,
    SpeechDisconnected,
    WarningReceived,
)
from gramophone.ports.speech import (
    ClearDone,
    FlushDone,
    FlushIgnored,
    HeardPosition,
    NotUnderstood,
    Opened,
    ServiceWarned,
    SpeechCapabilities,
    SpeechClient,
    SpeechClientEvent,
    SpeechProtocol,
)

Output: TypeAlias = Event | ModelQuiet | Command
"""Results of a conversation: events to emit and commands to execute, in order."""

TtsReport: TypeAlias = TtsConnected | TtsRefused | TtsClosed | TtsText | TtsAudio

SPEECH_SILENT = (
    "The speech service took the text but sends no sound; the answer goes on as text. "
    "Check the service with 'gramophone doctor'."
)

SPEECH_ENDLESS = (
    "The speech service sends more sound than the text can have; the connection was closed, and "
    "the answer goes on as text. Check the service with 'gramophone doctor'."
)

SPEECH_RATE_CHANGED = (
    "The speech service changed its sample rate within an answer; the answer goes on as text. "
    "Ask again."
)

HEARD_TIMEOUT_US = 1_000_000
"""Time that an interrupted turn waits for the service to say what was heard."""

_TOO_MUCH = 1009
"""Close code for a message that is too large (RFC 6455, 7.4.1)."""


class ConnectionState(Enum):
    """State of the connection."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"


class TtsSession:
    """At most one connection at a time, each with a number of its own: what an older one still
    reports is ignored."""

    def __init__(self, protocol: SpeechProtocol, first_connection: int = 0) -> None:
        self._protocol = protocol
        self._state = ConnectionState.CLOSED
        self._connection = first_connection - 1
        self._client: SpeechClient | None = None
        self._reconnected = False
        self._sent = SentText(-1)
        self._unspoken = UnspokenLanguages()
        self._heard_due_us: int | None = None
        self._turn: AssistantTurn | None = None
        self._cleared: deque[AssistantTurn] = deque()

    # --- connection ---------------------------------------------------------------------------

    def use(self, protocol: SpeechProtocol) -> None:
        """Speak this protocol on the next connection."""
        self._protocol = protocol

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Properties of the service."""
        return self._protocol.capabilities

    @property
    def can_change_speed(self) -> bool:
        """Whether a connection stands whose speed can change."""
        return self._client is not None and self.capabilities.changes_speed

    def set_speed(self, speed: float, now_us: int) -> list[Output]:
        """Have the connection that stands speak at this speed."""
        frames = self._client.set_speed(speed) if self._client is not None else []
        return [output for frame in frames for output in self._frame(frame, now_us)]

    def open(self) -> list[Output]:
        """Connect, unless a connection is open or being opened."""
        if self._state is not ConnectionState.CLOSED:
            return []
        self._connection += 1
        self._state = ConnectionState.CONNECTING
        return [ConnectTts(self._connection)]

    def next_wake_us(self, now_us: int) -> int | None:
        """Time at which to call `check_timeout` and `pump`, if nothing happens before."""
        client_us = self._client.next_wake_us(now_us) if self._client is not None else None
        wakes_us = [wake_us for wake_us in (client_us, self._heard_due_us) if wake_us is not None]
        return min(wakes_us, default=None)

    def check_timeout(self, now_us: int) -> list[Output]:
        """Give the connection up if its answer is overdue."""
        if self._client is None or not self._client.timed_out(now_us):
            return []
        dropped = self._drop(now_us, "no answer")
        turn = self._turn_under_way()
        if turn is None or turn.ending:
            return dropped
        return dropped + self._lose_voice(SPEECH_SILENT, now_us)

    def hang_up(self, now_us: int) -> list[Output]:
        """End politely: tell the service, then close."""
        closing = self._client.close() if self._client is not None else []
        frames = [output for frame in closing for output in self._frame(frame, now_us)]
        return [*frames, *self._drop(now_us, "", code=1000)]

    def _refresh(self, now_us: int) -> list[Output]:
        """Replace a connection that the service will soon end; done between two turns."""
        expires = self._client is not None and self._client.near_expiry(now_us)
        return [*(self.hang_up(now_us) if expires else []), *self.open()]

    # --- a turn's speech ----------------------------------------------------------------------

    def begin_turn(self, turn: AssistantTurn, now_us: int) -> list[Output]:
        """Prepare for a turn that will be spoken."""
        self._turn = turn
        self._sent = SentText(turn.turn)
        self._reconnected = False
        return self._refresh(now_us)

    def pump(self, now_us: int) -> list[Output]:
        """Send what of the turn should and may be sent now, and what the protocol asks for."""
        turn, client = self._turn, self._client
        if client is None:
            return []
        if turn is not None and turn.pacer is not None and not turn.ending:
            while batch := turn.pacer.send(now_us, turn.queued_us, client.flushes_left(now_us)):
                self._sent.add(batch)
                _queue(client, turn, batch)
        outputs: list[Output] = []
        for outgoing in client.poll(now_us):
            outputs += self._frame(outgoing.frame, now_us)
            for chunk in outgoing.chunks:
                spoken = self._sent.text_spoken(chunk, now_us)
                outputs += [spoken, *self._unspoken.spoken(spoken, self.capabilities)]
            if outgoing.flush is not None:
                outputs.append(self._sent.flush_sent(outgoing.flush, now_us))
        return outputs

    def clear(self, now_us: int) -> list[Output]:
        """Tell the service to drop what it holds of the turn, if it holds anything; one that wants
        to know what was played is told by `sound_stopped`."""
        return [] if self.capabilities.interrupts_at_offset else self._clear(0, now_us)

    def sound_stopped(self, turn: AssistantTurn, heard_samples: int, now_us: int) -> list[Output]:
        """Tell the service how much of the turn's sound was played, if it wants to know."""
        if not self.capabilities.interrupts_at_offset or turn is not self._turn:
            return []
        outputs = self._clear(turn.unheard_us(heard_samples), now_us)
        if outputs and heard_samples:
            self._heard_due_us = now_us + HEARD_TIMEOUT_US
        return outputs

    def awaits_heard(self, now_us: int) -> bool:
        """Whether the service is still to say which text was heard."""
        if self._heard_due_us is not None and now_us >= self._heard_due_us:
            self._heard_due_us = None
        return self._heard_due_us is not None

    def _clear(self, unheard_us: int, now_us: int) -> list[Output]:
        if self._client is None or not self._client.owing or self._turn is None:
            return []
        outputs: list[Output] = [ClearSent(at_us=now_us, turn=self._turn.turn)]
        frames = self._client.clear(now_us, unheard_us)
        if not frames:
            # Nothing of it had been sent.
            return []
        self._cleared.append(self._turn)
        for frame in frames:
            outputs += self._frame(frame, now_us)
        return outputs

    # --- reports ------------------------------------------------------------------------------

    def reported(self, report: TtsReport, now_us: int) -> list[Output]:
        """Take in what a connection reports, unless it is an older one."""
        if report.connection != self._connection:
            return []
        match report:
            case TtsText():
                return self._text(report.text, now_us)
            case TtsAudio():
                return self._audio(report.pcm, report.sample_rate_hz, now_us)
            case _ if self._state is ConnectionState.CLOSED:
                return []
            case TtsConnected():
                return self._connected(report.url, report.request_id, now_us)
            case TtsRefused():
                self._forget()
                return self._lose_voice(report.detail, now_us)
            case TtsClosed():
                return self._lost(report.code, report.reason, now_us)

    def _connected(self, url: str, request_id: str, now_us: int) -> list[Output]:
        """Begin on the new connection with what an older one still owed to the turn."""
        self._state = ConnectionState.OPEN
        self._client = self._protocol.client(now_us)
        turn = self._turn
        if turn is not None and turn.pacer is not None and not turn.ending:
            for batch in turn.pacer.unspoken(now_us):
                self._sent.add(batch)
                _queue(self._client, turn, batch)
        return [
            SpeechConnected(
                at_us=now_us, connection=self._connection, url=url, request_id=request_id
            )
        ]

    def _lost(self, code: int, reason: str, now_us: int) -> list[Output]:
        """Reconnect once if speech is still owed; else the answer goes on as text."""
        outputs = self._closed(code, reason, now_us)
        turn = self._turn_under_way()
        if turn is None or turn.ending or not turn.owed_speech:
            return outputs
        if not self._reconnected:
            self._reconnected = True
            return outputs + self.open()
        cause = f"{code} {reason}".strip()
        action = "sent too much" if code == _TOO_MUCH else "hung up"
        detail = f"The speech service {action} ({cause}); the answer goes on as text. Ask again."
        return outputs + self._lose_voice(detail, now_us)

    def _text(self, frame: str, now_us: int) -> list[Output]:
        if self._client is None:
            return []
        received = FrameReceived(at_us=now_us, connection=self._connection, text=frame)
        outputs: list[Output] = [received]
        for meaning in self._client.receive_text(frame, now_us):
            outputs += self._understood(meaning, now_us)
        return outputs

    def _audio(self, pcm: bytes, sample_rate_hz: int, now_us: int) -> list[Output]:
        """Give the frame to its turn; a service that sends sound without end is given up, and one
        that goes on with an answer at another rate."""
        if self._client is None or not pcm:
            return []
        self._client.receive_audio(now_us, len(pcm))
        owner = self._cleared[0] if self._cleared else self._turn
        if owner is None:
            return []
        if not owner.sound.fits(sample_rate_hz):
            dropped = self._drop(now_us, "the sample rate changed within an answer")
            return dropped + self._lose_voice(SPEECH_RATE_CHANGED, now_us)
        cleared, connection = self._client.stale, self._connection
        outputs: list[Output] = [
            *owner.receive(pcm, connection, sample_rate_hz, now_us, cleared=cleared)
        ]
        if not owner.endless:
            return outputs
        outputs += self._drop(now_us, "more sound than the text can have", code=_TOO_MUCH)
        turn = self._turn_under_way()
        if turn is owner or turn is None or turn.ending:
            return outputs + self._lose_voice(SPEECH_ENDLESS, now_us)
        # It was the sound of an answer before this one, which is spoken on a new connection.
        return outputs + self.open()

    # --- inside -------------------------------------------------------------------------------

    def _turn_under_way(self) -> AssistantTurn | None:
        """Turn that is not over; the last one stays known, because its sound may still come."""
        over = self._turn is None or self._turn.state is TurnState.DONE
        return None if over else self._turn

    def _lose_voice(self, detail: str, now_us: int) -> list[Output]:
        turn = self._turn_under_way()
        if turn is not None and not turn.ending:
            turn.lose_voice()
        number = turn.turn if turn is not None else None
        return [Failed(at_us=now_us, stage="speech", detail=detail, turn=number)]

    def _forget(self) -> None:
        self._state = ConnectionState.CLOSED
        self._client = None
        self._heard_due_us = None
        self._cleared.clear()

    def _closed(self, code: int, reason: str, now_us: int) -> list[Output]:
        self._forget()
        return [
            SpeechDisconnected(at_us=now_us, connection=self._connection, code=code, reason=reason)
        ]

    def _drop(self, now_us: int, reason: str, code: int = 1006) -> list[Output]:
        """Give up the connection, or the attempt to open one."""
        if self._state is ConnectionState.CLOSED:
            return []
        if self._state is ConnectionState.CONNECTING:
            self._forget()
            return [CloseTts(self._connection)]
        return [CloseTts(self._connection), *self._closed(code, reason, now_us)]

    def _understood(self, meaning: SpeechClientEvent, now_us: int) -> list[Output]:
        match meaning:
            case Opened():
                return []
            case ClearDone(heard):
                self._clear_done(heard)
                return []
            case FlushDone():
                return self._flush_done(meaning.flush, now_us)
            case FlushIgnored():
                return self._flush_ignored(meaning.flush, now_us)
            case ServiceWarned():
                code, description = meaning.code, meaning.description
            case NotUnderstood():
                code, description = "NOT-UNDERSTOOD", meaning.detail
        warning = WarningReceived(at_us=now_us, code=code, description=description)
        if not (isinstance(meaning, ServiceWarned) and meaning.for_user):
            return [warning]
        return [warning, NoticeGiven(at_us=now_us, stage="speech", detail=description)]

    def _clear_done(self, heard: HeardPosition | None) -> None:
        turn = self._cleared.popleft() if self._cleared else None
        if turn is None or turn is not self._turn:
            return
        self._heard_due_us = None
        if heard is not None:
            turn.known_heard_chars = self._sent.source_chars(heard, turn.text)

    def _flush_done(self, flush: int, now_us: int) -> list[Output]:
        turn = self._turn
        if turn is None or turn.pacer is None:
            return []
        turn.pacer.flush_done(flush)
        return [
            FlushAnswered(at_us=now_us, turn=turn.turn, flush=flush, end_samples=turn.sound.samples)
        ]

    def _flush_ignored(self, flush: int, now_us: int) -> list[Output]:
        turn = self._turn
        return [FlushRefused(at_us=now_us, turn=turn.turn, flush=flush)] if turn else []

    def _frame(self, text: str, now_us: int) -> list[Output]:
        return [
            SendTts(self._connection, text),
            FrameSent(at_us=now_us, connection=self._connection, text=text),
        ]


def _queue(client: SpeechClient, turn: AssistantTurn, batch: TextBatch) -> None:
    turn.sent_characters += sum(len(chunk.text) for chunk in batch.chunks)
    for number, chunk in enumerate(batch.chunks, batch.first_chunk):
        client.speak(chunk.text, number)
    if batch.ends:
        client.flush(batch.flush)
