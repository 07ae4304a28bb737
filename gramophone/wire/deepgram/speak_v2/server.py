"""The service's side of one Speak v2 (Flux) connection: its turns, answers and limits.

Everything that happens is a method; each returns the actions it leads to, in order, for a shell
with a socket and a voice to carry out. Rules are those of Deepgram's documents (flux-tts/state,
flux-tts/client-messages, flux-tts/server-messages, flux-tts/interrupt-handling).
"""

# Turns stand in a queue. The first is *active*: it alone has sound. The last takes text, as long
# as it is not *ended*; Speak appends to it, or starts another turn behind it.
#
#            Speak              Flush, Close          all segments spoken
#   (none) ---------> open ---------------> ended ---------------------------> over, next turn
#                      |                      |          SpeechMetadata
#                      +----------+-----------+
#                                 | Interrupt
#                                 v
#                  interrupted (ended; sound goes on until it is processed) --> over, next turn
#                                                                     SpeechInterrupted
#
# Of one turn the service says, in this order: SpeechStarted when it becomes active; its sound;
# Flushed, when the last text has gone to the voice, so that sound may follow; SpeechMetadata or
# SpeechInterrupted, which alone is the end. (livekit's client has seen Flushed behind the
# SpeechMetadata, too, which the quirk `late_flushed` repeats.)
#
# A turn is cut into segments, and one segment is with the voice at a time: `_job` is its number.
# The voice answers later and in between, so each answer names its job, and what names another
# than the present one belongs to something that was cancelled and is dropped. Everything that
# frees the voice ends in `_advance`, which goes on as far as it goes: next segment, end of the
# turn, next turn, close.
#
# The documents are silent on some points, where this machine decides: a turn is cut at the ends
# of its sentences; an Interrupt leaves the turns that wait; a turn that nobody flushed is
# finished by Close, without a Flushed; an interrupted turn counts the sound up to where it was
# heard; errors close with the codes of v1.

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from typing import TypeAlias, assert_never

from gramophone.core.frozen import frozen
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.wire.deepgram import server_actions
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.server_actions import (
    NOT_IN_SOURCE,
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v2.messages import (
    Close,
    Configure,
    Connected,
    Flush,
    Flushed,
    Interrupt,
    ServerMessage,
    Speak,
    SpeechInterrupted,
    SpeechStarted,
    Warned,
    parse_client,
)
from gramophone.wire.deepgram.speak_v2.notices import (
    INTERRUPT_IN_PROGRESS,
    INVALID_INTERRUPT_OFFSET,
    NO_ACTIVE_SPEECH,
    NO_AUDIO_GENERATED,
    NO_SYNTHESIZABLE_TEXT,
    SYNTHESIS_RETRYING,
    close_after,
    error,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.rules import ConnectionTimers, FluxLimits, FluxQuirks
from gramophone.wire.deepgram.speak_v2.session_account import SessionAccount
from gramophone.wire.deepgram.speak_v2.speed_setting import SpeedSetting
from gramophone.wire.deepgram.speak_v2.turn import FluxTurn, SpeakingRate, TurnSegment

Action: TypeAlias = server_actions.Action[ServerMessage]


@frozen
class Interruption:
    """An Interrupt that is being processed, until `due_us`."""

    offset_ms: int | None
    due_us: int


def _speech_ids(request_id: str) -> Iterator[str]:
    """The names of a connection's turns: of one form, unlike each other, and always the same."""
    start = int.from_bytes(sha256(request_id.encode()).digest()[:6])
    # An odd step visits every value before one comes again.
    return (f"dg_sp_{(start + turn * 0x9E3779B97F4B) % 2**48:012x}" for turn in count())


class SpeakV2Server:
    """One connection, from its first message to its last."""

    def __init__(
        self,
        connected: Connected,
        parameters: FluxParameters,
        limits: FluxLimits | None = None,
        quirks: FluxQuirks | None = None,
    ) -> None:
        self._connected = connected
        self._quirks = quirks or FluxQuirks()
        limits = limits or FluxLimits()
        self._longest_message = limits.message_characters
        self._timers = ConnectionTimers(limits)
        self._account = SessionAccount()
        self._speed = SpeedSetting(parameters, self._quirks.failed_configure)
        self._bytes_per_ms = parameters.bytes_per_second / 1000
        self._turns: deque[FluxTurn] = deque()
        self._segment: TurnSegment | None = None
        self._job: int | None = None
        self._jobs = count()
        self._segments = count(1)
        self._speech_ids = _speech_ids(connected.request_id)
        self._rate = SpeakingRate()
        self._interruption: Interruption | None = None
        self._has_sounded = False
        self._closing = False
        self._closed = False

    # --- what happens -------------------------------------------------------------------------

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never. It moves."""
        if self._closed:
            return None
        interrupt_us = None if self._interruption is None else self._interruption.due_us
        due = (self._timers.deadline_us, interrupt_us)
        return min((at_us for at_us in due if at_us is not None), default=None)

    @property
    def closing(self) -> bool:
        """Whether the client has asked to close, or the connection is closed."""
        return self._closing or self._closed

    def opened(self, now_us: int) -> list[Action]:
        """Start the limits of time, and send the Connected."""
        self._timers.opened(now_us)
        return [SendText(self._connected)]

    def pinged(self, now_us: int) -> None:
        """Take a Ping or a Pong, which says that the client is there."""
        self._timers.client_spoke(now_us)

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """Answer a text frame."""
        if self._closed:
            return []
        self._timers.client_spoke(now_us)
        if self._longest_message is not None and len(text) > self._longest_message:
            return self._fail("BIG-0000")
        try:
            message = parse_client(text)
            match message:
                case Speak(text=spoken_text):
                    return self._speak(spoken_text, now_us)
                case Flush():
                    return self._flush(now_us)
                case Interrupt(offset_ms):
                    return self._interrupt(offset_ms, now_us)
                case Configure(speed):
                    answer = self._speed.configure(speed, list(self._turns)[1:])
                    return [SendText(answer)]
                case Close():
                    return self._close(now_us)
                case _:
                    assert_never(message)
        except ProtocolViolation as violation:
            return self._fail(violation.code, violation.detail)

    def binary_received(self) -> list[Action]:
        """Close because of a binary frame, which no client may send."""
        return self._fail("MESSAGE-0000", "A client sends text frames only.")

    def time_passed(self, now_us: int) -> list[Action]:
        """Close at a limit, or end an Interrupt; call this at `deadline_us`."""
        if self._closed:
            return []
        if code := self._timers.expired(now_us):
            return self._fail(code)
        if self._interruption is not None and now_us >= self._interruption.due_us:
            return self._interrupt_turn()
        return []

    def audio_made(self, job: int, pcm: bytes) -> list[SendAudio]:
        """Pass on one frame of the sound of `job`, unless it was cancelled."""
        if job != self._job or self._segment is None or not pcm:
            return []
        self._has_sounded = True
        self._segment.sent_bytes += len(pcm)
        return [SendAudio(pcm)]

    def remarked(self, job: int, warning: Warned) -> list[Action]:
        """Pass on a warning of the voice about `job`."""
        return [SendText(warning)] if job == self._job else []

    def synthesised(self, job: int) -> list[Action]:
        """Go on after the last frame of `job`."""
        if job != self._job or self._segment is None:
            return []
        self._segment.done = True
        self._rate.learn(self._segment, self._segment.sent_bytes / self._bytes_per_ms)
        self._segment = self._job = None
        return self._advance()

    def failed(self, job: int) -> list[Action]:
        """Ask the voice for `job` again, once and only if none of it was sent; else close."""
        segment = self._segment
        if job != self._job or segment is None:
            return []
        if segment.retried or segment.sent_bytes:
            return self._fail("NET-0000")
        segment.retried = True
        return [CancelSynthesis(job), SendText(SYNTHESIS_RETRYING), self._synthesise(segment)]

    def refused(self) -> list[Action]:
        """Close because a strict source does not contain what the client sent."""
        return self._fail(NOT_IN_SOURCE)

    def broken_off(self, job: int, code: int, reason: str) -> list[Action]:
        """Close within `job`, as it was recorded or asked for; no Error goes before it."""
        if self._closed or job != self._job:
            return []
        self._closed = True
        return [CancelSynthesis(job), CloseConnection(code, reason)]

    # --- messages -----------------------------------------------------------------------------

    def _speak(self, text: str, now_us: int) -> list[Action]:
        if self._closing:
            return []
        actions: list[Action] = []
        turn = self._open_turn()
        if turn is None:
            turn = FluxTurn(
                next(self._speech_ids), SentenceCutter(whole=self._quirks.only_on_flush)
            )
            self._turns.append(turn)
            if turn is self._turns[0]:
                actions += self._start(turn)
        controls = turn.controls
        actions += [SendText(warning) for warning in turn.take(text, now_us)]
        if turn.controls > controls and not self._speed.is_normal:
            raise ProtocolViolation("DATA-0002", "A pronunciation needs a speed of 1.0.")
        return actions + self._advance()

    def _flush(self, now_us: int) -> list[Action]:
        if self._closing:
            return []
        turn = self._open_turn()
        if turn is None:
            return [SendText(NO_ACTIVE_SPEECH)]
        turn.end(now_us, acknowledge=True)
        return self._advance()

    def _interrupt(self, offset_ms: int | None, now_us: int) -> list[Action]:
        if not self._has_sounded:
            return [SendText(NO_AUDIO_GENERATED)]
        if self._interruption is not None:
            return [SendText(INTERRUPT_IN_PROGRESS)]
        if not self._turns:
            return [SendText(NO_ACTIVE_SPEECH)]
        if not self._account.is_new(offset_ms):
            return [SendText(INVALID_INTERRUPT_OFFSET)]
        self._interruption = Interruption(offset_ms, now_us + self._quirks.interrupt_us)
        # Text that comes from now on is for another turn.
        self._turns[0].ended = True
        return self._interrupt_turn() if self._quirks.interrupt_us <= 0 else []

    def _close(self, now_us: int) -> list[Action]:
        self._closing = True
        if turn := self._open_turn():
            turn.end(now_us, acknowledge=False)
        return self._advance()

    # --- turns --------------------------------------------------------------------------------

    def _open_turn(self) -> FluxTurn | None:
        """The turn that takes text; None when the next Speak starts one."""
        return self._turns[-1] if self._turns and not self._turns[-1].ended else None

    def _advance(self) -> list[Action]:
        """Go on as far as it goes: the next segment, the end of a turn, the end of all."""
        actions: list[Action] = []
        while self._turns and self._job is None:
            turn = self._turns[0]
            if segment := turn.begin_next():
                actions += self._begin(segment)
            elif self._interruption is not None:
                return [*actions, *self._interrupt_turn()]
            elif turn.ended:
                actions += self._end_turn(turn)
            else:
                break
        if self._turns:
            actions += self._acknowledge(self._turns[0])
        elif self._closing:
            actions += self._close_session()
        return actions

    def _begin(self, segment: TurnSegment) -> list[Action]:
        actions: list[Action] = []
        if next(self._segments) == self._quirks.retried_segment:
            segment.retried = True
            actions.append(SendText(SYNTHESIS_RETRYING))
        self._segment = segment
        return [*actions, self._synthesise(segment)]

    def _synthesise(self, segment: TurnSegment) -> StartSynthesis:
        self._job = next(self._jobs)
        return StartSynthesis(self._job, segment.text, segment.asked_us, self._speed.value)

    def _acknowledge(self, turn: FluxTurn) -> list[Action]:
        if not turn.to_acknowledge or turn.waiting or self._quirks.late_flushed:
            return []
        turn.to_acknowledge = False
        return [SendText(Flushed(turn.speech_id))]

    def _end_turn(self, turn: FluxTurn) -> list[Action]:
        actions = self._acknowledge(turn)
        if not turn.has_words:
            actions.append(SendText(NO_SYNTHESIZABLE_TEXT))
        metadata = turn.metadata(self._sounded_ms(turn))
        self._account.complete(metadata)
        actions.append(SendText(metadata))
        if turn.to_acknowledge:
            actions.append(SendText(Flushed(turn.speech_id)))
        return [*actions, *self._next_turn()]

    def _next_turn(self) -> list[Action]:
        self._turns.popleft()
        return self._start(self._turns[0]) if self._turns else []

    def _start(self, turn: FluxTurn) -> list[Action]:
        """Make a turn the active one."""
        return [SendText(SpeechStarted(turn.speech_id))]

    def _interrupt_turn(self) -> list[Action]:
        """Let the Interrupt take effect: the turn ends where it was heard."""
        interruption, self._interruption = self._interruption, None
        assert interruption is not None
        turn = self._turns[0]
        actions: list[Action] = [] if self._job is None else [CancelSynthesis(self._job)]
        self._segment = self._job = None
        offset_ms = interruption.offset_ms
        played_ms, heard_ms = self._account.interrupt(self._sounded_ms(turn), offset_ms)
        spoken_text, remaining = None, None
        if offset_ms is not None:
            spoken_text, remaining = turn.split(heard_ms, self._bytes_per_ms, self._rate)
        metadata = turn.metadata(heard_ms)
        self._account.count(metadata)
        actions.append(SendText(SpeechInterrupted(played_ms, metadata, spoken_text, remaining)))
        return [*actions, *self._next_turn(), *self._advance()]

    def _sounded_ms(self, turn: FluxTurn) -> int:
        return round(turn.sent_bytes / self._bytes_per_ms)

    # --- the end ------------------------------------------------------------------------------

    def _close_session(self) -> list[Action]:
        self._closed = True
        return [SendText(self._account.metadata), CloseConnection(1000, "")]

    def _fail(self, code: str, description: str = "") -> list[Action]:
        if self._closed:
            return []
        self._closed = True
        actions: list[Action] = [] if self._job is None else [CancelSynthesis(self._job)]
        self._segment = self._job = self._interruption = None
        self._turns.clear()
        return [*actions, SendText(error(code, description)), close_after(code)]
