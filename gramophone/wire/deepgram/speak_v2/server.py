"""The service's side of one Speak v2 (Flux) connection: its turns, answers and limits.

Everything that happens is a method; each returns the actions it leads to, in order, for a shell
with a socket and a voice to carry out. Rules are those of Deepgram's documents (flux-tts/state,
flux-tts/client-messages, flux-tts/server-messages, flux-tts/interrupt-handling). One segment is
spoken at a time. Where the documents are silent this machine decides: a turn is cut at the ends
of its sentences; Flushed comes as soon as the last segment has gone to the voice; an Interrupt
leaves the turns that wait; a turn that nobody flushed is finished by Close, without a Flushed;
an interrupted turn counts the sound up to where it was heard; errors close as in v1.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from itertools import count
from typing import TypeAlias, assert_never

from gramophone.core.frozen import frozen
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.wire.deepgram import server_actions
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.server_actions import (
    NOT_IN_SOURCE,
    NOT_IN_SOURCE_SAID,
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v2.messages import (
    Close,
    Configure,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    Errored,
    Flush,
    Flushed,
    Interrupt,
    ServerMessage,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechStarted,
    Warned,
    parse_client,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters, speed_refusal
from gramophone.wire.deepgram.speak_v2.turn import Segment, SpeakingRate, Turn

_MINUTE_US = 60_000_000

NO_ACTIVE_SPEECH = Warned(
    "NO_ACTIVE_SPEECH", "There is no active turn. The request will be ignored."
)
NO_SYNTHESIZABLE_TEXT = Warned("NO_SYNTHESIZABLE_TEXT", "The turn has no text that can be spoken.")
SYNTHESIS_RETRYING = Warned("SYNTHESIS_RETRYING", "The synthesis failed and is being retried.")
NO_AUDIO_GENERATED = Warned(
    "NO_AUDIO_GENERATED", "No audio has been generated yet. The request will be ignored."
)
INTERRUPT_IN_PROGRESS = Warned(
    "INTERRUPT_IN_PROGRESS", "An earlier interrupt is being processed. This one is ignored."
)
INVALID_INTERRUPT_OFFSET = Warned(
    "INVALID_INTERRUPT_OFFSET",
    "The playback_offset does not advance past the last interrupt. The request will be ignored.",
)

_DESCRIPTIONS = {
    "NET-0000": "Internal server error.",
    "NET-0003": "The time limit of the session was exceeded.",
    "NET-0004": "No message was received from the client in time.",
    "BIG-0000": "The message is too large.",
    NOT_IN_SOURCE: NOT_IN_SOURCE_SAID,
}
_CLOSE_CODES = {"MESSAGE": 1003, "DATA": 1008, "BIG": 1009, "NET": 1011, "NOT": 1008}

Action: TypeAlias = server_actions.Action[ServerMessage]


@frozen(kw_only=True)
class FluxLimits:
    """What the service allows; None allows everything.

    The times are Deepgram's. How large a message may be is not told; this is far beyond a page.
    """

    message_characters: int | None = 250_000
    idle_us: int | None = _MINUTE_US
    session_us: int | None = 60 * _MINUTE_US

    @classmethod
    def none(cls) -> FluxLimits:
        """No limits, for a voice that nobody else waits for."""
        return cls(message_characters=None, idle_us=None, session_us=None)


@frozen(kw_only=True)
class FluxQuirks:
    """What the service does of its own accord now and then, to be asked for in a test.

    Attributes:
        only_on_flush: no sound before the Flush.
        interrupt_us: so long an Interrupt takes; sound goes on until then.
        retried_segment: the synthesis of this segment, counted from 1, fails once.
        failed_configure: this Configure, counted from 1, cannot be applied.
        late_flushed: Flushed comes after the SpeechMetadata, as livekit's client has seen it.
    """

    only_on_flush: bool = False
    interrupt_us: int = 0
    retried_segment: int | None = None
    failed_configure: int | None = None
    late_flushed: bool = False


@frozen
class Interruption:
    """An Interrupt that is being processed."""

    offset_ms: int | None
    due_us: int


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
        self._parameters = parameters
        self._limits = limits or FluxLimits()
        self._quirks = quirks or FluxQuirks()
        self._bytes_per_ms = parameters.bytes_per_second / 1000
        self._speed = parameters.speed
        self._turns: deque[Turn] = deque()
        self._segment: Segment | None = None
        self._job: int | None = None
        self._jobs = count()
        self._segments = count(1)
        self._configures = count(1)
        self._turn_ids = count()
        self._rate = SpeakingRate()
        self._interruption: Interruption | None = None
        self._interrupted_ms: int | None = None
        self._clock_ms = 0
        self._has_sounded = False
        self._total_ms = 0
        self._total_input = 0
        self._total_billable = 0
        self._closing = False
        self._closed = False
        self._opened_us = 0
        self._heard_us = 0

    # --- what happens -------------------------------------------------------------------------

    @property
    def deadline_us(self) -> int | None:
        """When `time_passed` must be called at the latest; None when never. It moves."""
        limits = self._limits
        if self._closed:
            return None
        due = [
            None if limits.session_us is None else self._opened_us + limits.session_us,
            None if limits.idle_us is None else self._heard_us + limits.idle_us,
            None if self._interruption is None else self._interruption.due_us,
        ]
        return min((at_us for at_us in due if at_us is not None), default=None)

    @property
    def closing(self) -> bool:
        """Whether the client has asked to close, or the connection is closed."""
        return self._closing or self._closed

    def opened(self, now_us: int) -> list[Action]:
        """The connection stands."""
        self._opened_us = self._heard_us = now_us
        return [SendText(self._connected)]

    def pinged(self, now_us: int) -> None:
        """A Ping or a Pong came, which says that the client is there."""
        self._heard_us = now_us

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """A text frame came."""
        if self._closed:
            return []
        self._heard_us = now_us
        largest = self._limits.message_characters
        if largest is not None and len(text) > largest:
            return self._fail("BIG-0000")
        try:
            message = parse_client(text)
            match message:
                case Speak(text=spoken):
                    return self._speak(spoken, now_us)
                case Flush():
                    return self._flush(now_us)
                case Interrupt(offset_ms):
                    return self._interrupt(offset_ms, now_us)
                case Configure(speed):
                    return self._configure(speed)
                case Close():
                    return self._close(now_us)
                case _:
                    assert_never(message)
        except ProtocolViolation as violation:
            return self._fail(violation.code, violation.detail)

    def binary_received(self) -> list[Action]:
        """A binary frame came, which no client may send."""
        return self._fail("MESSAGE-0000", "A client sends text frames only.")

    def time_passed(self, now_us: int) -> list[Action]:
        """It is `now_us`; call this at `deadline_us`."""
        if self._closed:
            return []
        limits = self._limits
        if limits.session_us is not None and now_us >= self._opened_us + limits.session_us:
            return self._fail("NET-0003")
        if limits.idle_us is not None and now_us >= self._heard_us + limits.idle_us:
            return self._fail("NET-0004")
        if self._interruption is not None and now_us >= self._interruption.due_us:
            return self._cut()
        return []

    def audio_made(self, job: int, pcm: bytes) -> list[SendAudio]:
        """One frame of the sound of `job` may go out."""
        if job != self._job or self._segment is None or not pcm:
            return []
        self._has_sounded = True
        self._segment.sent_bytes += len(pcm)
        return [SendAudio(pcm)]

    def remarked(self, job: int, warning: Warned) -> list[Action]:
        """The voice has something to say about `job`."""
        return [SendText(warning)] if job == self._job else []

    def synthesised(self, job: int) -> list[Action]:
        """All sound of `job` has gone out."""
        if job != self._job or self._segment is None:
            return []
        self._segment.done = True
        self._rate.learn(self._segment, self._segment.sent_bytes / self._bytes_per_ms)
        self._segment = self._job = None
        return self._advance()

    def failed(self, job: int) -> list[Action]:
        """The voice could not speak `job`: once it is asked again, unless some was heard."""
        segment = self._segment
        if job != self._job or segment is None:
            return []
        if segment.retried or segment.sent_bytes:
            return self._fail("NET-0000")
        segment.retried = True
        return [CancelSynthesis(job), SendText(SYNTHESIS_RETRYING), self._synthesise(segment)]

    def refused(self) -> list[Action]:
        """What the client said is not in the source, which is strict."""
        return self._fail(NOT_IN_SOURCE)

    def broken_off(self, job: int, code: int, reason: str) -> list[Action]:
        """The connection is to end within `job`; no Error goes before it."""
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
            turn = Turn(self._next_id(), SentenceCutter(whole=self._quirks.only_on_flush))
            self._turns.append(turn)
            if turn is self._turns[0]:
                actions += self._start(turn)
        controls = turn.controls
        actions += [SendText(warning) for warning in turn.take(text, now_us)]
        if turn.controls > controls and self._speed not in (None, 1.0):
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
        last_ms = self._interrupted_ms if self._interrupted_ms is not None else -1
        if not self._has_sounded:
            return [SendText(NO_AUDIO_GENERATED)]
        if self._interruption is not None:
            return [SendText(INTERRUPT_IN_PROGRESS)]
        if not self._turns:
            return [SendText(NO_ACTIVE_SPEECH)]
        if offset_ms is not None and offset_ms <= last_ms:
            return [SendText(INVALID_INTERRUPT_OFFSET)]
        self._interruption = Interruption(offset_ms, now_us + self._quirks.interrupt_us)
        # Text that comes from now on is for another turn.
        self._turns[0].ended = True
        return self._cut() if self._quirks.interrupt_us <= 0 else []

    def _configure(self, speed: float | None) -> list[Action]:
        ordinal = next(self._configures)
        if ordinal == self._quirks.failed_configure:
            description = "The configuration could not be applied."
            return [SendText(ConfigureFailure("INTERNAL_ERROR", description))]
        if speed is None:
            return [SendText(ConfigureSuccess(self._speed))]
        if refused := speed_refusal(self._parameters.model, speed):
            # The refusal of a model is not about the value.
            value = None if refused.code == "SPEED_NOT_SUPPORTED" else speed
            return [SendText(ConfigureFailure(refused.code, refused.description, "speed", value))]
        waiting = list(self._turns)[1:]
        if speed != 1.0 and any(turn.controls for turn in waiting):
            description = "'speed' cannot be combined with a pronunciation that is waiting"
            code = "CONTROL_COMBINATION_INVALID"
            return [SendText(ConfigureFailure(code, description, "speed", speed))]
        self._speed = speed
        return [SendText(ConfigureSuccess(speed))]

    def _close(self, now_us: int) -> list[Action]:
        self._closing = True
        if turn := self._open_turn():
            turn.end(now_us, acknowledge=False)
        return self._advance()

    # --- turns --------------------------------------------------------------------------------

    def _open_turn(self) -> Turn | None:
        """The turn that takes text; what comes after it is ended starts another."""
        return self._turns[-1] if self._turns and not self._turns[-1].ended else None

    def _next_id(self) -> str:
        start = int.from_bytes(sha256(self._connected.request_id.encode()).digest()[:6])
        # An odd step visits every value before one comes again.
        return f"dg_sp_{(start + next(self._turn_ids) * 0x9E3779B97F4B) % 2**48:012x}"

    def _advance(self) -> list[Action]:
        """Go on as far as it goes: the next segment, the end of a turn, the end of all."""
        actions: list[Action] = []
        while self._turns and self._job is None:
            turn = self._turns[0]
            if segment := turn.begin_next():
                actions += self._begin(segment)
            elif self._interruption is not None:
                return [*actions, *self._cut()]
            elif turn.ended:
                actions += self._end_turn(turn)
            else:
                break
        if self._turns:
            actions += self._acknowledge(self._turns[0])
        elif self._closing:
            actions += self._hang_up()
        return actions

    def _begin(self, segment: Segment) -> list[Action]:
        actions: list[Action] = []
        if next(self._segments) == self._quirks.retried_segment:
            segment.retried = True
            actions.append(SendText(SYNTHESIS_RETRYING))
        self._segment = segment
        return [*actions, self._synthesise(segment)]

    def _synthesise(self, segment: Segment) -> StartSynthesis:
        self._job = next(self._jobs)
        return StartSynthesis(self._job, segment.text, segment.asked_us, self._speed)

    def _acknowledge(self, turn: Turn) -> list[Action]:
        if not turn.to_acknowledge or turn.waiting or self._quirks.late_flushed:
            return []
        turn.to_acknowledge = False
        return [SendText(Flushed(turn.speech_id))]

    def _end_turn(self, turn: Turn) -> list[Action]:
        actions = self._acknowledge(turn)
        if not turn.has_words:
            actions.append(SendText(NO_SYNTHESIZABLE_TEXT))
        produced_ms = self._sounded_ms(turn)
        self._clock_ms += produced_ms
        self._total_ms += produced_ms
        metadata = turn.metadata(produced_ms)
        self._count(metadata.input_character_count, metadata.billable_character_count)
        actions.append(SendText(metadata))
        if turn.to_acknowledge:
            actions.append(SendText(Flushed(turn.speech_id)))
        return [*actions, *self._next_turn()]

    def _next_turn(self) -> list[Action]:
        self._turns.popleft()
        return self._start(self._turns[0]) if self._turns else []

    def _start(self, turn: Turn) -> list[Action]:
        """A turn becomes the active one."""
        return [SendText(SpeechStarted(turn.speech_id))]

    def _cut(self) -> list[Action]:
        """The Interrupt takes effect: the turn ends where it was heard."""
        interruption, self._interruption = self._interruption, None
        assert interruption is not None
        turn = self._turns[0]
        actions: list[Action] = [] if self._job is None else [CancelSynthesis(self._job)]
        self._segment = self._job = None
        offset_ms = interruption.offset_ms
        played_ms, heard_ms = self._rebase(self._sounded_ms(turn), offset_ms)
        spoken, remaining = None, None
        if offset_ms is not None:
            spoken, remaining = turn.split(heard_ms, self._bytes_per_ms, self._rate)
        metadata = turn.metadata(heard_ms)
        self._count(metadata.input_character_count, metadata.billable_character_count)
        actions.append(SendText(SpeechInterrupted(played_ms, metadata, spoken, remaining)))
        return [*actions, *self._next_turn(), *self._advance()]

    def _rebase(self, produced_ms: int, offset_ms: int | None) -> tuple[int, int]:
        """Go on from where the client has heard of a turn that made so much sound.

        Gives where that is in the session, and how much of the turn it is.
        """
        begun_ms, end_ms = self._clock_ms, self._clock_ms + produced_ms
        self._total_ms += produced_ms
        played_ms, heard_ms = end_ms, produced_ms
        if offset_ms is not None:
            played_ms = offset_ms
            heard_ms = min(max(played_ms - begun_ms, 0), produced_ms)
            self._total_ms -= min(max(end_ms - played_ms, 0), self._total_ms)
        self._clock_ms = self._interrupted_ms = played_ms
        return played_ms, heard_ms

    def _sounded_ms(self, turn: Turn) -> int:
        return round(turn.sent_bytes / self._bytes_per_ms)

    def _count(self, input_characters: int, billable_characters: int) -> None:
        self._total_input += input_characters
        self._total_billable += billable_characters

    # --- the end ------------------------------------------------------------------------------

    def _hang_up(self) -> list[Action]:
        self._closed = True
        sums = SessionMetadata(self._total_ms, self._total_input, self._total_billable)
        return [SendText(sums), CloseConnection(1000, "")]

    def _fail(self, code: str, description: str = "") -> list[Action]:
        if self._closed:
            return []
        self._closed = True
        actions: list[Action] = [] if self._job is None else [CancelSynthesis(self._job)]
        self._segment = self._job = self._interruption = None
        self._turns.clear()
        said = Errored(code, description or _DESCRIPTIONS.get(code, "The request failed."))
        return [
            *actions,
            SendText(said),
            CloseConnection(_CLOSE_CODES[code.partition("-")[0]], code),
        ]
