"""Responses over a websocket at `/v1/responses`: one connection for many responses.

Each `response.create` is a request like one over HTTP, its answer the same events, each in a frame.
Source: openai 3.52 (`types/responses/responses_client_event.py`, `responses_server_event.py`), and
developers.openai.com, guide "WebSocket Mode": one response at a time, 60 minutes a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from sys import maxsize
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from gramophone.core.clock import Clock
from gramophone.standin.server import tcp
from gramophone.standin.server.http import Handler, Reply, Request
from gramophone.standin.server.routes import Accept, HandshakeRequest, HandshakeResult
from gramophone.wire.lenient_json import as_object, as_text, compact, encoded, read_object
from gramophone.wire.sse import SseReader

LONGEST_US = 3_600_000_000
"""Microseconds after which a connection takes no further request."""

_CANCEL = "response.cancel"
_RETRY_AFTER = "retry-after"


class ResponsesWebsocket:
    """Endpoint for websockets that hands each `response.create` to a handler of HTTP."""

    def __init__(
        self,
        new_handler: Callable[[], Handler],
        refusal: Callable[[HandshakeRequest], Response | None],
        clock: Clock,
    ) -> None:
        """`new_handler` makes that of a connection; `refusal` is None for who may connect."""
        self._new_handler = new_handler
        self._refusal = refusal
        self._clock = clock

    def __call__(self, handshake: HandshakeRequest) -> HandshakeResult:
        """Accept a connection, or refuse it."""
        return self._refusal(handshake) or Accept((), partial(self._serve, handshake))

    async def _serve(self, handshake: HandshakeRequest, connection: ServerConnection) -> None:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(self._respond_to_all(handshake, connection), name="frames")
            # An answer may be silent for ever: it ends when the client goes away.
            await connection.wait_closed()
            serving.cancel()

    async def _respond_to_all(
        self, handshake: HandshakeRequest, connection: ServerConnection
    ) -> None:
        ends_us = self._clock.now_us() + LONGEST_US
        answer = self._new_handler()

        async def respond(body: bytes, reply: Reply) -> None:
            await answer(Request("POST", handshake.path, "", handshake.headers, body), reply)

        with suppress(ConnectionClosed):
            async for frame in connection:
                reply = _FrameReply(connection)
                if self._clock.now_us() >= ends_us:
                    await reply.refuse(_LIMIT_REACHED, 400)
                    await connection.close()
                    return
                await _respond(frame, reply, respond)


async def _respond(
    frame: str | bytes, reply: _FrameReply, respond: Callable[[bytes, Reply], Awaitable[None]]
) -> None:
    """Answer one frame of the client to the end."""
    fields = read_object(frame)
    kind = fields.pop("type", None)
    if kind == _CANCEL:
        # The answer was sent to its end before this frame was read.
        return
    if kind != "response.create":
        await reply.refuse(_invalid(f"Unknown event type: {as_text(kind)!r}.", "type"), 400)
    elif fields.pop("generate", True) is False:
        await reply.refuse(_invalid("The stand-in does not warm up.", "generate"), 400)
    else:
        await respond(encoded(compact({**fields, "stream": True})), reply)


class _FrameReply:
    """A reply that sends the events of a stream as frames, and a refusal as an `error`."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._reader = SseReader(maxsize)
        self._status = 200
        self._headers: dict[str, str] = {}
        self._refusal = b""

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        self._status = status
        self._headers = {name: value for name, value in headers if name == _RETRY_AFTER}

    async def send(self, data: bytes) -> None:
        if self._status >= 400:
            self._refusal += data
            return
        for event in self._reader.feed(data):
            await self._connection.send(_in_frame(event))

    async def end(self) -> None:
        if self._status >= 400:
            error = as_object(read_object(self._refusal).get("error"))
            await self.refuse(error, self._status)

    async def refuse(self, error: dict[str, Any], status: int) -> None:
        """Send an error with the status that it would have over HTTP."""
        if self._headers:
            error = {**error, "headers": self._headers}
        await self._connection.send(compact({"type": "error", "status": status, "error": error}))

    async def spoil(self) -> None:
        """End the connection: a websocket has no chunks that could be malformed."""
        self.cut()

    def cut(self, *, reset: bool = False) -> None:
        """End the connection without a close frame."""
        if reset:
            tcp.reset(self._connection.transport)
        else:
            self._connection.transport.close()


def _in_frame(event: str) -> str:
    """An event as it is in a frame; an error has its fields in an object of their own there."""
    fields = read_object(event)
    if fields.get("type") != "error" or "error" in fields:
        return event
    error = {name: fields.get(name) for name in ("code", "message", "param")}
    # An event of HTTP does not say the type of its error.
    error["type"] = "server_error"
    number = fields.get("sequence_number")
    return compact({"type": "error", "sequence_number": number, "error": error})


def _invalid(message: str, param: str) -> dict[str, Any]:
    error = {"message": message, "param": param, "code": None}
    return {"type": "invalid_request_error", **error}


_LIMIT_REACHED = {
    "type": "invalid_request_error",
    "code": "websocket_connection_limit_reached",
    "message": "The websocket connection was open for 60 minutes; open a new one to continue.",
    "param": None,
}
