"""Speak v1 over HTTP: a text in, a file or a stream of samples out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin import voice as voices
from gramophone.standin.deepgram.handshake import (
    bad_request,
    identity_headers,
    may_enter,
    metadata_of,
)
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request
from gramophone.standin.server.refusal import INVALID_AUTH, HttpRefusal, refusal_by_fault, refuse
from gramophone.standin.source.speech_files import RecordedFile, RecordedFiles
from gramophone.standin.voice import Break, Voice, VoiceSound
from gramophone.standin.voices.file_encoding import CAN_BE_MADE, encoded
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.server_actions import NOT_IN_SOURCE, NOT_IN_SOURCE_SAID
from gramophone.wire.deepgram.speak_v1.messages import ParameterRefused, SpeakParameters
from gramophone.wire.deepgram.speak_v1.rest import RestParameters, TextRefused, text_of, wav_header

_log = logging.getLogger(__name__)

_FILE_RATES_HZ = (48000, 24000, 16000, 8000)
_PIECE_BYTES = 16_384


@frozen
class _GrantedRequest:
    """A request that is granted.

    Attributes:
        spoken: the parameters for the voice.
        file: the recorded answer, if it is more than samples.
    """

    text: str
    parameters: RestParameters
    voice_parameters: SpeakParameters
    file: RecordedFile | None = None

    @property
    def content_type(self) -> str:
        return (self.file.content_type if self.file else "") or self.parameters.content_type


@dataclass(slots=True)
class _AnswerProgress:
    """State of one answer; `broken` where the service broke off when it was recorded."""

    ordinal: int
    asked_us: int
    broken: bool = False


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
        _log.info("request %d: %d characters", ordinal, len(granted.text))
        response = FaultyResponse(reply, FaultInjector(self._options.faults, ordinal), self._clock)
        async with response.watching_time():
            await self._speak(granted, ordinal, response)

    def _admit(self, request: Request, ordinal: int) -> _GrantedRequest | HttpRefusal:
        refusal = refusal_by_fault(self._options.faults, ordinal, request.path)
        if refusal is not None:
            return refusal
        if not may_enter(request.header("authorization"), (), self._options.api_key):
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
        if file := self._files.find(text, parameters):
            voice_parameters = SpeakParameters(
                model=parameters.model,
                encoding=parameters.encoding,
                sample_rate_hz=parameters.sample_rate_hz,
            )
            return _GrantedRequest(text, parameters, voice_parameters, file)
        if self._files.has_given(text, parameters) and isinstance(self._voice, RecordedVoice):
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
                return _GrantedRequest(text, parameters, voice_parameters)
            why = why or refusal
        return bad_request(why)

    async def _speak(self, granted: _GrantedRequest, ordinal: int, reply: Reply) -> None:
        metadata = metadata_of(granted.parameters.model)
        headers = [
            ("content-type", granted.content_type),
            *identity_headers(metadata.request_id, metadata.model_name, metadata.model_uuid),
            ("dg-char-count", str(len(granted.text))),
        ]
        progress = _AnswerProgress(ordinal, self._clock.now_us())
        async with aclosing(self._body(granted, progress)) as pieces:
            try:
                first = await anext(pieces, None)
            except voices.VoiceRefused:
                _log.warning("request %d: the client said what is not in the source", ordinal)
                refusal = HttpRefusal(404, NOT_IN_SOURCE, NOT_IN_SOURCE_SAID)
                await refuse(reply, refusal, metadata.request_id)
                return
            await reply.start(200, headers)
            if first is not None:
                await self._send(reply, *first)
            async for piece in pieces:
                await self._send(reply, *piece)
        if progress.broken:
            reply.cut()
        else:
            await reply.end()

    async def _send(self, reply: Reply, piece: bytes, instant_us: int) -> None:
        await self._clock.sleep_until_us(instant_us)
        await reply.send(piece)

    async def _body(
        self, granted: _GrantedRequest, progress: _AnswerProgress
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        """The pieces of the body, each with its instant."""
        asked_us = progress.asked_us
        frames = self._frames(granted, progress)
        parameters = granted.parameters
        if granted.file is not None:
            async for piece in self._recorded(granted.text, granted.file, progress, frames):
                yield piece
            return
        if parameters.raw and (parameters.container == "none" or self._options.pace > 0):
            if parameters.container == "wav":
                # The voice may refuse the text at its first sound, before the head has gone out.
                first = await anext(frames, None)
                yield wav_header(parameters, None), asked_us
                if first is not None:
                    yield first
            async for frame in frames:
                yield frame
            return
        frames_made = [frame async for frame in frames]
        sound = b"".join(pcm for pcm, _ in frames_made)
        if parameters.raw:
            yield wav_header(parameters, len(sound)), frames_made[0][1] if frames_made else asked_us
            for frame in frames_made:
                yield frame
            if len(sound) % 2:
                yield b"\0", frames_made[-1][1]
            return
        rate_hz = granted.voice_parameters.sample_rate_hz
        file = await asyncio.to_thread(encoded, sound, rate_hz, parameters.encoding)
        instant_us = frames_made[-1][1] if frames_made else asked_us
        for start in range(0, len(file), _PIECE_BYTES):
            yield file[start : start + _PIECE_BYTES], instant_us

    async def _recorded(
        self,
        text: str,
        file: RecordedFile,
        progress: _AnswerProgress,
        frames: AsyncGenerator[tuple[bytes, int], None],
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        """The recorded bytes, at their instants divided by the pace."""
        pace, instant_us = self._options.pace, progress.asked_us
        progress.broken = file.broken
        for after_us, piece in file.head:
            instant_us = progress.asked_us + (round(after_us / pace) if pace else 0)
            yield piece, instant_us
        if file.whole:
            if isinstance(self._voice, RecordedVoice):
                self._voice.given_elsewhere([text])
            return
        async for piece, instant_us in frames:
            yield piece, instant_us
        if file.tail:
            yield file.tail, instant_us

    async def _frames(
        self, granted: _GrantedRequest, progress: _AnswerProgress
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        pacer = FramePacer(self._options, granted.voice_parameters, progress.ordinal)
        pacer.begin(progress.asked_us)
        sounds = self._voice.synthesise(granted.text, granted.voice_parameters)
        async with aclosing(sounds):
            async for sound in sounds:
                if isinstance(sound, VoiceSound):
                    for frame in pacer.frames(sound):
                        yield frame
                elif isinstance(sound, Break):
                    progress.broken = True
        for frame in pacer.last_frames():
            yield frame
