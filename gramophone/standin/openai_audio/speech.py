"""`POST /v1/audio/speech`: a text in, sound or events with sound out."""

from __future__ import annotations

import logging
from contextlib import aclosing
from functools import partial

from gramophone.core.clock import Clock
from gramophone.standin.delivery.fault_injector import FaultInjector, InjectedFrames
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.delivery.speech_body import (
    SpeechBody,
    SpokenText,
    TimedPieces,
    deliver,
)
from gramophone.standin.openai_audio.requests import Numbered, OpenAIRequests
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request
from gramophone.standin.source.speech_files import RecordedFile, RecordedFiles, openai_form
from gramophone.standin.voice import Voice
from gramophone.standin.voices.file_encoding import CAN_BE_MADE
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.llm.refusals.openai_rules import invalid, shown
from gramophone.wire.openai_audio.speech import (
    SAMPLE_RATE_HZ,
    SpeechRequest,
    done_event,
    parse_speech,
    sound_event,
)
from gramophone.wire.sse import event_bytes, raw_event

_log = logging.getLogger(__name__)

_IDS = 2
_SAMPLES = ("pcm", "wav")
# A file says in itself at which rate it is; a recording can be in one at its own.
_OTHER_RATES_HZ = (48_000, 16_000, 8_000, 32_000, 44_100)
_INJECTED = InjectedFrames(
    rubbish=raw_event('{"type":"speech.audio.delta","audio":"').decode(),
    unknown_type=event_bytes({"type": "applause", "volume": 11}).decode(),
)


class SpeechEndpoint:
    """Handler of texts to be spoken."""

    def __init__(self, voice: Voice, options: StandinOptions, clock: Clock) -> None:
        # All requests count as one connection: a recording answers them in its order.
        self._voice = voice.for_connection()
        self._files = (
            RecordedFiles(voice.files, strict=voice.strict)
            if isinstance(voice, RecordedVoice)
            else RecordedFiles()
        )
        self._options = options
        self._clock = clock
        self._requests = OpenAIRequests(options, clock, _IDS)

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request."""
        numbered = self._requests.number(request)
        try:
            self._requests.admit(numbered)
            speech = parse_speech(request.body, strict=not self._options.tolerant)
            if not speech.in_events:
                self._requests.check_load(numbered)
            text = self._text(speech)
        except RequestRefused as refused:
            await self._requests.refuse(numbered, refused.refusal, reply)
            return
        _log.info("%s: %d characters", numbered.name, len(speech.text))
        injected = _INJECTED if speech.in_events else InjectedFrames()
        injector = FaultInjector(self._options.faults, numbered.ordinal, injected)
        response = FaultyResponse(reply, injector, self._clock)
        body = self._requests.with_faults(numbered, response) if speech.in_events else response
        async with response.watching_time():
            await self._speak(numbered, speech, text, body)

    def _text(self, speech: SpeechRequest) -> SpokenText:
        """The text and the form of its sound.

        Raises:
            RequestRefused: the source has this form no more, or no encoder makes it.
        """
        form = openai_form(speech)
        if file := self._files.find(speech.text, form):
            return _text(speech, _voice_parameters(speech, SAMPLE_RATE_HZ), file)
        if self._files.has_given(speech.text, form) and isinstance(self._voice, RecordedVoice):
            # No voice can make this form, so none would report that the text came too often.
            self._voice.given_elsewhere([speech.text])
            raise RequestRefused(self._requests.not_recorded(_unsaid(speech.text)))
        if speech.encoding not in (*_SAMPLES, *CAN_BE_MADE):
            formats = "mp3, opus, flac, wav or pcm"
            sentence = f"The stand-in has no encoder for '{speech.encoding}'; choose {formats}."
            raise RequestRefused(invalid(sentence, "response_format", "no_encoder"))
        return _text(speech, self._parameters(speech))

    def _parameters(self, speech: SpeechRequest) -> SpeakParameters:
        why = ""
        for rate_hz in (SAMPLE_RATE_HZ, *(() if speech.encoding == "pcm" else _OTHER_RATES_HZ)):
            parameters = _voice_parameters(speech, rate_hz)
            refusal = self._voice.refusal(parameters)
            if not refusal:
                return parameters
            why = why or refusal
        raise RequestRefused(invalid(why, "response_format"))

    async def _speak(
        self, numbered: Numbered, speech: SpeechRequest, text: SpokenText, reply: Reply
    ) -> None:
        answer = SpeechBody(self._voice, self._options, text, numbered.ordinal, numbered.came_us)
        pieces = answer.pieces()
        content_type = speech.content_type
        if text.file is not None:
            content_type = text.file.content_type or content_type
        elif speech.in_events:
            pieces = _events(speech.text, answer, pieces)
        head = partial(self._requests.head, numbered, content_type)
        if not await deliver(answer, pieces, self._clock, reply, head):
            refusal = self._requests.not_recorded(_unsaid(speech.text))
            await self._requests.refuse(numbered, refusal, reply)


async def _events(text: str, answer: SpeechBody, pieces: TimedPieces) -> TimedPieces:
    """The pieces of a body as events, and behind them the last one."""
    instant_us = 0
    async with aclosing(pieces):
        async for piece, instant_us in pieces:
            yield sound_event(piece), instant_us
    if not answer.broken:
        yield done_event(text, answer.duration_us), instant_us


def _voice_parameters(speech: SpeechRequest, rate_hz: int) -> SpeakParameters:
    return SpeakParameters(encoding="linear16", sample_rate_hz=rate_hz, speed=speech.speed)


def _text(
    speech: SpeechRequest, parameters: SpeakParameters, file: RecordedFile | None = None
) -> SpokenText:
    return SpokenText(
        text=speech.text,
        voice_parameters=parameters,
        encoding=parameters.encoding if speech.encoding in _SAMPLES else speech.encoding,
        in_wav=speech.encoding == "wav",
        file=file,
    )


def _unsaid(text: str) -> str:
    return f"There is no sound of {shown(text)!r} here."
