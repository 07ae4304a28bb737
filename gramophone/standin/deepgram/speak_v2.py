"""Speak v2 (Flux) on a websocket: who is let in, and the session of each connection."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import count
from uuid import NAMESPACE_URL, uuid4, uuid5

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import bad_request, may_enter
from gramophone.standin.deepgram.session import Session
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.faults import REASONS, FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import Accept, HandshakeRequest
from gramophone.standin.server.refusal import INVALID_AUTH, Refusal, refusal_with
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused
from gramophone.wire.deepgram.speak_v2.messages import Connected, Errored, parse_server, render
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.recorded_server import FluxReplay
from gramophone.wire.deepgram.speak_v2.recording import RecordedFlux
from gramophone.wire.deepgram.speak_v2.server import FluxQuirks, SpeakV2Server

_log = logging.getLogger(__name__)

FLUX_PATH = "/v2/speak"
_MODEL_VERSION = "2026.06.01"


class SpeakV2Endpoint:
    """Lets connections in or refuses them.

    What was recorded of Speak v2 is given back verbatim, a connection for each; after the last
    it begins again.
    """

    def __init__(
        self,
        voice: Voice,
        options: StandinOptions,
        clock: Clock,
        recorded: Sequence[RecordedFlux] = (),
    ) -> None:
        self._voice = voice
        self._options = options
        self._clock = clock
        self._recorded = recorded
        self._ordinals = count()

    def __call__(self, arrival: HandshakeRequest) -> Accept | Refusal:
        """Let a connection in, or refuse it."""
        ordinal = next(self._ordinals)
        answer = self._admit(arrival, ordinal)
        if isinstance(answer, Refusal):
            return answer
        connected = self._connected(ordinal, answer.model)
        headers = (
            ("dg-request-id", connected.request_id),
            ("dg-model-name", connected.model_name),
            *(("dg-model-uuid", uuid) for uuid in connected.model_uuids[:1]),
        )
        return Accept(headers, partial(self._serve, ordinal, connected, answer))

    def _admit(self, arrival: HandshakeRequest, ordinal: int) -> FluxParameters | Refusal:
        status = value_of(self._options.faults, FaultName.REFUSE, ordinal)
        if status is not None:
            return refusal_with(status)
        if not may_enter(
            arrival.header("authorization"), arrival.subprotocols, self._options.api_key
        ):
            return INVALID_AUTH
        try:
            answer = FluxParameters.from_query(arrival.query)
        except ParameterRefused as refused:
            plain = bad_request(str(refused))
            return plain if refused.code == plain.code else Refusal(400, refused.code, str(refused))
        why = self._voice.refusal(answer.sounding())
        return bad_request(why) if why else answer

    async def _serve(
        self,
        ordinal: int,
        connected: Connected,
        parameters: FluxParameters,
        connection: ServerConnection,
    ) -> None:
        options, sounding = self._options, parameters.sounding()
        machine = self._machine(ordinal, connected, parameters)
        voice = self._voice.for_connection()
        session = Session(
            machine,
            render,
            voice,
            sounding,
            FramePacer(options, sounding, ordinal),
            WebSocketSender(
                connection, FaultInjector(options.faults, ordinal), self._clock, _last_word
            ),
            self._clock,
            voice.hear if isinstance(voice, RecordedVoice) else None,
        )
        _log.info("Flux connection %d: open, %s", ordinal, parameters.to_query())
        await session.run(connection)
        if isinstance(machine, FluxReplay) and isinstance(voice, RecordedVoice):
            voice.given_elsewhere(machine.texts)
        _log.info(
            "Flux connection %d: closed, %s %s",
            ordinal,
            connection.close_code,
            connection.close_reason,
        )

    def _recording(self, ordinal: int) -> RecordedFlux | None:
        return self._recorded[ordinal % len(self._recorded)] if self._recorded else None

    def _connected(self, ordinal: int, model: str) -> Connected:
        recording = self._recording(ordinal)
        if recording is not None and recording.connected:
            said = parse_server(recording.connected)
            if isinstance(said, Connected):
                return said
        uuid = str(uuid5(NAMESPACE_URL, model))
        return Connected(str(uuid4()), model, _MODEL_VERSION, (uuid,))

    def _machine(
        self, ordinal: int, connected: Connected, parameters: FluxParameters
    ) -> SpeakV2Server:
        limits, quirks = self._options.flux_limits, _quirks(self._options, ordinal)
        recording = self._recording(ordinal)
        if recording is None:
            return SpeakV2Server(connected, parameters, limits, quirks)
        strict = isinstance(self._voice, RecordedVoice) and self._voice.strict
        return FluxReplay(
            recording, connected, parameters, self._options.pace, limits, quirks, strict=strict
        )


def _quirks(options: StandinOptions, ordinal: int) -> FluxQuirks:
    faults = options.faults
    return FluxQuirks(
        only_on_flush=options.speak_on == "flush",
        interrupt_us=1000 * (value_of(faults, FaultName.SLOW_INTERRUPT, ordinal) or 0),
        retried_segment=value_of(faults, FaultName.RETRY, ordinal),
        failed_configure=value_of(faults, FaultName.CONFIGURE_FAILURE, ordinal),
        late_flushed=value_of(faults, FaultName.LATE_FLUSHED, ordinal) is not None,
    )


def _last_word(reason: str) -> str:
    """An Error goes before every close that is about one."""
    return render(Errored(reason, "This was asked for.")) if reason in REASONS else ""
