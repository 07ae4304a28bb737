"""The conversation: intents and happenings in, events and orders out; pure.

It decides about turns: what is asked, what is spoken, when a turn is over and what of it counts.
It holds no socket, no device and no clock; `now_us` comes with every call, and the whole talk
can be played as a list of calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.exchange import (
    End,
    FinishAudio,
    Happening,
    ModelChunkArrived,
    ModelEnded,
    PlayAudio,
    PlaybackBegan,
    PlaybackCut,
    PlaybackDrained,
    PlaybackStarved,
    PlayoutSeen,
    SpeakerChanged,
    SpeechAudio,
    SpeechClosed,
    SpeechOpened,
    SpeechRefused,
    SpeechText,
    StartModel,
    StopAudio,
    StopModel,
    Tick,
)
from gramophone.intents import Interrupt, Say, Submit
from gramophone.ports import Message
from gramophone.speech_line import LineState, Output, SpeechLine
from gramophone.timeline import (
    AudioReceived,
    DeltaReceived,
    DeviceChanged,
    Event,
    Failed,
    FlushAnswered,
    FlushRefused,
    FrameReceived,
    ModelChunkReceived,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SpeechDisconnected,
    Stage,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
    UsageReported,
    WarningReceived,
)
from gramophone.wire.speak_client import (
    ClientLimits,
    FlushDone,
    FlushIgnored,
    NotUnderstood,
    Opened,
    ServiceWarned,
)
from gramophone.wire.utterance import Utterance

NOTHING_TO_SEND = "There is nothing to send; type a question first."
MODEL_CUT_OFF = (
    "The answer broke off before the model had finished; what arrived is kept. Ask again."
)
SPEECH_SILENT = (
    "The speech service took the text but sent no sound; the answer goes on as text. "
    "Check the service with 'gramophone doctor'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSettings:
    """What stays the same through a session. `spoken` is False where there is no voice at all;
    `heard` is False where sound is made and recorded but not played."""

    session_id: str
    provider: str
    model: str
    voice: str
    sample_rate_hz: int
    encoding: str = "linear16"
    system_prompt: str = ""
    lang: str = "en"
    spoken: bool = True
    heard: bool = True
    bytes_per_sample: int = 2


@dataclass(slots=True)
class _Turn:
    """The assistant's turn that is under way."""

    turn: int
    utterance: Utterance | None
    text: str = ""
    finish_reason: str = ""
    asking: bool = False
    model_failed: bool = False
    audio_bytes: int = 0
    audio_connection: int = -1
    queued_us: int = 0
    finishing: bool = False
    drained: bool = False
    stopping: bool = False


@dataclass(slots=True)
class Conversation:
    """One session's talk."""

    settings: ConversationSettings
    limits: ClientLimits = field(default_factory=ClientLimits)
    history: list[Message] = field(default_factory=list[Message])
    _line: SpeechLine = field(init=False)
    _turn: _Turn | None = None
    _next_turn: int = 0
    _waiting: Submit | Say | None = None
    _device: str = ""
    _spoken_turn: _Turn | None = None
    _ended: bool = False

    def __post_init__(self) -> None:
        self._line = SpeechLine(self.limits)

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._turn is not None

    # --- in -----------------------------------------------------------------------------------

    def begin(self, now_us: int) -> list[Output]:
        """Start the session; the line to the speech service is opened ahead of the first turn."""
        settings = self.settings
        started = SessionStarted(
            at_us=now_us,
            session_id=settings.session_id,
            provider=settings.provider,
            model=settings.model,
            voice=settings.voice,
            encoding=settings.encoding,
            sample_rate_hz=settings.sample_rate_hz,
            system_prompt=settings.system_prompt,
        )
        return [started, *(self._line.open() if settings.spoken else [])]

    def handle(self, happening: Happening, now_us: int) -> list[Output]:
        """Take one happening in; the events to emit and the orders to carry out, in order."""
        if self._ended:
            return []
        outputs = self._react(happening, now_us)
        while not self._ended and (more := self._advance(now_us)):
            outputs += more
        return outputs

    def next_wake_us(self, now_us: int) -> int | None:
        """When a Tick is due, if nothing happens before."""
        client = self._line.client
        if client is None:
            return None
        due = client.next_poll_us(now_us)
        if client.silent_for_us(now_us):
            timeout = now_us - client.silent_for_us(now_us) + self.limits.answer_timeout_us + 1
            due = timeout if due is None else min(due, timeout)
        return due

    def _react(self, happening: Happening, now_us: int) -> list[Output]:
        match happening:
            case Submit() | Say():
                return self._requested(happening, now_us)
            case Interrupt():
                return self._interrupt(now_us)
            case End():
                return self._end(now_us)
            case ModelChunkArrived() | ModelEnded():
                return self._model(happening, now_us)
            case SpeechOpened() | SpeechRefused() | SpeechClosed():
                return self._connection(happening, now_us)
            case SpeechText() | SpeechAudio():
                return self._speech(happening, now_us)
            case SpeakerChanged():
                self._device = happening.device
                return [
                    DeviceChanged(
                        at_us=now_us,
                        device=happening.device,
                        silent=happening.silent,
                        detail=happening.detail,
                    )
                ]
            case Tick():
                return []
            case _:
                return self._playback(happening, now_us)

    # --- turns --------------------------------------------------------------------------------

    def _requested(self, intent: Submit | Say, now_us: int) -> list[Output]:
        if not intent.text.strip():
            return [Failed(at_us=now_us, stage="session", detail=NOTHING_TO_SEND)]
        if self._turn is not None:
            self._waiting = intent
            return self._interrupt(now_us)
        if isinstance(intent, Say):
            return self._say(intent.text, now_us)
        return self._ask(intent.text, now_us)

    def _ask(self, text: str, now_us: int) -> list[Output]:
        asked = self._number()
        self.history.append(Message("user", text))
        messages = merged(self.history)
        outputs: list[Output] = [
            TurnStarted(at_us=now_us, turn=asked, role="user", text=text),
            TurnCompleted(at_us=now_us, turn=asked, role="user", text=text, finish_reason="sent"),
        ]
        turn = self._number()
        outputs += self._start(turn, "", now_us)
        outputs += [
            RequestSent(
                at_us=now_us,
                turn=turn,
                provider=self.settings.provider,
                model=self.settings.model,
                messages=len(messages),
            ),
            StartModel(turn, messages),
        ]
        if self._turn is not None:
            self._turn.asking = True
        return outputs

    def _say(self, text: str, now_us: int) -> list[Output]:
        turn = self._number()
        outputs = self._start(turn, text, now_us)
        if self._turn is not None:
            self._turn.finish_reason = "said"
            if self._turn.utterance is not None:
                self._turn.utterance.feed(text)
                self._turn.utterance.finish()
        return outputs

    def _start(self, turn: int, text: str, now_us: int) -> list[Output]:
        settings = self.settings
        utterance = Utterance(turn, lang=settings.lang) if settings.spoken else None
        self._turn = _Turn(turn, utterance, text)
        started: list[Output] = [TurnStarted(at_us=now_us, turn=turn, role="assistant", text=text)]
        return started + (self._line.begin_turn(turn, now_us) if utterance else [])

    def _number(self) -> int:
        self._next_turn += 1
        return self._next_turn - 1

    def _interrupt(self, now_us: int) -> list[Output]:
        active = self._turn
        if active is None or active.stopping:
            return []
        active.stopping = True
        outputs: list[Output] = [StopAudio(active.turn)]
        if active.utterance is not None:
            outputs += self._line.clear(now_us)
        if active.asking:
            outputs.append(StopModel(active.turn))
        return outputs

    def _cut(self, active: _Turn, heard_samples: int, now_us: int) -> list[Output]:
        text = active.text
        if active.utterance is not None and self.settings.heard:
            heard_us = heard_samples * 1_000_000 // self.settings.sample_rate_hz
            text = active.utterance.heard_text(heard_us)
        interrupted = TurnInterrupted(
            at_us=now_us, turn=active.turn, heard_text=text, heard_samples=heard_samples
        )
        active.text = text
        active.finish_reason = "interrupted"
        return [interrupted, *self._complete(active, now_us)]

    def _complete(self, active: _Turn, now_us: int) -> list[Output]:
        self._turn = None
        if active.text.strip():
            self.history.append(Message("assistant", active.text))
        outputs: list[Output] = [
            TurnCompleted(
                at_us=now_us,
                turn=active.turn,
                role="assistant",
                text=active.text,
                finish_reason=active.finish_reason or "failed",
            )
        ]
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            outputs += self._requested(waiting, now_us)
        return outputs

    def _end(self, now_us: int) -> list[Output]:
        self._waiting = None
        outputs = self._interrupt(now_us)
        if self._turn is not None:
            outputs += self._cut(self._turn, self._played_samples(self._turn), now_us)
        outputs += self._line.hang_up(now_us)
        self._ended = True
        return [*outputs, SessionEnded(at_us=now_us)]

    def _played_samples(self, active: _Turn) -> int:
        received_us = active.utterance.received_us if active.utterance else 0
        played_us = max(0, received_us - active.queued_us)
        return played_us * self.settings.sample_rate_hz // 1_000_000

    # --- the model ----------------------------------------------------------------------------

    def _model(self, happening: ModelChunkArrived | ModelEnded, now_us: int) -> list[Output]:
        active = self._turn
        if active is None or happening.turn != active.turn or active.stopping:
            return []
        if isinstance(happening, ModelEnded):
            return self._model_ended(active, happening, now_us)
        chunk = happening.chunk
        outputs: list[Output] = [ModelChunkReceived(at_us=now_us, turn=active.turn, raw=chunk.raw)]
        if chunk.text:
            active.text += chunk.text
            if active.utterance is not None:
                active.utterance.feed(chunk.text)
            outputs.append(DeltaReceived(at_us=now_us, turn=active.turn, text=chunk.text))
        if chunk.usage is not None:
            outputs.append(
                UsageReported(
                    at_us=now_us,
                    turn=active.turn,
                    input_tokens=chunk.usage.input_tokens,
                    output_tokens=chunk.usage.output_tokens,
                )
            )
        if chunk.finish_reason is not None:
            active.finish_reason = chunk.finish_reason
        return outputs

    def _model_ended(self, active: _Turn, ended: ModelEnded, now_us: int) -> list[Output]:
        active.asking = False
        if active.utterance is not None:
            active.utterance.finish()
        failure = ended.failure or ("" if active.finish_reason else MODEL_CUT_OFF)
        if not failure:
            return [ModelFinished(at_us=now_us, turn=active.turn, reason=active.finish_reason)]
        active.finish_reason = ""
        return [_failed("model", failure, active, now_us)]

    # --- the speech service -------------------------------------------------------------------

    def _connection(
        self, happening: SpeechOpened | SpeechRefused | SpeechClosed, now_us: int
    ) -> list[Output]:
        line = self._line
        if happening.connection != line.connection or line.state is LineState.CLOSED:
            return []
        active = self._turn
        if isinstance(happening, SpeechOpened):
            outputs = self._line.opened(happening.url, happening.request_id, now_us)
            if active is not None and active.utterance is not None:
                self._line.say_again(active.utterance, now_us)
            return outputs
        lost: list[Output] = []
        if isinstance(happening, SpeechClosed):
            lost.append(
                SpeechDisconnected(
                    at_us=now_us,
                    connection=happening.connection,
                    code=happening.code,
                    reason=happening.reason,
                )
            )
        self._line.lost()
        if isinstance(happening, SpeechRefused):
            return lost + self._no_speech(happening.detail, now_us)
        if active is None or active.utterance is None or active.utterance.complete:
            return lost
        if not self._line.mended:
            self._line.mended = True
            return lost + self._line.open()
        said = f"{happening.code} {happening.reason}".strip()
        detail = f"The speech service hung up ({said}); the answer goes on as text. Ask again."
        return lost + self._no_speech(detail, now_us)

    def _no_speech(self, detail: str, now_us: int) -> list[Output]:
        active = self._turn
        failed = _failed("speech", detail, active, now_us)
        if active is not None and active.utterance is not None:
            active.utterance.abandon()
            if not active.audio_bytes:
                active.utterance = None
        return [failed]

    def _speech(self, happening: SpeechText | SpeechAudio, now_us: int) -> list[Output]:
        if happening.connection != self._line.connection or self._line.client is None:
            return []
        if isinstance(happening, SpeechAudio):
            return self._audio(happening.pcm, now_us)
        outputs: list[Output] = [
            FrameReceived(at_us=now_us, connection=happening.connection, text=happening.text)
        ]
        for meaning in self._line.client.receive_text(happening.text, now_us):
            match meaning:
                case Opened():
                    pass
                case FlushDone():
                    outputs += self._flush_done(meaning.flush, now_us)
                case FlushIgnored() if self._turn is not None:
                    outputs.append(
                        FlushRefused(at_us=now_us, turn=self._turn.turn, flush=meaning.flush)
                    )
                case FlushIgnored():
                    pass
                case ServiceWarned():
                    outputs.append(
                        WarningReceived(
                            at_us=now_us, code=meaning.code, description=meaning.description
                        )
                    )
                case NotUnderstood():
                    outputs.append(
                        WarningReceived(
                            at_us=now_us, code="NOT-UNDERSTOOD", description=meaning.detail
                        )
                    )
        return outputs

    def _audio(self, pcm: bytes, now_us: int) -> list[Output]:
        assert self._line.client is not None
        self._line.client.receive_audio(now_us)
        active = self._turn
        stale = self._line.client.stale or active is None or active.stopping
        owner = self._spoken_turn if stale and self._spoken_turn is not None else active
        if owner is None or not pcm:
            return []
        width = self.settings.bytes_per_sample
        realign = owner.audio_connection != self._line.connection
        if realign:
            owner.audio_bytes += -owner.audio_bytes % width
            owner.audio_connection = self._line.connection
        received = AudioReceived(
            at_us=now_us,
            turn=owner.turn,
            connection=self._line.connection,
            offset_bytes=owner.audio_bytes,
            size_bytes=len(pcm),
            stale=stale,
            pcm=pcm,
        )
        before_samples = owner.audio_bytes // width
        owner.audio_bytes += len(pcm)
        if stale or active is None or active.utterance is None:
            return [received]
        self._spoken_turn = active
        samples = active.audio_bytes // width - before_samples
        active.utterance.audio(now_us, samples * 1_000_000 // self.settings.sample_rate_hz)
        return [received, PlayAudio(active.turn, pcm, realign=realign)]

    def _flush_done(self, flush: int, now_us: int) -> list[Output]:
        active = self._turn
        if active is None or active.utterance is None:
            return []
        active.utterance.flush_done(flush)
        end_samples = active.audio_bytes // self.settings.bytes_per_sample
        return [FlushAnswered(at_us=now_us, turn=active.turn, flush=flush, end_samples=end_samples)]

    # --- the speaker --------------------------------------------------------------------------

    def _playback(self, happening: Happening, now_us: int) -> list[Output]:
        active = self._turn
        match happening:
            case PlayoutSeen() if active and happening.turn == active.turn:
                queued = happening.queued_samples
                active.queued_us = queued * 1_000_000 // self.settings.sample_rate_hz
            case PlaybackBegan():
                return [
                    PlaybackStarted(at_us=happening.at_us, turn=happening.turn, device=self._device)
                ]
            case PlaybackStarved():
                return [
                    Underran(
                        at_us=happening.at_us,
                        turn=happening.turn,
                        position_samples=happening.position_samples,
                        missing_samples=happening.missing_samples,
                    )
                ]
            case PlaybackDrained() if active and happening.turn == active.turn:
                active.drained = True
                return [
                    PlaybackFinished(
                        at_us=now_us,
                        turn=happening.turn,
                        played_samples=happening.played_samples,
                    )
                ]
            case PlaybackCut() if active and happening.turn == active.turn:
                return self._cut(active, happening.heard_samples, now_us)
            case _:
                pass
        return []

    # --- what follows -------------------------------------------------------------------------

    def _advance(self, now_us: int) -> list[Output]:
        outputs: list[Output] = []
        client = self._line.client
        if client is not None and client.timed_out(now_us):
            outputs += self._line.drop(now_us, "no answer")
            if self._turn is not None and not self._turn.stopping:
                outputs += self._no_speech(SPEECH_SILENT, now_us)
        active = self._turn
        if active is None or active.stopping:
            return outputs
        utterance = active.utterance
        if utterance is not None:
            outputs += self._line.pump(utterance, active.queued_us, now_us)
            if utterance.complete and active.audio_bytes and not active.finishing:
                active.finishing = True
                outputs.append(FinishAudio(active.turn))
        silent = utterance is None or (utterance.complete and not active.audio_bytes)
        if not active.asking and (silent or active.drained):
            outputs += self._complete(active, now_us)
        return outputs


def merged(history: list[Message]) -> tuple[Message, ...]:
    """The history with neighbours of one role joined, as providers want roles to alternate."""
    joined: list[Message] = []
    for message in history:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].text}\n\n{message.text}")
        else:
            joined.append(message)
    return tuple(joined)


def _failed(stage: Stage, detail: str, active: _Turn | None, now_us: int) -> Event:
    turn = active.turn if active is not None else None
    return Failed(at_us=now_us, stage=stage, detail=detail, turn=turn)
