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
from gramophone.spoken_turn import SpokenTurn
from gramophone.timeline import (
    DeviceChanged,
    Event,
    Failed,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    RequestSent,
    SessionEnded,
    SessionStarted,
    Stage,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
from gramophone.wire.speak_client import ClientLimits
from gramophone.wire.utterance import Utterance

NOTHING_TO_SEND = "There is nothing to send; type a question first."
MODEL_CUT_OFF = (
    "The answer broke off before the model had finished; what arrived is kept. Ask again."
)
SPEECH_SILENT = (
    "The speech service took the text but sends no sound; the answer goes on as text. "
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
class Conversation:
    """One session's talk."""

    settings: ConversationSettings
    limits: ClientLimits = field(default_factory=ClientLimits)
    history: list[Message] = field(default_factory=list[Message])
    _line: SpeechLine = field(init=False)
    _turn: SpokenTurn | None = None
    _next_turn: int = 0
    _waiting: list[Submit | Say] = field(default_factory=list[Submit | Say])
    _device: str = ""
    _ending: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._line = SpeechLine(self.limits)

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._turn is not None

    @property
    def ended(self) -> bool:
        """Whether the session is over: nothing that happens now changes it."""
        return self._ended

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
        return client.next_wake_us(now_us) if client is not None else None

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
                return self._speaker_changed(happening, now_us)
            case Tick():
                return []
            case _:
                return self._playback(happening, now_us)

    # --- turns --------------------------------------------------------------------------------

    def _requested(self, intent: Submit | Say, now_us: int) -> list[Output]:
        if self._ending:
            return []
        if not intent.text.strip():
            return [Failed(at_us=now_us, stage="session", detail=NOTHING_TO_SEND)]
        if self._turn is not None:
            self._waiting.append(intent)
            return self._interrupt(now_us)
        if isinstance(intent, Say):
            return self._say(intent.text, now_us)
        return self._ask(intent.text, now_us)

    def _ask(self, text: str, now_us: int) -> list[Output]:
        settings = self.settings
        asked = self._number()
        self.history.append(Message("user", text))
        messages = merged(self.history)
        turn, started = self._start("", now_us)
        turn.asking = True
        return [
            TurnStarted(at_us=now_us, turn=asked, role="user", text=text),
            TurnCompleted(at_us=now_us, turn=asked, role="user", text=text, finish_reason="sent"),
            *started,
            RequestSent(
                at_us=now_us,
                turn=turn.turn,
                provider=settings.provider,
                model=settings.model,
                messages=len(messages),
            ),
            StartModel(turn.turn, messages),
        ]

    def _say(self, text: str, now_us: int) -> list[Output]:
        turn, started = self._start(text, now_us)
        turn.finish_reason = "said"
        turn.write(text)
        turn.end_text()
        return started

    def _start(self, text: str, now_us: int) -> tuple[SpokenTurn, list[Output]]:
        settings = self.settings
        turn = SpokenTurn(self._number(), settings.sample_rate_hz, settings.bytes_per_sample)
        self._turn = turn
        outputs: list[Output] = [
            TurnStarted(at_us=now_us, turn=turn.turn, role="assistant", text=text)
        ]
        if settings.spoken:
            turn.utterance = Utterance(turn.turn, lang=settings.lang)
            outputs += self._line.begin_turn(turn, now_us)
        return turn, outputs

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

    def _cut(self, active: SpokenTurn, heard_samples: int, now_us: int) -> list[Output]:
        text = active.heard_text(heard_samples) if self.settings.heard else active.text
        active.keep(text)
        active.finish_reason = "interrupted"
        interrupted = TurnInterrupted(
            at_us=now_us, turn=active.turn, heard_text=text, heard_samples=heard_samples
        )
        return [interrupted, *self._complete(active, now_us)]

    def _complete(self, active: SpokenTurn, now_us: int) -> list[Output]:
        self._turn = None
        active.stopping = True
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
        if self._ending:
            return outputs + self._end_session(now_us)
        # The second of two questions interrupts the answer to the first; neither is lost.
        waiting, self._waiting = self._waiting, []
        for intent in waiting:
            outputs += self._requested(intent, now_us)
        return outputs

    def _end(self, now_us: int) -> list[Output]:
        """A turn under way is interrupted first, so that what was heard of it is known."""
        self._ending = True
        if self._turn is not None:
            return self._interrupt(now_us)
        return self._end_session(now_us)

    def _end_session(self, now_us: int) -> list[Output]:
        self._ended = True
        return [*self._line.hang_up(now_us), SessionEnded(at_us=now_us)]

    # --- the model ----------------------------------------------------------------------------

    def _model(self, happening: ModelChunkArrived | ModelEnded, now_us: int) -> list[Output]:
        active = self._turn
        if active is None or happening.turn != active.turn or active.stopping:
            return []
        if isinstance(happening, ModelEnded):
            return self._model_ended(active, happening, now_us)
        return list(active.read(happening.chunk, now_us))

    def _model_ended(self, active: SpokenTurn, ended: ModelEnded, now_us: int) -> list[Output]:
        active.asking = False
        active.end_text()
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
        if isinstance(happening, SpeechOpened):
            return line.opened(happening.url, happening.request_id, now_us)
        if isinstance(happening, SpeechRefused):
            line.refused()
            return self._no_speech(happening.detail, now_us)
        lost = line.lost(happening.code, happening.reason, now_us)
        active = self._turn
        if active is None or active.stopping or not active.owed_speech:
            return lost
        if not line.mended:
            line.mended = True
            return lost + line.open()
        said = f"{happening.code} {happening.reason}".strip()
        detail = f"The speech service hung up ({said}); the answer goes on as text. Ask again."
        return lost + self._no_speech(detail, now_us)

    def _no_speech(self, detail: str, now_us: int) -> list[Output]:
        active = self._turn
        if active is not None and not active.stopping:
            active.lose_voice()
        return [_failed("speech", detail, active, now_us)]

    def _speech(self, happening: SpeechText | SpeechAudio, now_us: int) -> list[Output]:
        if happening.connection != self._line.connection:
            return []
        if isinstance(happening, SpeechAudio):
            return self._line.receive_audio(happening.pcm, now_us)
        return self._line.receive_text(happening.text, now_us)

    # --- the speaker --------------------------------------------------------------------------

    def _speaker_changed(self, changed: SpeakerChanged, now_us: int) -> list[Output]:
        self._device = changed.device
        return [
            DeviceChanged(
                at_us=now_us, device=changed.device, silent=changed.silent, detail=changed.detail
            )
        ]

    def _playback(
        self,
        happening: PlayoutSeen | PlaybackBegan | PlaybackStarved | PlaybackDrained | PlaybackCut,
        now_us: int,
    ) -> list[Output]:
        active = self._turn
        if active is None or happening.turn != active.turn:
            return []
        match happening:
            case PlayoutSeen():
                active.glanced(happening.queued_samples)
                return []
            case PlaybackBegan(turn=turn, at_us=at_us):
                return [PlaybackStarted(at_us=at_us, turn=turn, device=self._device)]
            case PlaybackStarved():
                return [
                    Underran(
                        at_us=happening.at_us,
                        turn=happening.turn,
                        position_samples=happening.position_samples,
                        missing_samples=happening.missing_samples,
                    )
                ]
            case PlaybackDrained(turn=turn, played_samples=played):
                active.drained = True
                return [PlaybackFinished(at_us=now_us, turn=turn, played_samples=played)]
            case PlaybackCut():
                return self._cut(active, happening.heard_samples, now_us)

    # --- what follows -------------------------------------------------------------------------

    def _advance(self, now_us: int) -> list[Output]:
        outputs: list[Output] = []
        client = self._line.client
        active = self._turn
        if client is not None and client.timed_out(now_us):
            outputs += self._line.drop(now_us, "no answer")
            if active is not None and not active.stopping:
                outputs += self._no_speech(SPEECH_SILENT, now_us)
        if active is None or active.stopping:
            return outputs
        outputs += self._line.pump(now_us)
        if active.sound_is_whole and not active.finishing:
            active.finishing = True
            outputs.append(FinishAudio(active.turn))
        if active.done:
            outputs += self._complete(active, now_us)
        return outputs


def merged(history: list[Message]) -> tuple[Message, ...]:
    """The history as providers want it: it begins with the user's role, and roles alternate.

    What was said before the first question is left out, neighbours of one role are joined.
    """
    joined: list[Message] = []
    for message in history:
        if not joined and message.role != "user":
            continue
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].text}\n\n{message.text}")
        else:
            joined.append(message)
    return tuple(joined)


def _failed(stage: Stage, detail: str, active: SpokenTurn | None, now_us: int) -> Event:
    turn = active.turn if active is not None else None
    return Failed(at_us=now_us, stage=stage, detail=detail, turn=turn)
