"""One port for everything that is served: websockets and HTTP, told apart by their first bytes.

Routes are values. A websocket path has a door, which lets a connection in or refuses it; a
method and a path have a handler. Who plays which service does not know of the port.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import field
from typing import Any, TypeAlias, cast
from uuid import uuid4

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as UpgradeRequest
from websockets.http11 import Response
from websockets.protocol import Event, State
from websockets.typing import Subprotocol

from gramophone.core.frozen import frozen
from gramophone.standin.server.access import Guests
from gramophone.standin.server.http import (
    LARGEST_HEAD_BYTES,
    Handler,
    HttpConnection,
    Reply,
    Request,
    Timeouts,
    answer_whole,
)
from gramophone.standin.server.logged_response import WrittenReply, is_text
from gramophone.standin.server.refusal import Refusal
from gramophone.standin.server.traffic_log import TrafficLog

_log = logging.getLogger(__name__)

CONTROL_PATH = "/control"
"""Where a stand-in is told what to do; what goes on there is no part of what is played."""

_CLOSE_TIMEOUT_S = 2.0
_UPGRADE = re.compile(rb"^upgrade[ \t]*:[^\r\n]*\bwebsocket\b", re.IGNORECASE | re.MULTILINE)


@frozen
class HandshakeRequest:
    """A websocket connection that asks to be let in."""

    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """The value of a header, several joined with a comma; empty when it is not there."""
        wanted = name.lower()
        return ",".join(value for held, value in self.headers if held == wanted)

    @property
    def subprotocols(self) -> list[str]:
        """What was offered in `Sec-WebSocket-Protocol`, in order."""
        offered = self.header("sec-websocket-protocol").split(",")
        return [word.strip() for word in offered if word.strip()]


@frozen
class Accept:
    """A connection is let in: headers for the 101, and what serves it until it ends."""

    headers: tuple[tuple[str, str], ...]
    serve: Callable[[ServerConnection], Awaitable[None]]


HandshakeResult: TypeAlias = Accept | Refusal | Response
"""Whether a connection is let in; a Response is a refusal in words of its own."""

Endpoint: TypeAlias = Callable[[HandshakeRequest], HandshakeResult | Awaitable[HandshakeResult]]
"""Lets a websocket connection in or refuses it."""


@frozen
class Routes:
    """What is served where."""

    doors: Mapping[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    handlers: Mapping[tuple[str, str], Handler] = field(
        default_factory=dict[tuple[str, str], Handler]
    )

    def __or__(self, others: Routes) -> Routes:
        """Both; where they meet, `others`."""
        return Routes({**self.doors, **others.doors}, {**self.handlers, **others.handlers})


@frozen
class Address:
    """Where the port is."""

    host: str
    port: int

    def websocket(self, path: str = "") -> str:
        return f"ws://{self._authority}{path}"

    def http(self, path: str = "") -> str:
        return f"http://{self._authority}{path}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@asynccontextmanager
async def listening(
    routes: Routes,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    patience: Timeouts | None = None,
    ledger: TrafficLog | None = None,
    guests: Guests | None = None,
) -> AsyncGenerator[Address, None]:
    """Serve `routes` on one port while the block runs.

    On leaving, open websockets are closed with 1001, other connections just so, and all their
    tasks awaited.

    `ledger` gets to know of everything that passes. `guests` are programs that know the port by
    `host` or a name of this machine for itself, and no web pages, unless told otherwise.

    Raises:
        OSError: the port is taken, or there is no such address on this machine.
    """
    guests = guests or Guests.of(host)
    house = _Server(routes, patience or Timeouts(), ledger or TrafficLog(), guests)
    caller = _WrittenCaller if house.ledger.writing else _SniffingConnection

    def arriving(*protocol_and_server: Any, **settings: Any) -> _SniffingConnection:
        return caller(*protocol_and_server, house=house, **settings)

    settings: dict[str, Any] = {
        "create_connection": arriving,
        "process_request": house.process_request,
        "process_response": house.process_response,
        "select_subprotocol": house.select_subprotocol,
        # Offers are tolerated and declined: compressing sound costs twenty times the sending.
        "compression": None,
        "ping_interval": None,
        "close_timeout": _CLOSE_TIMEOUT_S,
        "server_header": None,
        # A test may open hundreds of connections at once; the system caps it.
        "backlog": 4096,
    }
    async with serve(house.handle, host, port, **settings) as server:
        try:
            # A name may stand for several addresses, each with a port of its own.
            yield Address(*next(iter(server.sockets)).getsockname()[:2])
        finally:
            # Later Pythons wait for all connections when the server closes, so these end first.
            server.server.close()
            await house.close()


def when_pinged(connection: ServerConnection, then: Callable[[], None]) -> None:
    """Call `then` at every Ping and Pong of a connection that came through this port."""
    cast("_SniffingConnection", connection).pinged = then


class _Server:
    """The routes, and the connections that are not, or not yet, websockets."""

    def __init__(
        self, routes: Routes, patience: Timeouts, ledger: TrafficLog, guests: Guests
    ) -> None:
        self._routes = routes
        self._guests = guests
        self.ledger = ledger
        self.patience = patience
        self.callers: set[_SniffingConnection] = set()
        self._http: set[HttpConnection] = set()

    def speak_http(self) -> HttpConnection:
        """The protocol for a connection that turned out to speak HTTP."""
        connection = HttpConnection(self._answer, self.patience, self._http.discard)
        self._http.add(connection)
        return connection

    async def close(self) -> None:
        """End what is no websocket."""
        for caller in list(self.callers):
            caller.transport.abort()
        await asyncio.gather(*(connection.stop() for connection in list(self._http)))

    # --- HTTP ---------------------------------------------------------------------------------

    async def _answer(self, request: Request, reply: Reply) -> None:
        if request.path.startswith(CONTROL_PATH):
            await self._handle(request, reply)
            return
        body = request.body
        told = body.decode(errors="replace") if is_text(request.header("content-type")) else ""
        number = self.ledger.opened(
            "request",
            request.path,
            request.query,
            request.headers,
            method=request.method,
            **({"text": told} if told else {"bytes": len(body)}),
        )
        if self.ledger.writing:
            reply = WrittenReply(reply, self.ledger, number)
        try:
            await self._handle(request, reply)
        except asyncio.CancelledError:
            self.ledger.note(number, "gone")
            raise
        finally:
            self.ledger.over(number)

    async def _handle(self, request: Request, reply: Reply) -> None:
        names = map(request.header, ("host", "origin", "sec-fetch-site"))
        if (stranger := self._guests.refusal(*names)) is not None:
            _log.warning("%s %s: %s", request.method, request.path, stranger.message)
            await refuse(reply, stranger, str(uuid4()))
            return
        handler = self._routes.handlers.get((request.method, request.path))
        if handler is not None:
            await handler(request, reply)
            return
        refusal, headers = self._unserved(request)
        _log.info("%s %s: %d", request.method, request.path, refusal.status)
        await refuse(reply, refusal, str(uuid4()), headers)

    def _unserved(self, request: Request) -> tuple[Refusal, Sequence[tuple[str, str]]]:
        path = request.path
        if path in self._routes.doors and request.method == "GET":
            sentence = f"{path} is a websocket; connect to it with a websocket client."
            return Refusal(426, "UPGRADE_REQUIRED", sentence), [("upgrade", "websocket")]
        allowed = ", ".join(method for method, served in self._routes.handlers if served == path)
        if allowed:
            sentence = f"{path} takes {allowed}, not {request.method}."
            return Refusal(405, "METHOD_NOT_ALLOWED", sentence), [("allow", allowed)]
        return self._nothing(), []

    def _nothing(self) -> Refusal:
        served = {*self._routes.doors, *(path for _, path in self._routes.handlers)}
        paths = " or ".join(sorted(served))
        return Refusal(404, "NOT_FOUND", f"There is nothing at this path; try {paths}.")

    # --- websockets ---------------------------------------------------------------------------

    async def process_request(
        self, connection: ServerConnection, request: UpgradeRequest
    ) -> Response | None:
        """Let the connection in, or answer with a refusal."""
        path, _, query = request.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in request.headers.raw_items())
        caller = cast("_SniffingConnection", connection)
        caller.number = self.ledger.opened("websocket", path, query, headers)
        door = self._routes.doors.get(path)
        arrival = HandshakeRequest(path, query, headers)
        names = map(arrival.header, ("host", "origin", "sec-fetch-site"))
        answer = self._guests.refusal(*names)
        if answer is not None:
            _log.warning("websocket %s: %s", path, answer.message)
        else:
            answer = door(arrival) if door else self._nothing()
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, Response):
            self.ledger.note(caller.number, "answer", status=answer.status_code)
            return answer
        if isinstance(answer, Refusal):
            _log.info("websocket %s: %d", path, answer.status)
            self.ledger.note(caller.number, "answer", status=answer.status)
            return _response(answer, str(uuid4()))
        caller.admission = answer
        return None

    def process_response(
        self, connection: ServerConnection, request: UpgradeRequest, response: Response
    ) -> None:
        """Add the service's own headers to the 101."""
        if (admission := cast("_SniffingConnection", connection).admission) is not None:
            for name, value in admission.headers:
                response.headers[name] = value

    def select_subprotocol(
        self, connection: ServerConnection, subprotocols: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """The first that was offered, which is the scheme: the second is the key itself."""
        return subprotocols[0] if subprotocols else None

    async def handle(self, connection: ServerConnection) -> None:
        """Serve one websocket until it ends."""
        caller = cast("_SniffingConnection", connection)
        assert caller.admission is not None
        self.ledger.note(caller.number, "answer", status=101)
        await caller.admission.serve(connection)
        self.ledger.note(
            caller.number,
            "closed",
            code=connection.close_code,
            reason=connection.close_reason,
        )
        self.ledger.over(caller.number)


class _SniffingConnection(ServerConnection):
    """A connection of which nothing is known until its first bytes have come.

    A websocket goes on as what this is; anything else is handed to HTTP and forgotten here.
    """

    def __init__(self, *protocol_and_server: Any, house: _Server, **settings: Any) -> None:
        super().__init__(*protocol_and_server, **settings)
        self.admission: Accept | None = None
        self.number = 0
        self.pinged: Callable[[], None] = _ignored
        self._house = house
        self._opening = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._house.callers.add(self)
        self._timer = self.loop.call_later(self._house.patience.request_s, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._known:
            super().data_received(data)
            return
        self._opening += data
        if not self._could_be_a_websocket():
            self._speak_http()
        elif b"\r\n\r\n" in self._opening:
            if _UPGRADE.search(self._opening):
                self._know()
                super().connection_made(self.transport)
                super().data_received(bytes(self._opening))
            else:
                self._speak_http()

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        # A frame of sound is sent thousands of times a second, and the way for messages that may
        # come in parts or compressed, which none does here, costs as much again as the sending.
        if type(message) is not bytes or self.protocol.state is not State.OPEN:
            await super().send(message, text=text)
            return
        self.transport.write(_binary_head(len(message)) + message)
        await self.drain()

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode in (Opcode.PING, Opcode.PONG):
            self.pinged()

    def eof_received(self) -> None:
        if self._known:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._known:
            super().connection_lost(exc)
        else:
            self._know()

    def _could_be_a_websocket(self) -> bool:
        opening = self._opening
        return len(opening) <= LARGEST_HEAD_BYTES and b"GET ".startswith(opening[:4])

    def _know(self) -> None:
        self._known = True
        self._house.callers.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _speak_http(self) -> HttpConnection:
        self._know()
        connection = self._house.speak_http()
        self.transport.set_protocol(connection)
        connection.connection_made(self.transport)
        connection.data_received(bytes(self._opening))
        return connection

    def _too_slow(self) -> None:
        if self._opening:
            self._speak_http().too_slow()
        else:
            self.transport.abort()


def _ignored() -> None:
    pass


def _binary_head(size: int) -> bytes:
    """The head of an unmasked binary frame that is a whole message (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((0x82, size))
    if size < 65_536:
        return b"\x82\x7e" + size.to_bytes(2)
    return b"\x82\x7f" + size.to_bytes(8)


class _WrittenCaller(_SniffingConnection):
    """A connection of which each frame is written down."""

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            text = bytes(event.data).decode(errors="replace")
            self._house.ledger.frame(self.number, "in", text)
        elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
            self._house.ledger.frame(self.number, "in", bytes(event.data))
        super().process_event(event)

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        self._house.ledger.frame(self.number, "out", message)
        await super().send(message, text=text)


async def refuse(
    reply: Reply,
    refusal: Refusal,
    request_id: str,
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Answer a request with a refusal."""
    told = [*_refusal_headers(refusal, request_id), *headers]
    await answer_whole(reply, refusal.status, told, refusal.body(request_id))


def _response(refusal: Refusal, request_id: str) -> Response:
    body = refusal.body(request_id)
    headers = Headers()
    for name, value in _refusal_headers(refusal, request_id):
        headers[name] = value
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(refusal.status, refusal.reason, headers, body)


def _refusal_headers(refusal: Refusal, request_id: str) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("dg-request-id", request_id),
        ("dg-error", refusal.message),
    ]
