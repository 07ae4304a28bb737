"""Listen v1: handshakes, sessions on a websocket, and whole recordings over HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from uuid import NAMESPACE_URL, uuid4, uuid5

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds, described
from gramophone.standin.deepgram.handshake import (
    admit,
    admit_connection,
    bad_request,
    identity_headers,
    socket_headers,
)
from gramophone.standin.deepgram.listen_v2 import ListenV2Endpoint
from gramophone.standin.deepgram.listening import ListeningSession
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.http_response import FaultyResponse
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.server.refusal import HttpRefusal, refusal_by_fault, refuse
from gramophone.standin.server.routes import Accept, HandshakeRequest, Routes
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.listen_v1.connection import COMPRESSED_BYTES_PER_SECOND
from gramophone.wire.deepgram.listen_v1.messages import (
    ListenIdentity,
    ListenParameters,
    Metadata,
    Results,
    ServerMessage,
    render,
    seconds,
    transcript,
)
from gramophone.wire.deepgram.listen_v1.recorded_server import (
    ListenReplay,
    RecordedTranscripts,
    utterances_in,
    whole_utterance,
)
from gramophone.wire.deepgram.listen_v1.server import ListenServer
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.listen_v1.voice_activated_server import VoiceActivatedServer
from gramophone.wire.deepgram.paths import LISTEN_PATH, LISTEN_V2_PATH
from gramophone.wire.deepgram.server_actions import (
    NOT_IN_SOURCE,
    NOT_IN_SOURCE_SAID,
    SendText,
)

_log = logging.getLogger(__name__)

_MODEL_VERSION = "2026-01-20.0"
_SECOND_US = 1_000_000


def utterances_of(
    speech: RecordedSpeech | None, recorded: RecordedTranscripts | None = None
) -> tuple[Utterance, ...]:
    """The utterances of a source: those that Listen recognised or, without any, the spoken ones.

    Each has the length of its sound; where none was recorded, that of the tones in its place.
    """
    if recorded:
        recognised = [*utterances_in(recorded.connections), *map(whole_utterance, recorded.wholes)]
        transcripts = (Utterance(text, length_us) for text, length_us in recognised if text)
        return (*transcripts, *recorded.turns)
    if speech is None:
        return ()
    return tuple(
        Utterance(segment.text, _length_us(speech, segment)) for segment in speech.segments
    )


def _length_us(speech: RecordedSpeech, segment: RecordedSegment) -> int:
    if segment.frames is None:
        return ToneVoice().duration_us(segment.text)
    size = sum(len(pcm) for _, pcm in segment.frames)
    sound = ListenParameters(encoding=speech.encoding, sample_rate_hz=speech.sample_rate_hz)
    return size * _SECOND_US // (sound.bytes_per_second or COMPRESSED_BYTES_PER_SECOND)


def listen_routes(
    utterances: ExpectedUtterances | Sequence[Utterance],
    options: StandinOptions,
    clock: Clock,
    recorded: RecordedTranscripts | None = None,
    sounds: ExpectedSounds | None = None,
) -> Routes:
    """Both versions of Listen on a websocket and, for whole recordings, v1 over HTTP."""
    is_expected = isinstance(utterances, ExpectedUtterances)
    expected = utterances if is_expected else ExpectedUtterances(utterances)
    recorded = recorded or RecordedTranscripts()
    sounds = sounds or ExpectedSounds(recorded.wholes)
    endpoint = ListenV1Endpoint(expected, options, clock, recorded, sounds)
    flux = ListenV2Endpoint(expected, options, clock, recorded.flux)
    return Routes(
        {LISTEN_PATH: endpoint, LISTEN_V2_PATH: flux},
        {("POST", LISTEN_PATH): endpoint.transcribe},
    )


class ListenV1Endpoint:
    """Admission of connections and recordings, which hear the expected utterances.

    Where connections were recorded, each gets the next of them, and after the last the first.
    """

    def __init__(
        self,
        expected: ExpectedUtterances,
        options: StandinOptions,
        clock: Clock,
        recorded: RecordedTranscripts,
        sounds: ExpectedSounds,
    ) -> None:
        self._expected = expected
        self._recorded = recorded
        self._sounds = sounds
        self._options = options
        self._clock = clock
        self._ordinals = count()
        self._requests = count()

    def __call__(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        """Accept a connection or refuse it."""
        ordinal = next(self._ordinals)
        answer = admit_connection(handshake, ordinal, self._options, ListenParameters.from_query)
        if isinstance(answer, HttpRefusal):
            return answer
        identity = _identity(answer)
        serve = partial(self._serve, ordinal, identity, answer)
        return Accept(socket_headers(identity.request_id), serve)

    async def transcribe(self, request: Request, reply: Reply) -> None:
        """Answer a whole recording with its transcript."""
        ordinal = next(self._requests)
        refusal = refusal_by_fault(self._options.faults, ordinal, request.path)
        answer = refusal or admit(
            request.query,
            request.header("authorization"),
            (),
            self._options.api_key,
            ListenParameters.from_query,
        )
        if isinstance(answer, ListenParameters) and _is_no_sound(request):
            answer = bad_request("send the sound itself; nothing is fetched here.")
        recorded, utterances = None, None
        if isinstance(answer, ListenParameters):
            if self._sounds:
                recorded = self._sounds.transcript(request.body)
            else:
                utterances = self._expected.of_recording(described(request.body))
            if recorded is None and utterances is None:
                answer = HttpRefusal(404, NOT_IN_SOURCE, NOT_IN_SOURCE_SAID)
        if isinstance(answer, HttpRefusal):
            await refuse(reply, answer, str(uuid4()))
            return
        identity = _identity(answer)
        headers = [
            ("content-type", "application/json"),
            *identity_headers(identity.request_id, identity.model, identity.model_uuid),
        ]
        response = FaultyResponse(reply, FaultInjector(self._options.faults, ordinal), self._clock)
        async with response.watching_time():
            body = (
                _transcript(request.body, answer, identity, utterances or ())
                if recorded is None
                else recorded.encode()
            )
            await answer_whole(response, 200, headers, body)

    async def _serve(
        self,
        ordinal: int,
        identity: ListenIdentity,
        parameters: ListenParameters,
        connection: ServerConnection,
    ) -> None:
        sender = WebSocketSender(
            connection, FaultInjector(self._options.faults, ordinal), self._clock
        )
        machine = self._machine(ordinal, parameters)
        _log.info("listening connection %d: open, %s", ordinal, parameters)
        write = partial(render, identity=identity)
        try:
            await ListeningSession(machine, write, sender, self._clock).run(connection)
        finally:
            if isinstance(machine, VoiceActivatedServer):
                machine.put_back()
        _log.info(
            "listening connection %d: closed, %s %s",
            ordinal,
            connection.close_code,
            connection.close_reason,
        )

    def _machine(self, ordinal: int, parameters: ListenParameters) -> ListenServer | ListenReplay:
        recorded = self._recorded.connections
        if recorded:
            return ListenReplay(parameters, recorded[ordinal % len(recorded)])
        queue = self._expected.queue()
        if queue.voice_activated:
            return VoiceActivatedServer(parameters, queue)
        return ListenServer(parameters, queue)


def _identity(parameters: ListenParameters) -> ListenIdentity:
    return ListenIdentity(
        request_id=str(uuid4()),
        model=parameters.model,
        model_uuid=str(uuid5(NAMESPACE_URL, parameters.model)),
        version=_MODEL_VERSION,
        created=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        channels=parameters.channels,
        punctuate=parameters.punctuate,
    )


def _is_no_sound(request: Request) -> bool:
    return not request.body or request.header("content-type").startswith("application/json")


# The answer to a whole recording comes from the same machine as one on a websocket: all of the
# sound at once, then the end of the stream.
def _transcript(
    sound: bytes,
    parameters: ListenParameters,
    identity: ListenIdentity,
    utterances: Sequence[Utterance],
) -> bytes:
    machine = ListenServer(parameters, utterances)
    messages = [
        action.message
        for action in (*machine.sound_received(sound, 0), *machine.sound_received(b"", 0))
        if isinstance(action, SendText)
    ]
    return _whole(messages, identity)


def _whole(messages: Sequence[ServerMessage], identity: ListenIdentity) -> bytes:
    """The answer to a recording (Deepgram: the pre-recorded API's `results`)."""
    words = tuple(
        word
        for message in messages
        if isinstance(message, Results) and message.is_final
        for word in message.words
    )
    (metadata,) = (message for message in messages if isinstance(message, Metadata))
    model = {"name": identity.model, "version": identity.version, "arch": identity.model}
    answer = {
        "metadata": {
            "transaction_key": "deprecated",
            "request_id": identity.request_id,
            "sha256": metadata.sha256,
            "created": identity.created,
            "duration": seconds(metadata.duration_us),
            "channels": identity.channels,
            "models": [identity.model_uuid],
            "model_info": {identity.model_uuid: model},
        },
        "results": {
            "channels": [{"alternatives": [transcript(words, punctuate=identity.punctuate)]}]
        },
    }
    return json.dumps(answer, ensure_ascii=False).encode()
