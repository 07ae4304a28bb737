"""Speak v1 over HTTP: a text in, a file or a stream of samples out."""

from __future__ import annotations

import logging
from itertools import count
from uuid import uuid4

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.deepgram.handshake import (
    bad_request,
    identity_headers,
    may_enter,
    metadata_of,
)
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.delivery.speech_body import SpeechBody, SpokenText, deliver
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request
from gramophone.standin.server.refusal import INVALID_AUTH, HttpRefusal, refusal_by_fault, refuse
from gramophone.standin.source.speech_files import RecordedFile, RecordedFiles, form_of
from gramophone.standin.voice import Voice
from gramophone.standin.voices.file_encoding import CAN_BE_MADE
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.server_actions import NOT_IN_SOURCE, NOT_IN_SOURCE_SAID
from gramophone.wire.deepgram.speak_v1.messages import ParameterRefused, SpeakParameters
from gramophone.wire.deepgram.speak_v1.rest import RestParameters, TextRefused, text_of

_log = logging.getLogger(__name__)

_FILE_RATES_HZ = (48000, 24000, 16000, 8000)


@frozen
class _GrantedRequest:
    """A request that is granted."""

    parameters: RestParameters
    text: SpokenText

    @property
    def content_type(self) -> str:
        file = self.text.file
        return (file.content_type if file else "") or self.parameters.content_type


class SpeakRest:
    """Handler of `POST /v1/speak`.

    The head of a WAV has the length of the sound when everything is sent at once. With a pace the
    head goes out before the length is known, and has the sizes of a stream.
    """

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
        self._ordinals = count()

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request."""
        ordinal = next(self._ordinals)
        granted = self._admit(request, ordinal)
        if isinstance(granted, HttpRefusal):
            _log.info("request %d: refused with %d", ordinal, granted.status)
            await refuse(reply, granted, str(uuid4()))
            return
        _log.info("request %d: %d characters", ordinal, len(granted.text.text))
        response = FaultyResponse(reply, FaultInjector(self._options.faults, ordinal), self._clock)
        async with response.watching_time():
            await self._speak(granted, ordinal, response)

    def _admit(self, request: Request, ordinal: int) -> _GrantedRequest | HttpRefusal:
        refusal = refusal_by_fault(self._options.faults, ordinal, request.path)
        if refusal is not None:
            return refusal
        if not may_enter(request.header("authorization"), (), self._options):
            return INVALID_AUTH
        try:
            parameters = RestParameters.from_query(request.query)
            text = text_of(request.header("content-type"), request.body)
        except (ParameterRefused, TextRefused) as refused:
            return bad_request(str(refused))
        longest = self._options.limits.speak_characters
        if longest is not None and len(text) > longest:
            sentence = f"Input text exceeds the limit of {longest} characters."
            return HttpRefusal(413, "Payload Too Large", sentence)
        form = form_of(parameters)
        if file := self._files.find(text, form):
            voice_parameters = SpeakParameters(
                model=parameters.model,
                encoding=parameters.encoding,
                sample_rate_hz=parameters.sample_rate_hz,
            )
            return _GrantedRequest(parameters, _text(text, parameters, voice_parameters, file))
        if self._files.has_given(text, form) and isinstance(self._voice, RecordedVoice):
            # No voice can make this form, so none would report that the text came too often.
            self._voice.given_elsewhere([text])
            return HttpRefusal(404, NOT_IN_SOURCE, NOT_IN_SOURCE_SAID)
        if not parameters.raw and parameters.encoding not in CAN_BE_MADE:
            return bad_request(f"The stand-in has no encoder for '{parameters.encoding}'.")
        return self._spoken(text, parameters)

    def _spoken(self, text: str, parameters: RestParameters) -> _GrantedRequest | HttpRefusal:
        # A file says in itself at which rate it is; a recording can be in one at its own.
        rates_hz = [parameters.sample_rate_hz, *(() if parameters.raw else _FILE_RATES_HZ)]
        why = ""
        for rate_hz in rates_hz:
            voice_parameters = SpeakParameters(
                model=parameters.model,
                encoding=parameters.encoding if parameters.raw else "linear16",
                sample_rate_hz=rate_hz,
                speed=parameters.speed,
            )
            refusal = self._voice.refusal(voice_parameters)
            if not refusal:
                return _GrantedRequest(parameters, _text(text, parameters, voice_parameters))
            why = why or refusal
        return bad_request(why)

    async def _speak(self, granted: _GrantedRequest, ordinal: int, reply: Reply) -> None:
        metadata = metadata_of(granted.parameters.model)
        headers = [
            ("content-type", granted.content_type),
            *identity_headers(metadata.request_id, metadata.model_name, metadata.model_uuid),
            ("dg-char-count", str(len(granted.text.text))),
        ]
        answer = SpeechBody(self._voice, self._options, granted.text, ordinal, self._clock.now_us())
        if not await deliver(answer, answer.pieces(), self._clock, reply, lambda: headers):
            _log.warning("request %d: the client said what is not in the source", ordinal)
            refusal = HttpRefusal(404, NOT_IN_SOURCE, NOT_IN_SOURCE_SAID)
            await refuse(reply, refusal, metadata.request_id)


def _text(
    text: str,
    parameters: RestParameters,
    voice_parameters: SpeakParameters,
    file: RecordedFile | None = None,
) -> SpokenText:
    return SpokenText(
        text=text,
        voice_parameters=voice_parameters,
        encoding=parameters.encoding,
        in_wav=parameters.container == "wav",
        file=file,
    )
