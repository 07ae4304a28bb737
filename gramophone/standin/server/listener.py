"""One port for websockets and HTTP: connections in, the routes' answers out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as UpgradeRequest
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gramophone.core.clock import wall_clock
from gramophone.standin.server.access import AllowedClients
from gramophone.standin.server.client_service import service_of
from gramophone.standin.server.http import (
    HttpConnection,
    Reply,
    Request,
    Timeouts,
    printable,
)
from gramophone.standin.server.logged_response import LoggedReply, is_text
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.request_routing import RequestRouter, is_private, nothing_at
from gramophone.standin.server.routes import (
    Accept,
    Address,
    HandshakeRequest,
    HandshakeResult,
    Routes,
)
from gramophone.standin.server.sniffing import LoggedConnection, SniffingConnection
from gramophone.standin.server.traffic_log import TrafficLog
from gramophone.standin.server.unserved import unserved
from gramophone.standin.server.wall_time import WallTime

_log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
_SWITCHING_PROTOCOLS = 101


@asynccontextmanager
async def listening(
    routes: Routes,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    timeouts: Timeouts | None = None,
    traffic_log: TrafficLog | None = None,
    guests: AllowedClients | None = None,
    wall: WallTime = wall_clock,
) -> AsyncGenerator[Address, None]:
    """Serve `routes` on one port while the block runs.

    On leaving, open websockets are closed with 1001, other connections without a word, and all
    their tasks are awaited. Without `guests`, programs may use the port that know it by `host` or
    a name of this machine for itself, and no web pages. `wall` dates the answers over HTTP.

    Raises:
        OSError: the port is taken, or there is no such address on this machine.
    """
    guests = guests or AllowedClients.of(host)
    served = _ServedPort(routes, timeouts or Timeouts(), traffic_log or TrafficLog(), guests, wall)
    async with serve(served.handle, host, port, **served.settings()) as server:
        try:
            # A name may stand for several addresses, each with a port of its own.
            yield Address(*next(iter(server.sockets)).getsockname()[:2])
        finally:
            # Later Pythons wait for all connections when the server closes, so these end first.
            server.server.close()
            await served.close()


class _ServedPort:
    """The routes of a port, and its connections that are not, or not yet, websockets."""

    def __init__(
        self,
        routes: Routes,
        timeouts: Timeouts,
        traffic_log: TrafficLog,
        guests: AllowedClients,
        wall: WallTime,
    ) -> None:
        self._wall = wall
        self._routes = routes
        self._guests = guests
        self._router = RequestRouter(routes, guests, timeouts.body_bytes)
        self.traffic_log = traffic_log
        self.timeouts = timeouts
        self.sniffing: set[SniffingConnection] = set()
        self._http: set[HttpConnection] = set()

    def settings(self) -> dict[str, Any]:
        """The arguments of `websockets.serve` beside the handler and the address."""
        connection = LoggedConnection if self.traffic_log.writing else SniffingConnection

        def connected(*protocol_and_server: Any, **settings: Any) -> SniffingConnection:
            return connection(*protocol_and_server, port=self, **settings)

        return {
            "create_connection": connected,
            "process_request": self.process_request,
            "process_response": self.process_response,
            "select_subprotocol": self.select_subprotocol,
            # Offers are tolerated and declined: compressing sound costs twenty times the sending.
            "compression": None,
            "ping_interval": None,
            "close_timeout": _CLOSE_TIMEOUT_S,
            "server_header": None,
            # A test may open hundreds of connections at once; the system caps it.
            "backlog": 4096,
        }

    def speak_http(self) -> HttpConnection:
        """The protocol for a connection that turned out to speak HTTP."""
        connection = HttpConnection(
            self._answer,
            self.timeouts,
            self._http.discard,
            self._router.refusal_of_unread,
            self._wall,
        )
        self._http.add(connection)
        return connection

    async def close(self) -> None:
        """Close a connection that is not a websocket."""
        for connection in list(self.sniffing):
            connection.transport.abort()
        await asyncio.gather(*(connection.stop() for connection in list(self._http)))

    # --- HTTP ---------------------------------------------------------------------------------

    async def _answer(self, request: Request, reply: Reply) -> None:
        if is_private(request.path):
            await self._router.handle(request, reply)
            return
        body = request.body
        text = body.decode(errors="replace") if is_text(request.header("content-type")) else ""
        number = self.traffic_log.opened(
            "request",
            request.path,
            request.query,
            request.headers,
            method=request.method,
            **({"text": text} if text else {"bytes": len(body)}),
        )
        if self.traffic_log.writing:
            bodiless = request.method == "HEAD"
            reply = LoggedReply(reply, self.traffic_log, number, bodiless=bodiless)
        try:
            await self._router.handle(request, reply)
        except asyncio.CancelledError:
            self.traffic_log.note(number, "gone")
            raise
        finally:
            self.traffic_log.over(number)

    # --- websockets ---------------------------------------------------------------------------

    async def process_request(
        self, connection: ServerConnection, request: UpgradeRequest
    ) -> Response | None:
        """Let the connection in, or answer with a refusal."""
        path, _, query = request.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in request.headers.raw_items())
        sniffed = cast("SniffingConnection", connection)
        sniffed.number = self.traffic_log.opened("websocket", path, query, headers)
        result = await self._result(HandshakeRequest(path, query, headers))
        if isinstance(result, Accept):
            sniffed.accepted = result
            return None
        status = result.status_code if isinstance(result, Response) else result.status
        self.traffic_log.note(sniffed.number, "answer", status=status)
        return result if isinstance(result, Response) else _response(result, str(uuid4()))

    async def _result(self, handshake: HandshakeRequest) -> HandshakeResult:
        path = handshake.path
        names = map(handshake.header, ("host", "origin", "sec-fetch-site"))
        if (stranger := self._guests.refusal(*names, private=is_private(path))) is not None:
            _log.warning("websocket %s: %s", path, stranger.message)
            return stranger
        endpoint = self._routes.endpoints.get(path)
        result = endpoint(handshake) if endpoint else self._no_websocket(handshake)
        if isinstance(result, Awaitable):
            result = await result
        if isinstance(result, HttpRefusal):
            _log.info("websocket %s: %d", path, result.status)
        return result

    def _no_websocket(self, handshake: HandshakeRequest) -> HandshakeResult:
        refusal, path = nothing_at(self._routes), handshake.path
        service = service_of(path, handshake.header)
        own = unserved(service, "GET", path, refusal, str(uuid4()))
        return refusal if own is None else _whole(own.status, refusal.reason, own.headers, own.body)

    def process_response(
        self, connection: ServerConnection, request: UpgradeRequest, response: Response
    ) -> None:
        """Add the service's own headers to the 101; a refusal lets go of what was held back."""
        sniffed = cast("SniffingConnection", connection)
        if response.status_code != _SWITCHING_PROTOCOLS:
            sniffed.accepted = None
            sniffed.release()
        elif sniffed.accepted is not None:
            for name, value in sniffed.accepted.headers:
                response.headers[name] = value

    def select_subprotocol(
        self, connection: ServerConnection, subprotocols: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """The first that was offered, which is the scheme: the second is the key itself."""
        return subprotocols[0] if subprotocols else None

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one websocket until it ends."""
        sniffed = cast("SniffingConnection", connection)
        assert sniffed.accepted is not None
        self.traffic_log.note(sniffed.number, "answer", status=_SWITCHING_PROTOCOLS)
        sniffed.release()
        await sniffed.accepted.serve(connection)
        self.traffic_log.note(
            sniffed.number,
            "closed",
            code=connection.close_code,
            reason=connection.close_reason,
        )
        self.traffic_log.over(sniffed.number)


def _response(refusal: HttpRefusal, request_id: str) -> Response:
    headers = refusal.headers(request_id)
    return _whole(refusal.status, refusal.reason, headers, refusal.body(request_id))


def _whole(status: int, reason: str, fields: Sequence[tuple[str, str]], body: bytes) -> Response:
    headers = Headers()
    for name, value in fields:
        headers[name] = printable(value)
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(status, reason, headers, body)
