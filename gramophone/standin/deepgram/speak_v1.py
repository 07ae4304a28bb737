"""Speak v1 on a websocket."""

from __future__ import annotations

from gramophone.standin.deepgram.handshake import metadata_of, socket_headers
from gramophone.standin.deepgram.speak_endpoint import Headers, SpeakEndpoint
from gramophone.standin.faults import FaultName, value_of
from gramophone.wire.deepgram.server_actions import ServerProtocol
from gramophone.wire.deepgram.speak_v1.messages import ServerMessage, SpeakParameters, render
from gramophone.wire.deepgram.speak_v1.server import SpeakQuirks, SpeakServer


class SpeakV1Endpoint(SpeakEndpoint[SpeakParameters, ServerMessage]):
    """Admission of connections to Speak v1."""

    LABEL = "connection"

    def _parse(self, query: str) -> SpeakParameters:
        return SpeakParameters.from_query(query)

    def _sounding(self, parameters: SpeakParameters) -> SpeakParameters:
        return parameters

    def _open(
        self, ordinal: int, parameters: SpeakParameters
    ) -> tuple[Headers, ServerProtocol[ServerMessage]]:
        metadata = metadata_of(parameters.model)
        faults = self._options.faults
        quirks = SpeakQuirks(
            refused_flush=value_of(faults, FaultName.EXCESSIVE_FLUSH, ordinal),
            late_flushed=value_of(faults, FaultName.LATE_FLUSHED, ordinal) is not None,
            starts_at_sentence=self._options.speak_on == "sentence",
        )
        headers = socket_headers(metadata.request_id)
        return headers, SpeakServer(metadata, self._options.limits, quirks)

    def _render(self, message: ServerMessage) -> str:
        return render(message, dialect=self._options.dialect)
