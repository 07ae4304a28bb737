"""The conversation: intents and happenings in, events and orders out; pure.

It decides about turns: what is asked, what is spoken, when a turn is over and what of it counts.
It holds no socket, no device and no clock; `now_us` comes with every call, and the whole talk
can be played as a list of calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gramophone.conversation import handlers
from gramophone.conversation.history import History, merged
from gramophone.conversation.messages import (
    End,
    FinishAudio,
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
from gramophone.conversation.requests import Plan, plan_of
from gramophone.conversation.settings import ConversationSettings
from gramophone.conversation.speech_pacer import SpeechPacer
from gramophone.conversation.tts_session import Output, TtsSession
from gramophone.conversation.turn import AssistantTurn
from gramophone.core.intents import (
    EditAndResend,
    Interrupt,
    Mute,
    Regenerate,
    RepeatTurn,
    Request,
    Say,
    SetAudioFocus,
    StopPlayback,
    Submit,
)
from gramophone.core.timeline import (
    Event,
    Failed,
    HistoryRewound,
    RequestSent,
    SessionEnded,
    SessionStarted,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.ports.engine import Message
from gramophone.wire.deepgram.speak_v1.client import ClientLimits


@dataclass(slots=True)
class Conversation:
    """One session's talk."""

    settings: ConversationSettings
    limits: ClientLimits = field(default_factory=ClientLimits)
    inherited: Sequence[Message] = ()
    _history: History = field(default_factory=History)
    _line: TtsSession = field(init=False)
    _sound: MuteState = field(init=False)
    _turn: AssistantTurn | None = None
    _next_turn: int = 0
    _waiting: list[Request] = field(default_factory=list[Request])
    _wanted: SettingsWanted | None = None
    _ending: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._line = TtsSession(self.limits)
        self._sound = MuteState(self.settings)

    @property
    def history(self) -> list[Message]:
        """What counts of what was said."""
        return self._history.messages

    @property
    def audible(self) -> bool:
        """Whether its sound is played, and not only made."""
        return self._sound.audible

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
        """Start the session; the line to the speech service is opened ahead of the first turn.

        What is inherited counts as said, as the first turns."""
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
        told: list[Output] = [started]
        for message in self.inherited:
            turn = self._number()
            remembered = settings.remembered(message.text, message.heard)
            self._history.add(turn, message.role, message.text, remembered)
            told.append(
                TurnInherited(
                    at_us=now_us,
                    turn=turn,
                    role=message.role,
                    text=message.text,
                    remembered=remembered,
                )
            )
        told += self._sound.silence(now_us)
        return [*told, *(self._line.open() if settings.spoken else [])]

    def handle(self, happening: Input, now_us: int) -> list[Output]:
        """Take one happening in; the events to emit and the orders to carry out, in order."""
        if self._ended:
            return []
        outputs = self._react(happening, now_us)
        self._time(outputs)
        while not self._ended and (more := self._advance(now_us)):
            self._time(more)
            outputs += more
        return outputs

    def _time(self, outputs: Iterable[Output]) -> None:
        """Have the turn under way know what is heard when, from the events that everybody gets."""
        if self._turn is None:
            return
        for output in outputs:
            if isinstance(output, Event):
                self._turn.timing.emit(output)

    def next_wake_us(self, now_us: int) -> int | None:
        """When a Tick is due, if nothing happens before."""
        client = self._line.client
        wakes_us = [
            client.next_wake_us(now_us) if client is not None else None,
            self._turn.quiet_due_us() if self._turn is not None else None,
        ]
        return min((each for each in wakes_us if each is not None), default=None)

    def _react(self, happening: Input, now_us: int) -> list[Output]:
        match happening:
            case Submit() | Say() | Regenerate() | EditAndResend() | RepeatTurn():
                return self._requested(happening, now_us)
            case StopPlayback():
                return self._hush(now_us)
            case Interrupt():
                return self._interrupt(now_us)
            case Mute() | SetAudioFocus():
                return [*self._sound.change(happening, now_us)]
            case SettingsWanted():
                return self._settings_wanted(happening, now_us)
            case End():
                return self._end(now_us)
            case LlmChunk() | LlmEnded():
                return handlers.model(happening, self._turn, now_us)
            case TtsConnected() | TtsRefused() | TtsClosed():
                return handlers.connection(happening, self._line, self._turn, now_us)
            case TtsText() | TtsAudio():
                return handlers.speech(happening, self._line, self._turn, now_us)
            case SpeakerChanged():
                return [*self._sound.speaker_changed(happening, now_us)]
            case Tick():
                return []
            case PlaybackStopReported():
                return self._cut(happening, now_us)
            case _:
                return handlers.playback(happening, self._turn, self._sound.device, now_us)

    # --- turns --------------------------------------------------------------------------------

    def _requested(self, request: Request, now_us: int) -> list[Output]:
        if self._ending:
            return []
        plan = plan_of(request, self._history)
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
            outputs += self._question(plan.question, now_us)
        return outputs + self._ask(now_us)

    def _question(self, text: str, now_us: int) -> list[Output]:
        asked = self._number()
        self._history.add(asked, "user", text)
        return [
            TurnStarted(at_us=now_us, turn=asked, role="user", text=text),
            TurnCompleted(at_us=now_us, turn=asked, role="user", text=text, finish_reason="sent"),
        ]

    def _ask(self, now_us: int) -> list[Output]:
        settings = self.settings
        messages = merged(self.history)
        turn, started = self._start("", now_us)
        turn.ask(now_us)
        return [
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

    def _say(self, plan: Plan, now_us: int) -> list[Output]:
        turn, started = self._start(plan.speech, now_us, plan.repeats)
        turn.finish_reason = "said" if plan.repeats is None else "repeated"
        turn.write(plan.speech)
        turn.end_text()
        return started

    def _start(
        self, text: str, now_us: int, repeats: int | None = None
    ) -> tuple[AssistantTurn, list[Output]]:
        settings = self.settings
        turn = AssistantTurn(self._number(), settings.sample_rate_hz, settings.bytes_per_sample)
        turn.repeats = repeats
        self._turn = turn
        outputs: list[Output] = [
            TurnStarted(at_us=now_us, turn=turn.turn, role="assistant", text=text, repeats=repeats)
        ]
        if settings.spoken:
            turn.utterance = SpeechPacer(
                turn.turn,
                lang=settings.lang,
                hint=settings.voice_language,
                awaited=settings.heard,
            )
            outputs += self._line.begin_turn(turn, now_us)
        return turn, outputs

    def _number(self) -> int:
        self._next_turn += 1
        return self._next_turn - 1

    def _hush(self, now_us: int) -> list[Output]:
        """The sound goes first. Where none is heard, or nothing but sound is left, or no text
        comes, all stops."""
        active = self._turn
        if active is None or active.stopping:
            return []
        streams = active.asking and active.text and not active.quiet_steps
        if not (streams and active.sounds and self.audible):
            return self._interrupt(now_us)
        active.hush()
        return [StopAudio(active.turn), *self._line.clear(now_us)]

    def _interrupt(self, now_us: int) -> list[Output]:
        active = self._turn
        if active is None or active.stopping:
            return []
        active.stopping = True
        # A speaker that was told to stop will answer anyway.
        outputs: list[Output] = [] if active.hushing else [StopAudio(active.turn)]
        if active.utterance is not None:
            outputs += self._line.clear(now_us)
        if active.asking:
            outputs.append(StopModel(active.turn))
        return outputs

    def _cut(self, cut: PlaybackStopReported, now_us: int) -> list[Output]:
        """The sound is over before its end: with it the turn, if that was to be stopped."""
        active, heard_samples = self._turn, cut.heard_samples
        if active is None or cut.turn != active.turn or not active.stopping:
            return handlers.playback(cut, active, self._sound.device, now_us)
        heard = active.cut(heard_samples, audible=self.audible)
        active.finish_reason = "interrupted" if active.repeats is None else "repeated"
        interrupted = TurnInterrupted(
            at_us=now_us, turn=active.turn, heard_text=heard, heard_samples=heard_samples
        )
        return [interrupted, *self._complete(active, now_us)]

    def _complete(self, active: AssistantTurn, now_us: int) -> list[Output]:
        self._turn = None
        active.stopping = True
        remembered = self.settings.remembered(active.text, active.heard)
        if active.repeats is None:
            self._history.add(active.turn, "assistant", active.text, remembered)
        outputs: list[Output] = [
            TurnCompleted(
                at_us=now_us,
                turn=active.turn,
                role="assistant",
                text=active.text,
                finish_reason=active.finish_reason or "failed",
                remembered=remembered,
            )
        ]
        if self._ending:
            return outputs + self._end_session(now_us)
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            outputs += self._use(wanted, now_us)
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

    # --- settings -----------------------------------------------------------------------------

    def _settings_wanted(self, wanted: SettingsWanted, now_us: int) -> list[Output]:
        if self._turn is not None:
            self._wanted = wanted
            return []
        return self._use(wanted, now_us)

    def _use(self, wanted: SettingsWanted, now_us: int) -> list[Output]:
        """Another voice, or its speed, is asked for at connecting: the line is opened anew."""
        before = self.settings
        self.settings = before.changed(wanted)
        changed: list[Output] = [self.settings.told(now_us)]
        if (before.voice, before.speed) == (wanted.voice, wanted.speed) or not before.spoken:
            return [*changed, SwitchProviders(wanted.ticket)]
        hung_up = self._line.hang_up(now_us)
        return [*changed, *hung_up, SwitchProviders(wanted.ticket), *self._line.open()]

    # --- what follows -------------------------------------------------------------------------

    def _advance(self, now_us: int) -> list[Output]:
        active = self._turn
        outputs = handlers.silence(self._line, active, now_us)
        if active is None or active.stopping:
            return outputs
        outputs += active.tell_quiet(now_us)
        outputs += self._line.pump(now_us)
        if active.sound_is_whole and not active.finishing:
            active.finishing = True
            outputs.append(FinishAudio(active.turn))
        if active.done:
            outputs += self._complete(active, now_us)
        return outputs
