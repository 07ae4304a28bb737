"""The stand-in: a server on loopback that plays the speech service's part."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.deepgram.handshake import SPEAK_PATH, admit, bad_request, metadata_of
from gramophone.standin.deepgram.session import Session
from gramophone.standin.deepgram.speak_rest import SpeakRest
from gramophone.standin.deepgram.speak_v2 import FLUX_PATH, SpeakV2Endpoint
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.faults import FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import Accept, HandshakeRequest, Routes, listening
from gramophone.standin.server.refusal import Refusal, refusal_with
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.messages import Metadata, SpeakParameters, render
from gramophone.wire.deepgram.speak_v1.server import SpeakQuirks, SpeakServer

_log = logging.getLogger(__name__)


class SpeakV1Endpoint:
    """Speak v1 on a websocket: who is let in, and the session of each connection."""

    def __init__(self, voice: Voice, options: StandinOptions, clock: Clock) -> None:
        self._voice = voice
        self._options = options
        self._clock = clock
        self._ordinals = count()

    def __call__(self, arrival: HandshakeRequest) -> Accept | Refusal:
        """Let a connection in, or refuse it."""
        ordinal = next(self._ordinals)
        answer = self._admit(arrival, ordinal)
        if isinstance(answer, Refusal):
            return answer
        metadata = metadata_of(answer.model)
        headers = (
            ("dg-request-id", metadata.request_id),
            ("dg-model-name", metadata.model_name),
            ("dg-model-uuid", metadata.model_uuid),
        )
        return Accept(headers, partial(self._serve, ordinal, metadata, answer))

    def _admit(self, arrival: HandshakeRequest, ordinal: int) -> SpeakParameters | Refusal:
        status = value_of(self._options.faults, FaultName.REFUSE, ordinal)
        if status is not None:
            return refusal_with(status)
        answer = admit(
            arrival.query,
            arrival.header("authorization"),
            arrival.subprotocols,
            self._options.api_key,
        )
        if isinstance(answer, SpeakParameters) and (why := self._voice.refusal(answer)):
            return bad_request(why)
        return answer

    async def _serve(
        self,
        ordinal: int,
        metadata: Metadata,
        parameters: SpeakParameters,
        connection: ServerConnection,
    ) -> None:
        faults = self._options.faults
        quirks = SpeakQuirks(
            refused_flush=value_of(faults, FaultName.EXCESSIVE_FLUSH, ordinal),
            late_flushed=value_of(faults, FaultName.LATE_FLUSHED, ordinal) is not None,
            starts_at_sentence=self._options.speak_on == "sentence",
        )
        voice = self._voice.for_connection()
        session = Session(
            SpeakServer(metadata, self._options.limits, quirks),
            partial(render, dialect=self._options.dialect),
            voice,
            parameters,
            FramePacer(self._options, parameters, ordinal),
            WebSocketSender(connection, FaultInjector(faults, ordinal), self._clock),
            self._clock,
            voice.hear if isinstance(voice, RecordedVoice) else None,
        )
        _log.info("connection %d: open, %s", ordinal, parameters.to_query())
        await session.run(connection)
        _log.info(
            "connection %d: closed, %s %s",
            ordinal,
            connection.close_code,
            connection.close_reason,
        )


def speak_routes(voice: Voice, options: StandinOptions, clock: Clock) -> Routes:
    """Both versions of Speak with a loaded voice, and v1 over HTTP."""
    recorded = voice.flux if isinstance(voice, RecordedVoice) else ()
    return Routes(
        {
            SPEAK_PATH: SpeakV1Endpoint(voice, options, clock),
            FLUX_PATH: SpeakV2Endpoint(voice, options, clock, recorded),
        },
        {("POST", SPEAK_PATH): SpeakRest(voice, options, clock)},
    )


@asynccontextmanager
async def serving(
    voice: Voice,
    options: StandinOptions | None = None,
    *,
    clock: Clock | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncGenerator[str, None]:
    """Serve with a loaded voice; gives the address to speak to, `ws://…/v1/speak`.

    On leaving, open connections are closed with 1001 and their tasks awaited.

    Raises:
        OSError: the port is taken.
    """
    routes = speak_routes(voice, options or StandinOptions(), clock or SystemClock())
    async with listening(routes, host=host, port=port) as address:
        yield address.websocket(SPEAK_PATH)
