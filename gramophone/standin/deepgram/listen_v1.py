"""Listen v1 on a websocket: handshakes and sessions."""

from __future__ import annotations

import logging
from functools import partial
from itertools import count

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import (
    admit_connection,
    listen_identity,
    socket_headers,
)
from gramophone.standin.deepgram.listening import ListeningSession
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import Accept, HandshakeRequest
from gramophone.standin.server.wall_time import wall_time
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.listen_v1.connection import COMPRESSED_BYTES_PER_SECOND
from gramophone.wire.deepgram.listen_v1.messages import (
    ListenIdentity,
    ListenParameters,
    render,
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

_log = logging.getLogger(__name__)

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


class ListenV1Endpoint:
    """Admission of connections, which hear the expected utterances.

    Where connections were recorded, each gets the next of them, and after the last the first.
    """

    def __init__(
        self,
        expected: ExpectedUtterances,
        options: StandinOptions,
        clock: Clock,
        recorded: RecordedTranscripts,
    ) -> None:
        self._expected = expected
        self._recorded = recorded
        self._options = options
        self._clock = clock
        self._wall = wall_time(clock)
        self._ordinals = count()

    def __call__(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        """Accept a connection or refuse it."""
        ordinal = next(self._ordinals)
        answer = admit_connection(handshake, ordinal, self._options, ListenParameters.from_query)
        if isinstance(answer, HttpRefusal):
            return answer
        identity = listen_identity(answer, self._wall())
        serve = partial(self._serve, ordinal, identity, answer)
        return Accept(socket_headers(identity.request_id), serve)

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
