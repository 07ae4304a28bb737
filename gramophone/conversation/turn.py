"""One turn of the assistant: its text, its speech, its sound, and how far each of them is.

A turn counts and answers questions; `turn_state.py` has its states. It decides nothing about other
turns (`conversation.py` does), and nothing about the connection to the speech service
(`tts_session.py` does).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from gramophone.alignment.word_timing import WordTiming
from gramophone.conversation.answer_text import AnswerText
from gramophone.conversation.messages import (
    Command,
    FinishAudio,
    LlmChunk,
    LlmEnded,
    PlayAudio,
    PlaybackBegan,
    PlaybackDrained,
    PlaybackStopReported,
    PlaybackUnderran,
    PlayoutPolled,
    StopAudio,
)
from gramophone.conversation.received_sound import ReceivedSound
from gramophone.conversation.speech_pacer import SpeechPacer
from gramophone.conversation.turn_state import (
    AT_REST,
    ENDING,
    TRANSITIONS,
    TextState,
    Trigger,
    TurnState,
    next_state,
)
from gramophone.core.give_back import GiveBack
from gramophone.core.timeline import (
    AnswerRetracted,
    DeltaReceived,
    Event,
    ModelQuiet,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    TurnCompleted,
    TurnInterrupted,
    Underran,
)

MOST_US_PER_CHAR = 1_000_000
"""Most sound that a character of text can have: speech takes 0.06 s for one, a digit that is read
as words some ten times that."""

LEAST_SOUND_US = 30_000_000
"""Sound that is taken in any case, however short the text."""

SoundReport: TypeAlias = PlayoutPolled | PlaybackBegan | PlaybackUnderran | PlaybackDrained
SpeakerReport: TypeAlias = SoundReport | PlaybackStopReported


@dataclass(slots=True)
class AssistantTurn:
    """One turn of the assistant. `pacer` is None where nothing is (or is still) spoken.

    `repeats` is the number of the turn whose text is spoken again; such a turn does not enter the
    history. `queued_us` is the sound that waits in the speaker, by the last poll and what was
    handed over since. `heard_chars` is how many characters of the text had been heard when the
    sound was stopped, None while it was not; `known_heard_chars` is the same as the service says
    it, None where it does not. `stopped_samples` is the position at which the speaker
    stopped, until the turn has taken it in. `speaks_again` says that a thought was spoken and
    stopped, so that the answer is to be spoken once it is whole. `timing` folds the same events as
    the screen does, so that both agree on which word is heard.
    """

    turn: int
    session_rate_hz: int
    bytes_per_sample: int = 2
    repeats: int | None = None
    state: TurnState = TurnState.UNSPOKEN
    pacer: SpeechPacer | None = None
    queued_us: int = 0
    sent_characters: int = 0
    heard_chars: int | None = None
    speaks_again: bool = False
    stopped_samples: int | None = None
    known_heard_chars: int | None = None
    written: AnswerText = field(init=False)
    timing: WordTiming = field(init=False)
    sound: ReceivedSound = field(init=False)
    _voice_lost: bool = False

    def __post_init__(self) -> None:
        self.written = AnswerText(self.turn)
        self.timing = WordTiming(self.session_rate_hz, self.bytes_per_sample)
        self.sound = ReceivedSound(self.turn, self.session_rate_hz, self.bytes_per_sample)

    def _move(self, trigger: Trigger) -> bool:
        """Follow the trigger if the table allows it; whether it does."""
        state = next_state(self.state, trigger)
        if state is None:
            return False
        self.state = state
        return True

    @property
    def ending(self) -> bool:
        """Whether it is interrupted or over: nothing that is still sent for it counts."""
        return self.state in ENDING

    # --- text ---------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Text written so far."""
        return self.written.text

    def write_all(self, text: str) -> None:
        """Take a text that is given, and whole."""
        self.written.add(text)
        self.written.end()
        if self.pacer is not None:
            self.pacer.feed(text)
            self.pacer.finish()

    def model_reported(self, report: LlmChunk | LlmEnded, now_us: int) -> list[Event | Command]:
        """Take in a piece of the answer, or its end."""
        if report.turn != self.turn or self.ending:
            return []
        ended = isinstance(report, LlmEnded)
        if ended:
            events = self.written.model_ended(report, now_us)
        else:
            events = self.written.model_wrote(report.chunk, now_us)
        commands: list[Command] = []
        for event in events:
            if isinstance(event, AnswerRetracted):
                commands += self._retract_speech()
            elif isinstance(event, DeltaReceived) and self.pacer is not None:
                self.pacer.feed(event.text)
        if ended and self.pacer is not None:
            self.pacer.finish()
        return [*events, *commands]

    def _retract_speech(self) -> list[Command]:
        """Speak none of the text so far, which was a thought; stop its sound if there is any."""
        self.heard_chars = None
        if self.pacer is None:
            return []
        if not self.pacer.begun:
            self.pacer = self.pacer.renewed()
            return []
        commands = self.stop_sound()
        self.speaks_again = bool(commands)
        self.pacer = None
        return commands

    def quiet_due_us(self) -> int | None:
        """Time at which to report that no text comes; None while none is expected."""
        return None if self.ending else self.written.quiet_due_us()

    def report_quiet(self, now_us: int) -> list[ModelQuiet]:
        """Report that no text comes, once in every `QUIET_US` without any."""
        return [] if self.ending else self.written.report_quiet(now_us)

    # --- speech -------------------------------------------------------------------------------

    def begin_speech(self, pacer: SpeechPacer) -> None:
        """Have the text spoken, as this pacer sends it."""
        self.pacer = pacer
        self.state = TurnState.SPEAKING

    @property
    def owed_speech(self) -> bool:
        """Whether text has still to be spoken, or its sound to come."""
        return self.pacer is not None and not self.pacer.complete

    def lose_voice(self) -> None:
        """Give up the speech that is still owed; what was received still plays."""
        if self.state is not TurnState.SPEAKING or self.pacer is None:
            return
        self._voice_lost = True
        self.pacer.abandon()
        if not self.sound.size_bytes:
            self.pacer = None
            self._move(Trigger.SPEECH_FAILED)

    # --- ends ---------------------------------------------------------------------------------

    def stop_sound(self) -> list[Command]:
        """Drop the sound that waits or would still come; the text goes on."""
        if not self._move(Trigger.STOP_SOUND):
            return []
        # From here on it is the user who leaves the rest unheard, not the service.
        self._voice_lost = False
        if self.pacer is not None:
            self.pacer.abandon()
        return [StopAudio(self.turn)]

    @property
    def stoppable(self) -> bool:
        """Whether its sound can be stopped alone: there is some, and text comes meanwhile."""
        sounds = Trigger.STOP_SOUND in TRANSITIONS[self.state]
        return sounds and self.written.flowing

    def interrupt(self) -> list[Command]:
        """Stop the sound for good; the engine stops the model."""
        asked_before = self.state is TurnState.STOPPING_SOUND
        if not self._move(Trigger.INTERRUPT) or asked_before:
            return []
        return [StopAudio(self.turn)]

    def advance(self) -> list[Command]:
        """Follow from what was counted: the sound is whole, or there is none."""
        if self.state is not TurnState.SPEAKING or self.owed_speech:
            return []
        if not self.sound.size_bytes:
            self._move(Trigger.SPEECH_FAILED)
            return []
        self._move(Trigger.SOUND_WHOLE)
        return [FinishAudio(self.turn)]

    def complete(self) -> bool:
        """End the turn if text and sound have come to their end; whether it is over by that."""
        whole = self.written.state is TextState.WHOLE and self.state in AT_REST
        return whole and self._move(Trigger.COMPLETE)

    def take_stop(self, heard_samples: int, now_us: int, *, audible: bool) -> Event:
        """Take in that the speaker stopped; an interrupted turn ends, the text of another goes
        on."""
        self.stopped_samples = None
        interrupted = self.state is TurnState.INTERRUPTING
        self._move(Trigger.STOP_REPORTED)
        if not interrupted:
            # Without a pacer the sound was of a thought, which is not part of the text.
            if self.pacer is not None:
                self._heard_text(heard_samples, audible=True)
            return _playback_stopped(self, heard_samples, now_us)
        self.written.finish_reason = "interrupted" if self.repeats is None else "repeated"
        heard_text = self._heard_text(heard_samples, audible=audible)
        return TurnInterrupted(
            at_us=now_us, turn=self.turn, heard_text=heard_text, heard_samples=heard_samples
        )

    @property
    def give_back(self) -> tuple[GiveBack, ...]:
        """Items that the provider wants back, of an answer that came to its own end."""
        return tuple(self.written.give_back) if self.written.ended_well else ()

    @property
    def owes_repetition(self) -> bool:
        """Whether the answer is still to be spoken, since its sound was stopped for a thought."""
        return self.speaks_again and self.written.ended_well and bool(self.text.strip())

    def completed(self, remembered: int | None, now_us: int) -> TurnCompleted:
        """Event of its end; `remembered` characters of it count for the history, None for all."""
        return TurnCompleted(
            at_us=now_us,
            turn=self.turn,
            role="assistant",
            text=self.text,
            finish_reason=self.written.finish_reason or "failed",
            remembered=remembered,
        )

    def _heard_text(self, heard_samples: int, *, audible: bool) -> str:
        """Text that was heard when the sound was stopped at this position.

        All of it where the voice was lost or nothing was audible, because then the user could only
        read. What the service says counts more than the estimate. The first position counts: a
        sound that was stopped is not heard further.
        """
        if self.heard_chars is None:
            heard_text = self.text
            if self.pacer is not None and audible and not self._voice_lost:
                known = self.known_heard_chars
                heard_text = (
                    self.timing.heard_words(self.turn, heard_samples)
                    if known is None
                    else self.text[:known].rstrip()
                )
            self.heard_chars = len(heard_text)
        return self.text[: self.heard_chars]

    # --- sound --------------------------------------------------------------------------------

    def receive(
        self, pcm: bytes, connection: int, sample_rate_hz: int, now_us: int, *, cleared: bool
    ) -> list[Event | Command]:
        """Take a frame of sound in; it is stale if it was `cleared`, or comes too late. Its rate,
        0 for the session's, must be one that `sound.fits`."""
        realign = self.sound.begin_frame(connection, sample_rate_hz)
        stale = cleared or self.state is not TurnState.SPEAKING
        samples_before = self.sound.samples
        received = self.sound.add(pcm, now_us, stale=stale)
        if stale or self.pacer is None:
            return [received]
        length_us = self.sound.length_us(self.sound.samples - samples_before)
        self.pacer.audio(now_us, length_us)
        self.queued_us += length_us
        return [received, PlayAudio(self.turn, pcm, realign, self.sound.own_rate_hz)]

    @property
    def endless(self) -> bool:
        """Whether more sound came than its text can have."""
        allowed_us = LEAST_SOUND_US + self.sent_characters * MOST_US_PER_CHAR
        return self.sound.length_us(self.sound.samples) > allowed_us

    def unheard_us(self, heard_samples: int) -> int:
        """Length of the sound that was received beyond this position."""
        return self.sound.length_us(max(0, self.sound.samples - heard_samples))

    # --- the speaker --------------------------------------------------------------------------

    def speaker_reported(
        self,
        report: SoundReport,
        device: str,
        now_us: int,
    ) -> list[Event]:
        """Take in how far the sound is."""
        match report:
            case PlayoutPolled():
                self.queued_us = self.sound.length_us(report.queued_samples)
                return []
            case PlaybackBegan(at_us=at_us):
                return [PlaybackStarted(at_us=at_us, turn=self.turn, device=device)]
            case PlaybackUnderran():
                return [
                    Underran(
                        at_us=report.at_us,
                        turn=self.turn,
                        position_samples=report.position_samples,
                        missing_samples=report.missing_samples,
                    )
                ]
            case PlaybackDrained(played_samples=played):
                self._move(Trigger.DRAINED)
                return [PlaybackFinished(at_us=now_us, turn=self.turn, played_samples=played)]


def _playback_stopped(turn: AssistantTurn, heard_samples: int, now_us: int) -> PlaybackStopped:
    return PlaybackStopped(
        at_us=now_us,
        turn=turn.turn,
        played_samples=heard_samples,
        heard_characters=turn.heard_chars,
    )
