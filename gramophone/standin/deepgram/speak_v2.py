"""Speak v2 (Flux) on a websocket."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid4, uuid5

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import socket_headers
from gramophone.standin.deepgram.speak_endpoint import Headers, SpeakEndpoint
from gramophone.standin.faults import REASONS, FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.server_actions import ServerProtocol
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
from gramophone.wire.deepgram.speak_v2.messages import (
    Connected,
    Errored,
    ServerMessage,
    parse_server,
    render,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.recorded_server import FluxReplay
from gramophone.wire.deepgram.speak_v2.recording import RecordedFlux
from gramophone.wire.deepgram.speak_v2.rules import FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import SpeakV2Server

FLUX_PATH = "/v2/speak"
_MODEL_VERSION = "2026.06.01"


class SpeakV2Endpoint(SpeakEndpoint[FluxParameters, ServerMessage]):
    """Admission of connections to Speak v2.

    Recorded connections are given back verbatim, the next for each new one, and after the last
    the first.
    """

    LABEL = "Flux connection"

    def __init__(
        self,
        voice: Voice,
        options: StandinOptions,
        clock: Clock,
        recorded: Sequence[RecordedFlux] = (),
    ) -> None:
        super().__init__(voice, options, clock)
        self._recorded = recorded

    def _parse(self, query: str) -> FluxParameters:
        return FluxParameters.from_query(query)

    def _sounding(self, parameters: FluxParameters) -> SpeakParameters:
        return parameters.sounding()

    def _open(
        self, ordinal: int, parameters: FluxParameters
    ) -> tuple[Headers, ServerProtocol[ServerMessage]]:
        connected = self._connected(ordinal, parameters.model)
        return socket_headers(connected.request_id), self._machine(ordinal, connected, parameters)

    def _render(self, message: ServerMessage) -> str:
        return render(message)

    def _last_word(self, reason: str) -> str:
        # On v2 an Error goes before every close for a reason of Deepgram's; v1 has no such message.
        return render(Errored(reason, "This was asked for.")) if reason in REASONS else ""

    def _closed(self, machine: ServerProtocol[ServerMessage], voice: Voice) -> None:
        if isinstance(machine, FluxReplay) and isinstance(voice, RecordedVoice):
            voice.given_elsewhere(machine.texts)

    def _recording(self, ordinal: int) -> RecordedFlux | None:
        return self._recorded[ordinal % len(self._recorded)] if self._recorded else None

    def _connected(self, ordinal: int, model: str) -> Connected:
        recording = self._recording(ordinal)
        if recording is not None and recording.connected:
            message = parse_server(recording.connected)
            if isinstance(message, Connected):
                return message
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
