"""The voice of a recording: the same frames with the same timing.

Texts are matched by `source.matching`, so white space and the cutting into messages do not
matter. A connection begins at the beginning of the recording or, where the one before it was
broken off as recorded, behind that.
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
from gramophone.text.redacted_match import starts_with_redacted
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, bytes_per_sample
from gramophone.wire.lenient_json import as_text, read_object

TONE_FRAME_MS = 20


class RecordedVoice:
    """A voice that gives each text the frames it was recorded with.

    A text may span several segments; when it ends within one, it gets the whole sound of that, and
    the rest of the segment's text gets none. A text that was never recorded, or that comes again
    on its connection, is refused when `strict`; otherwise it is spoken in tones, or once more. In
    either case `expectation` reports it.
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
        self._is_websocket = False

    @classmethod
    def by_message(cls, speech: RecordedSpeech, *, strict: bool = False) -> Self:
        """A voice for which the cutting into messages counts, too."""
        texts = speech.messages or [segment.text for segment in speech.segments]
        messages = Expectation("speech", texts, by_message=True)
        return cls(speech, strict=strict, messages=messages)

    @property
    def expectation(self) -> Expectation:
        """The comparison of what was sent with the recording."""
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
        """Give the recorded frames of a text.

        Raises:
            VoiceRefused: the recording does not have this text, and is strict.
        """
        if not self._is_websocket and not self._listen(text):
            # Over HTTP there are no frames: the text of a request is one message.
            raise VoiceRefused
        matched = self._expectation.match(self._connection, self._up_to_break(text))
        if isinstance(matched, Difference) and self.strict:
            raise VoiceRefused
        if isinstance(matched, Difference) and matched.again is not None:
            # The repetition is reported; without strictness its sound is given once more.
            matched = matched.again
        if isinstance(matched, Difference):
            for pcm in ToneVoice().words(text, parameters):
                yield VoiceSound(pcm)
            return
        before_us = 0
        for segment in self._speech.segments[matched.first : matched.end]:
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

    def check_frame(self, frame: str) -> bool:
        """Take a text frame of the client; False if strictness forbids it."""
        self._is_websocket = True
        fields = read_object(frame)
        return fields.get("type") != "Speak" or self._listen(as_text(fields.get("text")))

    def _listen(self, text: str) -> bool:
        if self._messages is None or not text.strip():
            return True
        result = self._messages.match(self._connection, text)
        return not (self.strict and isinstance(result, Difference))

    def _up_to_break(self, text: str) -> str:
        """The text, or its beginning up to where the connection broke or a Clear came."""
        spaceless, source_text = without_spaces(text), ""
        index = self._expectation.awaits(self._connection)
        while index is not None and index < len(self._speech.segments):
            segment = self._speech.segments[index]
            source_text += without_spaces(segment.text)
            if not starts_with_redacted(source_text, spaceless):
                break
            if segment.ends is not None or (segment.cleared and self._patient):
                return source_text
            index += 1
        return text

    def given_elsewhere(self, texts: Iterable[str]) -> None:
        """Take texts of this connection whose sound was given by others."""
        for text in texts:
            self._expectation.match(self._connection, text)

    async def aclose(self) -> None:
        pass


def _frames(segment: RecordedSegment, parameters: SpeakParameters) -> Iterable[tuple[int, bytes]]:
    """The recorded frames of a segment or, without any, tones of its text, at one instant."""
    if segment.frames is not None:
        return segment.frames
    frame_bytes = parameters.sample_rate_hz * TONE_FRAME_MS // 1000
    cutter = FrameCutter(frame_bytes * bytes_per_sample(parameters.encoding))
    words = ToneVoice().words(segment.text, parameters)
    cut = [*chain.from_iterable(map(cutter.cut, words)), cutter.rest()]
    return [(segment.first_us, frame) for frame in cut if frame]
