"""The assistant's turn: its text, its speech, its sound, and how much of them is done; pure.

It keeps count and answers questions. What to do about the answers is for the conversation, and
what goes over the wire is for the speech line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.alignment.word_timing import WordTiming
from gramophone.conversation.messages import Command, PlayAudio
from gramophone.conversation.speech_pacer import SpeechPacer
from gramophone.core.surrogates import SurrogateJoiner
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    ModelChunkReceived,
    ModelQuiet,
    UsageReported,
)
from gramophone.ports.engine import ModelChunk

MOST_US_PER_CHAR = 1_000_000
"""Most sound that a character of text can have: speech takes 0.06 s for one, a digit that is read
as words some ten times that."""

LEAST_SOUND_US = 30_000_000
"""So much sound is taken, however short the text."""

QUIET_US = 15_000_000
"""So long a model may send no text before the user is told."""


@dataclass(slots=True)
class AssistantTurn:
    """One turn of the assistant. `utterance` is None where nothing is (or is still) spoken."""

    turn: int
    sample_rate_hz: int
    bytes_per_sample: int = 2
    utterance: SpeechPacer | None = None
    finish_reason: str = ""
    asking: bool = False
    """Whether the model still streams."""
    stopping: bool = False
    """Whether it was interrupted, or is over: sound that still comes is stale."""
    repeats: int | None = None
    """The turn whose text is spoken again; this one does not enter the history."""
    hushing: bool = False
    """Whether its sound was told to stop, and the speaker has not answered yet."""
    hushed: bool = False
    """Whether its sound was stopped and its text goes on: sound that still comes is stale."""
    finishing: bool = False
    """Whether the speaker was told that no more sound comes."""
    drained: bool = False
    """Whether the last sample was played."""
    quiet_since_us: int = 0
    """When the model was asked, or sent text last."""
    quiet_steps: int = 0
    """How often it was said since then that no text comes."""
    queued_us: int = 0
    """Sound that waits in the speaker, by the last glance and what was handed over since."""
    audio_bytes: int = 0
    sent_characters: int = 0
    """So much text was sent to be spoken."""
    heard: int | None = None
    """How many characters of the text had been heard when its sound was stopped; None where it
    was not."""
    timing: WordTiming = field(init=False)
    """Which of its text is heard when: the same fold of the same events as on the screen."""
    _pieces: list[str] = field(default_factory=list[str])
    _joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)
    _audio_connection: int = -1

    def __post_init__(self) -> None:
        self.timing = WordTiming(self.sample_rate_hz, self.bytes_per_sample)

    # --- text ---------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What has been written so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def read(self, chunk: ModelChunk, now_us: int) -> list[Event]:
        """The model's stream gave a chunk."""
        turn = self.turn
        events: list[Event] = []
        if chunk.raw:
            events.append(ModelChunkReceived(at_us=now_us, turn=turn, raw=chunk.raw))
        if text := self._joiner.feed(chunk.text):
            self.quiet_since_us, self.quiet_steps = now_us, 0
            self.write(text)
            events.append(DeltaReceived(at_us=now_us, turn=turn, text=text))
        if (usage := chunk.usage) is not None:
            events.append(
                UsageReported(
                    at_us=now_us,
                    turn=turn,
                    input_tokens=usage.input_tokens,
                    output_tokens=usage.output_tokens,
                )
            )
        if chunk.finish_reason is not None:
            self.finish_reason = chunk.finish_reason
        return events

    def end_reading(self, now_us: int) -> list[Event]:
        """The model's stream is over: half a character that waited for its other half is text."""
        rest = self._joiner.finish()
        if not rest:
            return []
        self.write(rest)
        return [DeltaReceived(at_us=now_us, turn=self.turn, text=rest)]

    def ask(self, now_us: int) -> None:
        """The model is asked."""
        self.asking = True
        self.quiet_since_us = now_us

    def quiet_due_us(self) -> int | None:
        """When it is to be said that no text comes; None while none is expected."""
        if not self.asking or self.stopping:
            return None
        return self.quiet_since_us + (self.quiet_steps + 1) * QUIET_US

    def tell_quiet(self, now_us: int) -> list[ModelQuiet]:
        """Say that no text comes, once in every `QUIET_US` without any."""
        due_us = self.quiet_due_us()
        if due_us is None or now_us < due_us:
            return []
        quiet_us = now_us - self.quiet_since_us
        self.quiet_steps = quiet_us // QUIET_US
        return [ModelQuiet(at_us=now_us, turn=self.turn, quiet_us=quiet_us)]

    def write(self, delta: str) -> None:
        """More of the text has come."""
        self._pieces.append(delta)
        if self.utterance is not None:
            self.utterance.feed(delta)

    def end_text(self) -> None:
        """The text is whole."""
        if self.utterance is not None:
            self.utterance.finish()

    # --- speech -------------------------------------------------------------------------------

    @property
    def owed_speech(self) -> bool:
        """Whether text has still to be spoken, or its sound to come."""
        return self.utterance is not None and not self.utterance.complete

    @property
    def sound_is_whole(self) -> bool:
        """Whether there is sound and no more of it will come."""
        owed = self.utterance is None or self.owed_speech
        return not owed and not self.hushed and self.audio_bytes > 0

    @property
    def done(self) -> bool:
        """Whether the text has come, and what was to be heard has been heard."""
        silent = not self.owed_speech and not self.sound_is_whole
        return not self.asking and not self.hushing and (silent or self.drained)

    @property
    def sounds(self) -> bool:
        """Whether it has, or will have, sound that has not been played."""
        return not self.hushed and not self.drained and (self.owed_speech or self.sound_is_whole)

    def hush(self) -> None:
        """The rest of it will not be spoken, and what waits to be heard is dropped."""
        self.hushed = self.hushing = True
        if self.utterance is not None:
            self.utterance.abandon()

    def lose_voice(self) -> None:
        """No more of it will be spoken; what was received still plays."""
        if self.utterance is not None:
            self.utterance.abandon()
            if not self.audio_bytes:
                self.utterance = None

    def cut(self, heard_samples: int, *, audible: bool) -> str:
        """The sound was stopped at this position; the text up to there. All of it where the voice
        was lost or nothing was audible, because then the user could only read.

        The first position counts: a sound that was stopped is not heard further.
        """
        if self.heard is None:
            heard = self.text
            lost = self.utterance is None or (self.utterance.abandoned and not self.hushed)
            if self.utterance is not None and audible and not lost:
                heard = self.timing.heard_words(self.turn, heard_samples)
            self.heard = len(heard)
        return self.text[: self.heard]

    # --- sound --------------------------------------------------------------------------------

    @property
    def samples(self) -> int:
        """Whole samples received."""
        return self.audio_bytes // self.bytes_per_sample

    def receive(
        self, pcm: bytes, connection: int, now_us: int, *, stale: bool
    ) -> list[Event | Command]:
        """A frame came over this connection; a new one begins at a whole sample."""
        realign = self._audio_connection != connection
        if realign:
            self.audio_bytes += -self.audio_bytes % self.bytes_per_sample
            self._audio_connection = connection
        received = AudioReceived(
            at_us=now_us,
            turn=self.turn,
            connection=connection,
            offset_bytes=self.audio_bytes,
            size_bytes=len(pcm),
            stale=stale,
            pcm=pcm,
        )
        before = self.samples
        self.audio_bytes += len(pcm)
        if stale or self.utterance is None:
            return [received]
        length_us = self._length_us(self.samples - before)
        self.utterance.audio(now_us, length_us)
        self.queued_us += length_us
        return [received, PlayAudio(self.turn, pcm, realign=realign)]

    @property
    def endless(self) -> bool:
        """Whether more sound came than its text can have."""
        allowed_us = LEAST_SOUND_US + self.sent_characters * MOST_US_PER_CHAR
        return self._length_us(self.samples) > allowed_us

    def glanced(self, queued_samples: int) -> None:
        """The speaker holds so much of it."""
        self.queued_us = self._length_us(queued_samples)

    def _length_us(self, samples: int) -> int:
        return samples * 1_000_000 // self.sample_rate_hz
