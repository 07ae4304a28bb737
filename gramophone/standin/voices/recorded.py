"""The voice that gives back what was spoken: the same frames, with the same timing.

Text is matched on what is said, so that spaces and the cutting into messages do not matter. A
connection has a place in the recording: at its beginning, or, where the one before was broken
off as recorded, behind that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import Self

from gramophone.audio.pcm import FrameCutter
from gramophone.standin.source.matching import Difference, Expectation
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voice import OnProgress, SynthesisStream, VoiceRefused, VoiceSound
from gramophone.standin.voices.tone import ToneVoice
from gramophone.text.redacted_match import begins_but_hidden
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, bytes_per_sample
from gramophone.wire.lenient_json import as_text, read_object

TONE_FRAME_MS = 20


class RecordedVoice:
    """Gives each text the frames it was recorded with.

    A text may take in several segments; when it ends within one, it gets the whole of its sound,
    and the rest of that text gets none. One that was never recorded, or that comes again on its
    connection, is refused when `strict`; otherwise it is spoken in tones, or once more. Either way
    `expectation` knows of it.
    """

    def __init__(
        self,
        speech: RecordedSpeech,
        expectation: Expectation | None = None,
        *,
        strict: bool = False,
        patient: bool = False,
        messages: Expectation | None = None,
        ordinals: Iterator[int] | None = None,
    ) -> None:
        texts = [segment.text for segment in speech.segments]
        self.flux = speech.flux
        self.files = speech.files
        self._speech = speech
        self.strict = strict
        self._patient = patient
        self._ordinals = ordinals or count()
        self._connection = next(self._ordinals)
        self._expectation = expectation or Expectation("speech", texts)
        self._messages = messages
        self._hears_frames = False

    @classmethod
    def by_message(cls, speech: RecordedSpeech, *, strict: bool = False) -> Self:
        """The cutting into messages counts, too."""
        texts = speech.messages or [segment.text for segment in speech.segments]
        messages = Expectation("speech", texts, by_message=True)
        return cls(speech, strict=strict, messages=messages)

    @property
    def expectation(self) -> Expectation:
        """What was to be said, and how what was said differs from it."""
        return self._messages or self._expectation

    async def load(self, progress: OnProgress) -> None:
        pass

    def refusal(self, parameters: SpeakParameters) -> str:
        speech = self._speech
        form = (parameters.encoding, parameters.sample_rate_hz)
        if not speech.encoding or form == (speech.encoding, speech.sample_rate_hz):
            return ""
        return f"The recording is in {speech.encoding} at {speech.sample_rate_hz} Hz only."

    def for_connection(self) -> Self:
        return type(self)(
            self._speech,
            self._expectation,
            strict=self.strict,
            patient=self._patient,
            messages=self._messages,
            ordinals=self._ordinals,
        )

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        if not self._hears_frames and not self._listen(text):
            # Without a connection the text is a message by itself.
            raise VoiceRefused
        place = self._expectation.came(self._connection, self._up_to_break(text))
        if isinstance(place, Difference) and self.strict:
            raise VoiceRefused
        if isinstance(place, Difference) and place.again is not None:
            # It is reported; whoever is not strict gets the sound once more.
            place = place.again
        if isinstance(place, Difference):
            for pcm in ToneVoice().words(text, parameters):
                yield VoiceSound(pcm)
            return
        before_us = 0
        for segment in self._speech.segments[place.first : place.end]:
            due_us = 0
            for due_us, pcm in _frames(segment, parameters):
                yield VoiceSound(pcm, before_us + due_us)
            before_us += due_us
            if segment.ends is not None:
                for expectation in (self._expectation, self._messages):
                    if expectation is not None:
                        expectation.break_off(self._connection)
                yield segment.ends
                return
            if segment.cleared and self._patient:
                await asyncio.Event().wait()

    def hear(self, frame: str) -> bool:
        """The client sent a text frame; whether it may."""
        self._hears_frames = True
        fields = read_object(frame)
        return fields.get("type") != "Speak" or self._listen(as_text(fields.get("text")))

    def _listen(self, text: str) -> bool:
        if self._messages is None or not text.strip():
            return True
        came = self._messages.came(self._connection, text)
        return not (self.strict and isinstance(came, Difference))

    def _up_to_break(self, text: str) -> str:
        """The text, or as much of it as was spoken when the connection broke within it, or when a
        Clear came that is waited for."""
        said, spoken = without_spaces(text), ""
        index = self._expectation.awaits(self._connection)
        while index is not None and index < len(self._speech.segments):
            segment = self._speech.segments[index]
            spoken += without_spaces(segment.text)
            if not begins_but_hidden(spoken, said):
                break
            if segment.ends is not None or (segment.cleared and self._patient):
                return spoken
            index += 1
        return text

    def given_elsewhere(self, texts: Iterable[str]) -> None:
        """These were said on this connection, and somebody else gave their sound."""
        for text in texts:
            self._expectation.came(self._connection, text)

    async def aclose(self) -> None:
        pass


def _frames(segment: RecordedSegment, parameters: SpeakParameters) -> Iterable[tuple[int, bytes]]:
    """As recorded, or tones, which come as fast as the service's own sound."""
    if segment.frames is not None:
        return segment.frames
    frame_bytes = parameters.sample_rate_hz * TONE_FRAME_MS // 1000
    cutter = FrameCutter(frame_bytes * bytes_per_sample(parameters.encoding))
    words = ToneVoice().words(segment.text, parameters)
    cut = [*chain.from_iterable(map(cutter.cut, words)), cutter.rest()]
    return [(segment.first_us, frame) for frame in cut if frame]
