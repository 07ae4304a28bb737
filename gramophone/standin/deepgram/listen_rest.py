"""Listen v1 over HTTP: a whole recording in, its transcript out."""

from __future__ import annotations

import logging
from itertools import count
from uuid import uuid4

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds, described
from gramophone.standin.deepgram.handshake import (
    admit,
    bad_request,
    identity_headers,
    listen_identity,
)
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.server.refusal import HttpRefusal, refusal_by_fault, refuse
from gramophone.standin.server.wall_time import wall_time
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.wire.deepgram.listen_v1.messages import ListenIdentity
from gramophone.wire.deepgram.listen_v1.rest import RecordingParameters, render_recording
from gramophone.wire.deepgram.listen_v1.transcript import transcript_of
from gramophone.wire.deepgram.server_actions import NOT_IN_SOURCE, NOT_IN_SOURCE_SAID

_log = logging.getLogger(__name__)

_NOTHING_IS_FETCHED = bad_request("send the sound itself; nothing is fetched here.")
_NO_SOUND = bad_request("failed to process audio: corrupt or unsupported data")


class ListenRest:
    """Handler of `POST /v1/listen`.

    Where recordings are expected, each gets the transcript that was recorded with it.
    """

    def __init__(
        self,
        expected: ExpectedUtterances,
        sounds: ExpectedSounds,
        options: StandinOptions,
        clock: Clock,
    ) -> None:
        self._expected = expected
        self._sounds = sounds
        self._options = options
        self._clock = clock
        self._wall = wall_time(clock)
        self._ordinals = count()

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request."""
        ordinal = next(self._ordinals)
        parameters = self._admit(request, ordinal)
        if isinstance(parameters, HttpRefusal):
            await refuse(reply, parameters, str(uuid4()))
            return
        identity = listen_identity(parameters.listen, self._wall())
        body = self._transcript(request.body, parameters, identity)
        if body is None:
            refusal = HttpRefusal(404, NOT_IN_SOURCE, NOT_IN_SOURCE_SAID)
            await refuse(reply, refusal, identity.request_id)
            return
        _log.info("recording %d: %d bytes", ordinal, len(request.body))
        headers = [
            ("content-type", "application/json"),
            *identity_headers(identity.request_id, identity.model, identity.model_uuid),
        ]
        response = FaultyResponse(reply, FaultInjector(self._options.faults, ordinal), self._clock)
        async with response.watching_time():
            await answer_whole(response, 200, headers, body)

    def _admit(self, request: Request, ordinal: int) -> RecordingParameters | HttpRefusal:
        parameters = refusal_by_fault(self._options.faults, ordinal, request.path) or admit(
            request.query,
            request.header("authorization"),
            (),
            self._options,
            RecordingParameters.from_query,
        )
        if isinstance(parameters, HttpRefusal):
            return parameters
        if request.header("content-type").startswith("application/json"):
            return _NOTHING_IS_FETCHED
        return parameters if request.body else _NO_SOUND

    def _transcript(
        self, sound: bytes, parameters: RecordingParameters, identity: ListenIdentity
    ) -> bytes | None:
        """The body of the answer; None if a strict source has nothing for this recording."""
        if self._sounds:
            recorded = self._sounds.transcript(sound)
            return None if recorded is None else recorded.encode()
        utterances = self._expected.of_recording(described(sound))
        if utterances is None:
            return None
        heard = transcript_of(sound, utterances, parameters.listen)
        return render_recording(heard, parameters, identity)
