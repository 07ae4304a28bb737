"""State machine of a conversation: intents and reports in, events and commands out.

It decides about turns: what is asked, what is spoken, when a turn is over and what of it counts.
It holds no socket, no device and no clock; `now_us` comes with every call, and the whole
conversation can be played as a list of calls.

An assistant's turn is under way from its TurnStarted to its TurnCompleted, and there is one at
most. A request that comes meanwhile interrupts it and waits until the speaker has said how far it
came, because the next request to the model holds what was heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gramophone.conversation import opening
from gramophone.conversation.history import (
    History,
    RequestPlan,
    merged,
)
from gramophone.conversation.messages import (
    End,
    Input,
    LlmChunk,
    LlmEnded,
    PlaybackStopReported,
    SettingsWanted,
    SpeakerChanged,
    StartModel,
    StopAudio,
    StopModel,
    SwitchProviders,
    Tick,
    TtsAudio,
    TtsClosed,
    TtsConnected,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.mute import MuteState
from gramophone.conversation.opening import Resumption
from gramophone.conversation.settings import ConversationSettings
from gramophone.conversation.speech_pacer import SpeechPacer
from gramophone.conversation.tts_session import Output, TtsSession
from gramophone.conversation.turn import AssistantTurn, SpeakerReport
from gramophone.conversation.turn_state import TextState
from gramophone.core.intents import (
    EditAndResend,
    Interrupt,
    Mute,
    Regenerate,
    RepeatTurn,
    Request,
    Say,
    SayStream,
    SetAudioFocus,
    StopPlayback,
    Submit,
)
from gramophone.core.timeline import (
    Event,
    Failed,
    HistoryRewound,
    SessionEnded,
    TurnStarted,
)
from gramophone.ports.language_model import Message
from gramophone.ports.speech import SpeechProtocol


@dataclass(slots=True)
class Conversation:
    """State of one session: its turns, its history, its speech and its settings.

    `speech` is the protocol of the speech service. `inherited` are messages of an older session
    that count as its first turns; with a `resumption` it is a stored session that goes on.
    """

    settings: ConversationSettings
    speech: SpeechProtocol
    inherited: Sequence[Message] = ()
    resumption: Resumption | None = None
    _history: History = field(default_factory=History)
    _tts: TtsSession = field(init=False)
    _mute: MuteState = field(init=False)
    _turn: AssistantTurn | None = None
    _next_turn: int = field(init=False)
    _waiting: list[Request] = field(default_factory=list[Request])
    _next_settings: SettingsWanted | None = None
    _ending: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        resumed = self.resumption
        self._tts = TtsSession(self.speech, resumed.next_connection if resumed else 0)
        self._next_turn = resumed.next_turn if resumed else len(self.inherited)
        self._mute = MuteState(self.settings)

    @property
    def history(self) -> list[Message]:
        """Messages that count for the next request to the model."""
        return self._history.messages

    @property
    def audible(self) -> bool:
        """Whether its sound is played, and not only made."""
        return self._mute.audible

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
        """Start the session, or go on with it, and connect to the speech service."""
        settings, history = self.settings, self._history
        if self.resumption is None:
            events = opening.start(settings, history, self.inherited, now_us)
        else:
            events = opening.resume(settings, history, self.resumption, now_us)
        outputs: list[Output] = [*events, *self._mute.silence(now_us)]
        return [*outputs, *(self._tts.open() if settings.has_voice else [])]

    def handle(self, message: Input, now_us: int) -> list[Output]:
        """Take in one intent or report; the events to emit and the commands to execute, in order.

        What follows from the new state may lead to a state from which more follows (the last
        flush was answered, so the sound is whole, so the turn may be over, so the next request is
        made), therefore it goes on until nothing more follows.
        """
        if self._ended:
            return []
        outputs = self._react(message, now_us)
        self._observe(outputs)
        while not self._ended and (more := self._advance(now_us)):
            self._observe(more)
            outputs += more
        return outputs

    def _observe(self, outputs: Iterable[Output]) -> None:
        """Let the turn time its words by the very events that everybody gets."""
        if self._turn is None:
            return
        for output in outputs:
            if isinstance(output, Event):
                self._turn.timing.emit(output)

    def next_wake_us(self, now_us: int) -> int | None:
        """Time at which a Tick is due, if nothing happens before."""
        quiet_us = self._turn.quiet_due_us() if self._turn is not None else None
        wakes_us = [self._tts.next_wake_us(now_us), quiet_us]
        return min((wake_us for wake_us in wakes_us if wake_us is not None), default=None)

    def _react(self, message: Input, now_us: int) -> list[Output]:
        match message:
            case Submit() | Say() | SayStream() | Regenerate() | EditAndResend() | RepeatTurn():
                return self._requested(message, now_us)
            case StopPlayback():
                return self._stop_playback(now_us)
            case Interrupt():
                return self._interrupt(now_us)
            case Mute() | SetAudioFocus():
                return [*self._mute.change(message, now_us)]
            case SettingsWanted():
                return self._settings_wanted(message, now_us)
            case End():
                return self._end(now_us)
            case LlmChunk() | LlmEnded():
                return self._model_reported(message, now_us)
            case TtsConnected() | TtsRefused() | TtsClosed() | TtsText() | TtsAudio():
                return self._tts.reported(message, now_us)
            case SpeakerChanged():
                return [*self._mute.speaker_changed(message, now_us)]
            case Tick():
                return []
            case _:
                return self._speaker_reported(message, now_us)

    # --- turns --------------------------------------------------------------------------------

    def _requested(self, request: Request, now_us: int) -> list[Output]:
        if self._ending:
            return []
        plan = self._history.plan(request)
        if isinstance(plan, str):
            return [Failed(at_us=now_us, stage="session", detail=plan)]
        if self._turn is not None:
            self._waiting.append(request)
            return self._interrupt(now_us)
        outputs: list[Output] = []
        if plan.rewind_to is not None and self._history.counts_from(plan.rewind_to):
            self._history.rewind(plan.rewind_to)
            outputs.append(HistoryRewound(at_us=now_us, to_turn=plan.rewind_to))
        if plan.speech:
            return outputs + self._say(plan, now_us)
        if plan.question:
            outputs += self._history.ask(self._number(), plan.question, now_us, plan.pictures)
        if isinstance(request, SayStream):
            return outputs + self._ask((), now_us, text=request.text)  # It answers nothing.
        return outputs + self._ask(merged(self.history), now_us)

    def _ask(self, messages: tuple[Message, ...], now_us: int, *, text: int = 0) -> list[Output]:
        turn, started = self._start("", now_us)
        turn.written.begin(now_us)
        request: list[Output] = []
        if messages:
            turn.written.request = self.settings.request_sent(turn.turn, len(messages), now_us)
            request.append(turn.written.request)
        return [*started, *request, StartModel(turn.turn, messages, text)]

    def _say(self, plan: RequestPlan, now_us: int) -> list[Output]:
        turn, started = self._start(plan.speech, now_us, plan.repeats)
        turn.written.finish_reason = "said" if plan.repeats is None else "repeated"
        turn.write_all(plan.speech)
        return started

    def _start(
        self, text: str, now_us: int, repeats: int | None = None
    ) -> tuple[AssistantTurn, list[Output]]:
        settings = self.settings
        turn = AssistantTurn(
            self._number(), settings.sample_rate_hz, settings.bytes_per_sample, repeats
        )
        self._turn = turn
        outputs: list[Output] = [
            TurnStarted(at_us=now_us, turn=turn.turn, role="assistant", text=text, repeats=repeats)
        ]
        if settings.has_voice:
            turn.begin_speech(
                SpeechPacer(
                    turn.turn,
                    lang=settings.lang,
                    hint=settings.voice_language,
                    awaited=settings.audible,
                    streams_text=self._tts.capabilities.streams_text,
                )
            )
            outputs += self._tts.begin_turn(turn, now_us)
        return turn, outputs

    def _number(self) -> int:
        self._next_turn += 1
        return self._next_turn - 1

    def _stop_playback(self, now_us: int) -> list[Output]:
        """Stop the sound and let the text go on; where that makes no difference, stop both.

        It makes none where no sound is heard, where nothing but sound is left, and where no text
        comes: then whoever presses the key wants the turn to end.
        """
        turn = self._turn
        if turn is None or not turn.stoppable or not self.audible:
            return self._interrupt(now_us)
        return [*turn.stop_sound(), *self._tts.clear(now_us)]

    def _interrupt(self, now_us: int) -> list[Output]:
        turn = self._turn
        if turn is None or turn.ending:
            return []
        outputs: list[Output] = [*turn.interrupt()]
        if turn.pacer is not None:
            outputs += self._tts.clear(now_us)
        if turn.written.state is TextState.GENERATING:
            outputs.append(StopModel(turn.turn))
        return outputs

    def _model_reported(self, report: LlmChunk | LlmEnded, now_us: int) -> list[Output]:
        if self._turn is None:
            return []
        outputs: list[Output] = [*self._turn.model_reported(report, now_us)]
        return outputs + (self._tts.clear(now_us) if StopAudio(report.turn) in outputs else [])

    def _speaker_reported(self, report: SpeakerReport, now_us: int) -> list[Output]:
        turn = self._turn
        if turn is None or report.turn != turn.turn:
            return []
        if not isinstance(report, PlaybackStopReported):
            return [*turn.speaker_reported(report, self._mute.device, now_us)]
        turn.stopped_samples = report.heard_samples
        return self._tts.sound_stopped(turn, report.heard_samples, now_us)

    def _sound_stopped(self, turn: AssistantTurn, samples: int, now_us: int) -> list[Output]:
        """Go on when it is known where the sound stopped, and what was heard."""
        stopped = turn.take_stop(samples, now_us, audible=self.audible)
        return [stopped, *(self._complete(turn, now_us) if turn.ending else [])]

    def _complete(self, turn: AssistantTurn, now_us: int) -> list[Output]:
        """Close the books of a turn that is over, then do what waited for that."""
        self._turn = None
        remembered = self.settings.remembered(turn.text, turn.heard_chars)
        if turn.repeats is None:
            give_back = turn.give_back if remembered is None else ()
            self._history.add(turn.turn, "assistant", turn.text, remembered, give_back)
        outputs: list[Output] = [turn.completed(remembered, now_us)]
        if turn.written.pictures_refused:
            outputs += self._history.refuse_pictures(now_us)
        if self._ending:
            return outputs + self._end_session(now_us)
        if self._next_settings is not None:
            settings, self._next_settings = self._next_settings, None
            outputs += self._use(settings, now_us)
        # The second of two questions interrupts the answer to the first; neither is lost.
        waiting, self._waiting = self._waiting, []
        if not waiting and turn.owes_repetition:
            waiting.append(RepeatTurn(turn.turn))
        for request in waiting:
            outputs += self._requested(request, now_us)
        return outputs

    def _end(self, now_us: int) -> list[Output]:
        """End the session; a turn under way is interrupted first, so that what was heard of it is
        known."""
        self._ending = True
        if self._turn is not None:
            return self._interrupt(now_us)
        return self._end_session(now_us)

    def _end_session(self, now_us: int) -> list[Output]:
        self._ended = True
        return [*self._tts.hang_up(now_us), SessionEnded(at_us=now_us)]

    # --- settings -----------------------------------------------------------------------------

    def _settings_wanted(self, settings: SettingsWanted, now_us: int) -> list[Output]:
        if self._turn is not None:
            self._next_settings = settings
            return []
        return self._use(settings, now_us)

    def _use(self, settings: SettingsWanted, now_us: int) -> list[Output]:
        """Use them from now on. Voice and speed are parameters of the connection, which is opened
        again for them, unless the service can change its speed."""
        before = self.settings
        self.settings = before.changed(settings)
        changed: list[Output] = [self.settings.as_event(now_us)]
        switch = SwitchProviders(settings.ticket)
        same = (before.voice, before.speed) == (settings.voice, settings.speed)
        if (same and not settings.reopen) or not before.has_voice:
            return [*changed, switch]
        if before.voice == settings.voice and not settings.reopen and self._tts.can_change_speed:
            return [*changed, *self._tts.set_speed(settings.speed, now_us), switch]
        closed = self._tts.hang_up(now_us)
        if settings.speech is not None:
            self._tts.use(settings.speech)
        return [*changed, *closed, switch, *self._tts.open()]

    # --- what follows -------------------------------------------------------------------------

    def _advance(self, now_us: int) -> list[Output]:
        """Take the next steps that the present state asks for; empty when there are none."""
        outputs = self._tts.check_timeout(now_us)
        turn = self._turn
        if turn is not None and turn.stopped_samples is not None:
            if not self._tts.awaits_heard(now_us):
                return outputs + self._sound_stopped(turn, turn.stopped_samples, now_us)
        elif turn is not None:
            outputs += turn.report_quiet(now_us)
        outputs += self._tts.pump(now_us)
        if turn is None or turn.ending:
            return outputs
        outputs += turn.advance()
        if turn.complete():
            outputs += self._complete(turn, now_us)
        return outputs
