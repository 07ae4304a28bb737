"""A websocket passed on to the real service: frames, Pings, refusals and close codes unchanged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gramophone.core.tasks import cancel, spawn
from gramophone.standin.proxy.upstream import passes, trusting, unreachable
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import HandshakeRequest
from gramophone.standin.server.sniffing import when_pinged
from gramophone.standin.server.tcp import close_without_code
from gramophone.wire.limits import MOST_FRAME_BYTES
from gramophone.wire.loopback import on_this_machine

_log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 8.0
_CLOSE_TIMEOUT_S = 2.0
_UNSENDABLE = frozenset({1005, 1006, 1015})


class FrameWatcher(Protocol):
    """Sees the frames of one connection before the other side does."""

    def sent(self, frame: str | bytes) -> None:
        """Take note of a frame of the client."""
        ...

    def received(self, frame: str | bytes) -> None:
        """Take note of a frame of the service."""
        ...

    def ended(self, code: int, reason: str, *, by_service: bool) -> None:
        """Take note of the end; the last call."""
        ...


async def connected(
    upstream: str, handshake: HandshakeRequest
) -> ClientConnection | Response | HttpRefusal:
    """Connect to the same path of `upstream` (ws or wss), or give the answer to the client."""
    query = f"?{handshake.query}" if handshake.query else ""
    try:
        return await _connecting(f"{upstream}{handshake.path}{query}", handshake)
    except InvalidStatus as error:
        return _passed_on(error.response)
    except (OSError, WebSocketException, ValueError) as error:
        # Its own text may hold the whole address, with a key in the query.
        why = unreachable(urlsplit(upstream).netloc, error)
        _log.warning("%s (%s)", why, type(error).__name__)
        return HttpRefusal(502, "UPSTREAM_UNREACHABLE", why)


def headers_of(upstream: ClientConnection) -> tuple[tuple[str, str], ...]:
    """The headers of the service's answer to the handshake that are passed on."""
    assert upstream.response is not None
    return tuple(
        (name, value)
        for name, value in upstream.response.headers.raw_items()
        if passes(name.lower()) and name.lower() not in {"date", "server"}
    )


async def relay(
    upstream: ClientConnection, watcher: FrameWatcher | None, client: ServerConnection
) -> None:
    """Pass frames on in both directions until one side ends."""
    when_pinged(client, partial(_ping, upstream))
    up = spawn(_up(client, upstream, watcher), name="proxy, to the service")
    down = spawn(_down(upstream, client, watcher), name="proxy, to the client")
    try:
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel(up)
        await cancel(down)
        # The side that has not ended is closed with the code and reason of the other. A code
        # that no close frame may carry (RFC 6455, 7.4.1) is passed on as what it stands for:
        # 1005 as a close without a code, 1006 as a connection that breaks.
        by_service = upstream.close_code is not None
        ended, other = (upstream, client) if by_service else (client, upstream)
        code, reason = ended.close_code or 1006, ended.close_reason or ""
        if (failed := _sent_too_much(upstream)) is not None:
            ended, other, code, reason = upstream, client, *failed
        await _end(other, code, reason)
        await _end(ended, code, reason)
        if watcher is not None:
            watcher.ended(code, reason, by_service=by_service)


async def _up(
    client: ServerConnection, upstream: ClientConnection, watcher: FrameWatcher | None
) -> None:
    try:
        while True:
            frame = await client.recv()
            if watcher is not None:
                watcher.sent(frame)
            await upstream.send(frame)
    except ConnectionClosed:
        return


async def _down(
    upstream: ClientConnection, client: ServerConnection, watcher: FrameWatcher | None
) -> None:
    try:
        while True:
            frame = await upstream.recv()
            if watcher is not None:
                watcher.received(frame)
            await client.send(frame)
    except ConnectionClosed:
        return


class _Direct(connect):
    """A connection attempt that passes redirects on: the client may follow them itself."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _connecting(url: str, handshake: HandshakeRequest) -> Awaitable[ClientConnection]:
    return _Direct(
        url,
        additional_headers=[pair for pair in handshake.headers if passes(pair[0])],
        subprotocols=[Subprotocol(word) for word in handshake.subprotocols] or None,
        user_agent_header=None,
        ssl=trusting() if url.startswith("wss:") else None,
        compression=None,
        max_size=MOST_FRAME_BYTES,
        max_queue=4,
        # A Ping is a message to the service: only the client's are passed on.
        ping_interval=None,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=_CLOSE_TIMEOUT_S,
        proxy=None if on_this_machine(url) else True,
    )


def _passed_on(response: Response) -> Response:
    """The service's refusal for the client, with a body of known length."""
    body = bytes(response.body or b"")
    headers = Headers()
    for name, value in response.headers.raw_items():
        if passes(name.lower()):
            headers[name] = value
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(response.status_code, response.reason_phrase, headers, body)


def _sent_too_much(upstream: ClientConnection) -> tuple[int, str] | None:
    """Code and reason of the end if the service sent a message that is too large; else None."""
    close = upstream.protocol.close_sent
    if close is None or close.code != CloseCode.MESSAGE_TOO_BIG:
        return None
    _log.warning("the service sent a message of more than %d bytes", MOST_FRAME_BYTES)
    return close.code, f"the service sent a message of more than {MOST_FRAME_BYTES // 2**20} MB"


def _ping(upstream: ClientConnection) -> None:
    spawn(_send_ping(upstream), name="proxy, ping")


async def _send_ping(upstream: ClientConnection) -> None:
    try:
        await upstream.ping()
    except ConnectionClosed:
        return


async def _end(connection: Connection, code: int, reason: str) -> None:
    if code == 1006:
        connection.transport.abort()
    elif code in _UNSENDABLE:
        await close_without_code(connection)
    else:
        await connection.close(code, reason)
