"""Conversations at random: steps by name, each a message only where a real edge could send it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from gramophone.alignment.word_timing import WordTiming
from gramophone.conversation.messages import (
    CloseTts,
    ConnectTts,
    FinishAudio,
    Input,
    LlmChunk,
    PlayAudio,
    PlaybackDrained,
    PlaybackStopReported,
    PlayoutPolled,
    SendTts,
    SettingsWanted,
    StartModel,
    StopAudio,
    StopModel,
    SwitchProviders,
    Tick,
    TtsAudio,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.tts_session import Output
from gramophone.core.intents import (
    EditAndResend,
    Interrupt,
    Mute,
    Regenerate,
    RepeatTurn,
    Say,
    SetAudioFocus,
    StopPlayback,
    Submit,
)
from gramophone.core.timeline import (
    AnswerRetracted,
    DeltaReceived,
    Event,
    PlaybackStopped,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.ports.language_model import ModelChunk
from gramophone.wire.deepgram.speak_v1.client import ClientLimits
from gramophone.wire.deepgram.speak_v2.client import SpeakV2
from gramophone.wire.deepgram.speak_v2.messages import SpeechInterrupted, SpeechMetadata, render
from gramophone.wire.deepgram.speak_v2.notices import NO_ACTIVE_SPEECH
from tests.support.playbook import (
    RATE_HZ,
    a_conversation,
    cleared,
    delta,
    ended,
    finish,
    flushed,
    hung_up,
    opened,
    too_many_flushes,
)

STEPS = """
    ask say interrupt hush hush regenerate regenerate-first resend speak-again mute unmute
    elsewhere here settings think retract delta delta delta finish fail open open refuse hang-up
    sound sound odd-sound flushed flushed cleared too-many rubbish cut drained glance wait wait-long
""".split()

REQUESTS: dict[str, Input] = {
    "hush": StopPlayback(),
    "regenerate": Regenerate(),
    "regenerate-first": Regenerate(1),
    "resend": EditAndResend(0, "Why not?"),
    "speak-again": RepeatTurn(1),
    "mute": Mute(True),
    "unmute": Mute(False),
    "elsewhere": SetAudioFocus(False),
    "here": SetAudioFocus(True),
}


_METADATA = SpeechMetadata("dg_sp_0", 100, 20, 20)
OVER = render(_METADATA)
HEARD = "Well, so"
INTERRUPTED = render(SpeechInterrupted(50, _METADATA, HEARD))
LATE = render(NO_ACTIVE_SPEECH)


class Edges:
    """A conversation, and what a real engine knows of it: which connections, models and sounds
    there are to report of. Contradictions in what comes out are failed assertions."""

    def __init__(self, *, flux: bool = False) -> None:
        """With `flux` the service speaks Speak v2, where what would be answers of v1 in its place
        are those of v2."""
        self._flux = flux
        protocol = SpeakV2(2 * RATE_HZ) if flux else None
        self.conversation = a_conversation(ClientLimits(window_flushes=5), speech=protocol)
        self.now_us = 0
        self.connecting: int | None = None
        self.open: int | None = None
        self.asking: int | None = None
        self.finishing: int | None = None
        self.stopping: int | None = None
        self.turn: int | None = None
        self.tickets = 0
        self.silenced: set[int] = set()
        self.outputs: list[Output] = []
        self.screen = WordTiming()
        self.heard: dict[int, set[str]] = {}
        self.retracted: set[int] = set()

    def take(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            self._hold(output)
            if isinstance(output, Event):
                self._watch(output)
                self.screen.emit(output)
            self.outputs.append(output)

    def _watch(self, event: Event) -> None:
        """What counts as heard is what the screen shows as heard; all of it where there was no
        sound to hear."""
        match event:
            case AnswerRetracted(turn=turn):
                self.heard.pop(turn, None)
                self.retracted.add(turn)
            # Of a thought nothing counts as heard: the answer comes behind it.
            case PlaybackStopped(turn=turn, heard_characters=None):
                assert turn in self.retracted
            case PlaybackStopped(turn=turn, played_samples=samples):
                self.heard.setdefault(turn, {self.screen.heard_words(turn, samples)})
            case TurnInterrupted(turn=turn, heard_samples=samples, heard_text=heard_text):
                underlined = self.heard.setdefault(turn, {self.screen.heard_words(turn, samples)})
                if self._flux:
                    underlined.add(HEARD)
                assert heard_text in underlined or heard_text == self.text_of(turn)
            case _:
                pass

    def text_of(self, turn: int) -> str:
        """Text of the turn that came so far, without what was taken back."""
        text = ""
        for event in self.all_of(DeltaReceived, TurnStarted, AnswerRetracted):
            match event:
                case AnswerRetracted() if event.turn == turn:
                    text = ""
                case DeltaReceived() | TurnStarted() if event.turn == turn:
                    text += event.text
                case _:
                    pass
        return text

    def _hold(self, output: Output) -> None:
        match output:
            case ConnectTts(connection):
                assert self.open is None, "a second connection beside the first"
                assert self.connecting is None
                self.connecting = connection
            case SendTts(connection):
                assert connection == self.open, "sent to a connection that does not stand"
            case CloseTts(connection):
                assert connection in (self.open, self.connecting)
                self.open = self.connecting = None
            case StartModel(turn):
                assert self.asking is None, "two answers at once"
                self.asking = turn
            case StopModel(turn):
                assert turn == self.asking
                self.asking = None
            case TurnStarted(role="assistant", turn=turn):
                assert self.turn is None, "two turns at once"
                self.turn = turn
            case TurnCompleted(role="assistant", turn=turn):
                assert self.turn == turn
                self.turn = self.finishing = None
                self.silenced.add(turn)
            case PlayAudio(turn):
                assert turn == self.turn
                assert turn not in self.silenced, "sound after its end"
            case FinishAudio(turn):
                assert turn == self.turn
                self.finishing = turn
                self.silenced.add(turn)
            case StopAudio(turn):
                assert turn == self.turn
                self.stopping = turn
                self.silenced.add(turn)
            case SwitchProviders():
                assert self.turn is None, "another model in mid-answer"
            case _:
                pass

    def message(self, step: str) -> Input | None:
        """Message of the step, if a real edge could send it now."""
        match step:
            case "ask":
                return Submit("Why?")
            case "say":
                return Say("One two three. Four five six.")
            case "interrupt":
                return Interrupt()
            case "settings":
                self.tickets += 1
                speed = 1 + self.tickets % 2 / 4
                return SettingsWanted(self.tickets, "openai", "gpt", "luna", "", speed)
            case _ if step in REQUESTS:
                return REQUESTS[step]
            case "glance" if self.turn is not None:
                return PlayoutPolled(self.turn, 0)
            case "wait" | "wait-long":
                self.now_us += 500_000 if step == "wait" else 12_000_000
                return Tick()
            case "cut" if self.stopping is not None:
                turn, self.stopping = self.stopping, None
                return PlaybackStopReported(turn, 400)
            case "drained" if self.finishing is not None:
                turn, self.finishing = self.finishing, None
                return PlaybackDrained(turn, 400)
            case _:
                return self._from_model(step) or self._from_service(step)

    def _from_model(self, step: str) -> Input | None:
        turn = self.asking
        if turn is None:
            return None
        match step:
            case "delta":
                return delta(turn, "Well, so it is. And ")
            case "think":
                return LlmChunk(turn, ModelChunk(raw="{}", thought="Hm, is it so? "))
            case "retract":
                return LlmChunk(turn, ModelChunk(raw="{}", text="So. ", retracts=True))
            case "finish" | "fail":
                if step == "finish":
                    self.tell(finish(turn))
                self.asking = None
                return ended(turn)
            case _:
                return None

    def _from_service(self, step: str) -> Input | None:
        if self.connecting is not None and step in ("open", "refuse"):
            connection, self.connecting = self.connecting, None
            if step == "refuse":
                return TtsRefused(connection, "No.")
            self.open = connection
            return opened(connection)
        connection = self.open
        if connection is None:
            return None
        match step:
            case "hang-up":
                self.open = None
                return hung_up(connection)
            case "sound":
                return TtsAudio(connection, bytes(1600))
            case "odd-sound":
                return TtsAudio(connection, bytes(161))
            case "flushed":
                return TtsText(connection, OVER) if self._flux else flushed(connection)
            case "cleared":
                return TtsText(connection, INTERRUPTED) if self._flux else cleared(connection)
            case "too-many":
                return TtsText(connection, LATE) if self._flux else too_many_flushes(connection)
            case "rubbish":
                return TtsText(connection, "{")
            case _:
                return None

    def message_is_possible(self, name: str) -> bool:
        """Whether the step could happen now."""
        return copy(self).message(name) is not None

    def step(self, name: str) -> None:
        """Let the step happen, if it can."""
        if (message := self.message(name)) is not None:
            self.tell(message)

    def tell(self, message: Input) -> None:
        self.take(self.conversation.handle(message, self.now_us))

    def all_of(self, *kinds: type) -> list[Event]:
        return [
            output for output in self.outputs if isinstance(output, Event) and type(output) in kinds
        ]
