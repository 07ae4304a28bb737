"""The stand-in: a websocket server on loopback that plays the speech service's part."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5
from weakref import WeakKeyDictionary

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from gramophone.clock import Clock, SystemClock
from gramophone.standin.delivery import Delivery
from gramophone.standin.downlink import Downlink
from gramophone.standin.faults import FaultName, value_of
from gramophone.standin.handshake import SPEAK_PATH, Refusal, admit, refusal_with
from gramophone.standin.options import StandinOptions
from gramophone.standin.session import Session
from gramophone.standin.voices import Voice
from gramophone.wire.speak_messages import Metadata, SpeakParameters
from gramophone.wire.speak_server import SpeakQuirks, SpeakServer

_log = logging.getLogger(__name__)

_MODEL_VERSION = "2025-04-07.0"
_CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Admitted:
    """What the handshake found out about a connection."""

    ordinal: int
    metadata: Metadata
    parameters: SpeakParameters


class Standin:
    """The handshake and the sessions; `serving` gives it a socket."""

    def __init__(self, voice: Voice, options: StandinOptions, clock: Clock) -> None:
        self._voice = voice
        self._options = options
        self._clock = clock
        self._ordinals = count()
        self._admitted: WeakKeyDictionary[ServerConnection, _Admitted] = WeakKeyDictionary()

    def process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let the connection in, or answer with a refusal."""
        ordinal = next(self._ordinals)
        request_id = str(uuid4())
        answer = self._admit(request, ordinal)
        if isinstance(answer, Refusal):
            _log.info("connection %d: refused with %d", ordinal, answer.status)
            return _http(answer, request_id)
        metadata = Metadata(
            request_id, answer.model, _MODEL_VERSION, str(uuid5(NAMESPACE_URL, answer.model))
        )
        self._admitted[connection] = _Admitted(ordinal, metadata, answer)
        return None

    def process_response(
        self, connection: ServerConnection, request: Request, response: Response
    ) -> None:
        """Add the service's own headers to the 101."""
        if (admitted := self._admitted.get(connection)) is not None:
            response.headers["dg-request-id"] = admitted.metadata.request_id
            response.headers["dg-model-name"] = admitted.metadata.model_name
            response.headers["dg-model-uuid"] = admitted.metadata.model_uuid

    def select_subprotocol(
        self, connection: ServerConnection, subprotocols: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """The first that was offered, which is the scheme: the second is the key itself."""
        return subprotocols[0] if subprotocols else None

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one connection until it ends."""
        admitted = self._admitted[connection]
        ordinal, parameters = admitted.ordinal, admitted.parameters
        faults = self._options.faults
        quirks = SpeakQuirks(
            refused_flush=value_of(faults, FaultName.EXCESSIVE_FLUSH, ordinal),
            late_flushed=value_of(faults, FaultName.LATE_FLUSHED, ordinal) is not None,
        )
        session = Session(
            SpeakServer(admitted.metadata, self._options.limits, quirks),
            self._voice.for_connection(),
            parameters,
            Delivery(self._options, parameters, ordinal),
            Downlink(connection, self._options, ordinal),
            self._clock,
        )
        _log.info("connection %d: open, %s", ordinal, parameters.to_query())
        await session.run(connection)
        _log.info(
            "connection %d: closed, %s %s",
            ordinal,
            connection.close_code,
            connection.close_reason,
        )

    def _admit(self, request: Request, ordinal: int) -> SpeakParameters | Refusal:
        status = value_of(self._options.faults, FaultName.REFUSE, ordinal)
        if status is not None:
            return refusal_with(status)
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        answer = admit(
            request.path,
            ",".join(request.headers.get_all("Authorization")),
            [word.strip() for word in offered.split(",") if word.strip()],
            self._options.api_key,
        )
        if isinstance(answer, SpeakParameters) and (why := self._voice.refusal(answer)):
            return Refusal(400, "Bad Request", f"Bad Request: {why}")
        return answer


def _http(refusal: Refusal, request_id: str) -> Response:
    body = refusal.body(request_id)
    headers = Headers()
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    headers["dg-request-id"] = request_id
    headers["dg-error"] = refusal.message
    return Response(refusal.status, refusal.reason, headers, body)


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
    standin = Standin(voice, options or StandinOptions(), clock or SystemClock())
    settings: dict[str, Any] = {
        "process_request": standin.process_request,
        "process_response": standin.process_response,
        "select_subprotocol": standin.select_subprotocol,
        # Offers are tolerated and declined: compressing sound costs twenty times the sending.
        "compression": None,
        "ping_interval": None,
        "close_timeout": _CLOSE_TIMEOUT_S,
        "server_header": None,
    }
    async with serve(standin.handle, host, port, **settings) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://{host}:{bound}{SPEAK_PATH}"
