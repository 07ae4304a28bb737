"""`POST /v1/audio/transcriptions` and `…/translations`: a recording in, its words out.

Nothing is recognised, and nothing translated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from gramophone.core.clock import Clock
from gramophone.standin.delivery.fault_injector import FaultInjector, InjectedFrames
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.faults import FaultName, value_of
from gramophone.standin.llm.dialects import EVENT_STREAM
from gramophone.standin.openai_audio.expected_transcripts import ExpectedTranscripts
from gramophone.standin.openai_audio.requests import Numbered, OpenAIRequests
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.source.openai_transcripts import OpenAITranscript
from gramophone.wire.deepgram.listen_v1.transcript import RecordingTranscript, transcript_of
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.llm.refusals.openai_rules import invalid
from gramophone.wire.openai_audio.transcription_request import (
    TranscriptionRequest,
    parse_transcription,
)
from gramophone.wire.openai_audio.transcriptions import events, text_in, written
from gramophone.wire.sse import event_bytes, raw_event

_log = logging.getLogger(__name__)

FindUtterances: TypeAlias = Callable[[bytes], Sequence[Utterance] | None]
"""Gives the utterances in a recording; None if a strict source has no more."""

Transcribed: TypeAlias = RecordingTranscript | OpenAITranscript

_IDS: Final = 3
_IDS_OF_TRANSLATIONS: Final = 4
_SHORTEST_US: Final = 100_000
_INJECTED: Final = InjectedFrames(
    rubbish=raw_event('{"type":"transcript.text.delta","delta":"').decode(),
    unknown_type=event_bytes({"type": "applause", "volume": 11}).decode(),
)


class TranscriptionEndpoint:
    """Handler of recordings to be transcribed or, if `translated`, to be translated."""

    def __init__(
        self,
        find: FindUtterances,
        recorded: ExpectedTranscripts,
        options: StandinOptions,
        clock: Clock,
        *,
        translated: bool = False,
    ) -> None:
        self._translated = translated
        self._find = find
        self._recorded = recorded
        self._options = options
        self._clock = clock
        ids = _IDS_OF_TRANSLATIONS if translated else _IDS
        self._requests = OpenAIRequests(options, clock, ids)

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request."""
        numbered = self._requests.number(request)
        try:
            self._requests.admit(numbered)
            recording = self._recording(request)
            if not recording.streamed:
                self._requests.check_load(numbered)
            transcript = self._transcript(recording)
        except RequestRefused as refused:
            await self._requests.refuse(numbered, refused.refusal, reply)
            return
        _log.info("%s: %d bytes", numbered.name, len(recording.sound))
        injected = _INJECTED if recording.streamed else InjectedFrames()
        injector = FaultInjector(self._options.faults, numbered.ordinal, injected)
        response = FaultyResponse(reply, injector, self._clock)
        body = self._requests.with_faults(numbered, response) if recording.streamed else response
        late_ms = value_of(self._options.faults, FaultName.SLOW_FIRST_BYTE, numbered.ordinal, 0)
        async with response.watching_time():
            await self._clock.sleep_until_us(numbered.came_us + 1_000 * (late_ms or 0))
            await self._answer(numbered, recording, transcript, body)

    def _recording(self, request: Request) -> TranscriptionRequest:
        return parse_transcription(
            request.header("content-type"),
            request.body,
            strict=not self._options.tolerant,
            translated=self._translated,
        )

    def _transcript(self, recording: TranscriptionRequest) -> Transcribed:
        """The transcript of a recording, to be written or as it was recorded.

        Raises:
            RequestRefused: the sound is too short, or a strict source has nothing for it.
        """
        length_us = transcript_of(recording.sound, ()).duration_us
        if length_us < _SHORTEST_US and not self._options.tolerant:
            sentence = "Audio file is too short. Minimum audio length is 0.1 seconds."
            raise RequestRefused(invalid(sentence, "file", "audio_too_short"))
        utterances: Sequence[Utterance] | None
        if self._recorded:
            recorded = self._recorded.take(recording.sound, recording.form)
            if recorded is not None and _is_the_answer(recorded, recording):
                return recorded
            utterances = None if recorded is None else [_utterance(recorded, length_us)]
        else:
            utterances = self._find(recording.sound)
        if utterances is None:
            sentence = "There is no transcript left for this recording here."
            raise RequestRefused(self._requests.not_recorded(sentence))
        return transcript_of(recording.sound, utterances)

    async def _answer(
        self,
        numbered: Numbered,
        recording: TranscriptionRequest,
        transcript: Transcribed,
        reply: Reply,
    ) -> None:
        if isinstance(transcript, OpenAITranscript):
            head = self._requests.head(numbered, transcript.content_type)
            await answer_whole(reply, 200, head, transcript.body.encode(errors="replace"))
            return
        if not recording.streamed:
            answer = written(transcript, recording)
            head = self._requests.head(numbered, answer.content_type)
            await answer_whole(reply, 200, head, answer.body)
            return
        await reply.start(200, self._requests.head(numbered, EVENT_STREAM[1]))
        for event in events(transcript, recording):
            await reply.send(event)
        await reply.end()


def _is_the_answer(recorded: OpenAITranscript, recording: TranscriptionRequest) -> bool:
    is_same = recorded.form == recording.form and recorded.is_verbatim
    return is_same and recording.is_verbatim


def _utterance(recorded: OpenAITranscript, length_us: int) -> Utterance:
    """The recorded text over all of the sound, to be written in another form."""
    output = recorded.form.partition("-")[0] if recorded.is_verbatim else "json"
    text = text_in(recorded.body.encode(errors="replace"), "", output)
    return Utterance(text, max(1, length_us))
