"""Listen v2 (Flux) on a websocket."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import count
from uuid import NAMESPACE_URL, uuid4, uuid5

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import admit, identity_headers
from gramophone.standin.deepgram.listening import ListeningSession
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.faults import REASONS, FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.refusal import HttpRefusal, refusal_with
from gramophone.standin.server.routes import Accept, HandshakeRequest
from gramophone.standin.server.sniffing import when_pinged
from gramophone.wire.deepgram.listen_v1.server import Utterance
from gramophone.wire.deepgram.listen_v2.messages import Errored, MessageWriter
from gramophone.wire.deepgram.listen_v2.parameters import ListenV2Parameters
from gramophone.wire.deepgram.listen_v2.server import ListenV2Server
from gramophone.wire.deepgram.listen_v2.turns import TurnFaults

_log = logging.getLogger(__name__)


class ListenV2Endpoint:
    """Admission of connections; each hears all utterances from the beginning."""

    def __init__(
        self, utterances: Sequence[Utterance], options: StandinOptions, clock: Clock
    ) -> None:
        self._utterances = utterances
        self._options = options
        self._clock = clock
        self._ordinals = count()

    def __call__(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        """Accept a connection or refuse it."""
        ordinal = next(self._ordinals)
        status = value_of(self._options.faults, FaultName.REFUSE, ordinal)
        if status is not None:
            return refusal_with(status)
        answer = admit(
            handshake.query,
            handshake.header("authorization"),
            handshake.subprotocols,
            self._options.api_key,
            ListenV2Parameters.from_query,
        )
        if isinstance(answer, HttpRefusal):
            return answer
        request_id = str(uuid4())
        headers = identity_headers(
            request_id, answer.model, str(uuid5(NAMESPACE_URL, answer.model))
        )
        return Accept(headers, partial(self._serve, ordinal, request_id, answer))

    async def _serve(
        self,
        ordinal: int,
        request_id: str,
        parameters: ListenV2Parameters,
        connection: ServerConnection,
    ) -> None:
        faults = self._options.faults
        writer = MessageWriter(request_id)
        machine = ListenV2Server(
            parameters,
            self._utterances,
            _turn_faults(self._options, ordinal),
            value_of(faults, FaultName.CONFIGURE_FAILURE, ordinal),
        )

        def last_word(reason: str) -> str:
            # On v2 an Error goes before every close for a reason of Deepgram's.
            if reason not in REASONS:
                return ""
            code = "INTERNAL_SERVER_ERROR" if reason == "NET-0000" else reason
            return writer.write(Errored(code, "This was asked for."))

        sender = WebSocketSender(connection, FaultInjector(faults, ordinal), self._clock, last_word)
        when_pinged(connection, lambda: machine.pinged(self._clock.now_us()))
        _log.info("Flux listening connection %d: open, %s", ordinal, parameters)
        session = ListeningSession(machine, writer.write, sender, self._clock, writer.sent)
        await session.run(connection)
        _log.info("Flux listening connection %d: closed, %s", ordinal, connection.close_code)


def _turn_faults(options: StandinOptions, ordinal: int) -> TurnFaults:
    faults = options.faults
    return TurnFaults(
        never_ends=value_of(faults, FaultName.NEVER_ENDS, ordinal),
        resumes=value_of(faults, FaultName.RESUMES, ordinal),
        late_words=value_of(faults, FaultName.LATE_WORDS, ordinal),
        goes_silent=value_of(faults, FaultName.GOES_SILENT, ordinal),
    )
