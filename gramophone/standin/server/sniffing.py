"""Connections whose protocol is recognised by their first bytes: a websocket, or plain HTTP."""

# Both protocols begin with an HTTP request, and one port serves both: clients are given one host
# and derive all addresses from it. A connection therefore goes through three states.
#
#   SNIFFING    Bytes are collected. As soon as they cannot be the GET of a handshake any more
#               (another method, a head that is too long, a complete head without
#               `Upgrade: websocket`), the transport gets an `HttpConnection` as its protocol and
#               this object is dropped. Nothing of `websockets` has run by then: its
#               `connection_made`, which starts the task of the handshake, is called only when
#               the upgrade was seen.
#   HANDSHAKE   The head was given to `websockets`, whose task asks our endpoint. That may take
#               seconds: the proxy connects to the real service meanwhile.
#   OPEN        Bytes go straight through.
#
# What comes in HANDSHAKE behind the head is held back. RFC 6455, 4.1, forbids a client to send
# frames before it has the 101, but some bytes come all the same: a client that is too eager, or a
# hostile one. `websockets` (read in 17.4) parses them at once, although its state is still
# CONNECTING. A Close frame or one that is malformed then makes its protocol send the end of the
# stream (`Protocol.fail`, `recv_frame`), and the answer to the handshake, a refusal or a 101,
# comes behind that end: `send_response` fails on `assert not self.eof_sent`, or is written to a
# transport that was half-closed, and the client gets nothing at all. Held back until the answer
# is out, the same bytes are ordinary frames, and what is wrong with them is said in a close frame.

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, Protocol, cast

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from gramophone.standin.server.http import LARGEST_HEAD_BYTES, HttpConnection, Timeouts
from gramophone.standin.server.routes import Accept
from gramophone.standin.server.traffic_log import TrafficLog

_END_OF_HEAD = b"\r\n\r\n"
_UPGRADE = re.compile(rb"^upgrade[ \t]*:[^\r\n]*\bwebsocket\b", re.IGNORECASE | re.MULTILINE)


class Port(Protocol):
    """The listening port, as far as its connections need it."""

    @property
    def timeouts(self) -> Timeouts:
        """Times and sizes that clients are allowed."""
        ...

    @property
    def traffic_log(self) -> TrafficLog:
        """The log of all that passes."""
        ...

    @property
    def sniffing(self) -> set[SniffingConnection]:
        """The connections whose protocol is not known yet."""
        ...

    def speak_http(self) -> HttpConnection:
        """Make the protocol for a connection that turned out to speak HTTP."""
        ...


class SniffingConnection(ServerConnection):
    """A connection of unknown protocol that goes on as a websocket, or is handed over to HTTP.

    Attributes:
        accepted: the endpoint's answer to the handshake, once it has let the connection in.
        number: of the connection in the traffic log.
        pinged: called at every Ping and Pong.
    """

    def __init__(self, *protocol_and_server: Any, port: Port, **settings: Any) -> None:
        super().__init__(*protocol_and_server, **settings)
        self.accepted: Accept | None = None
        self.number = 0
        self.pinged: Callable[[], None] = _ignored
        self._port = port
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._is_known = False
        self._holds_back = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._port.sniffing.add(self)
        self._timer = self.loop.call_later(self._port.timeouts.request_s, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._is_known and not self._holds_back:
            super().data_received(data)
            return
        self._received += data
        if self._holds_back:
            if len(self._received) > LARGEST_HEAD_BYTES:
                self.transport.pause_reading()
        elif not self._could_be_a_websocket():
            self._speak_http()
        elif (end := self._received.find(_END_OF_HEAD)) >= 0:
            if _UPGRADE.search(self._received, 0, end + 2):
                self._shake_hands(end + len(_END_OF_HEAD))
            else:
                self._speak_http()

    def release(self) -> None:
        """Go on with what came during the handshake; its answer is out, or is a refusal."""
        if not self._holds_back:
            return
        self._holds_back = False
        received, self._received = bytes(self._received), bytearray()
        self.transport.resume_reading()
        if received and self.accepted is not None:
            super().data_received(received)

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
        if self._is_known:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_known:
            super().connection_lost(exc)
        else:
            self._leave_sniffing()

    def _could_be_a_websocket(self) -> bool:
        received = self._received
        if not b"GET ".startswith(received[:4]):
            return False
        return _END_OF_HEAD in received or len(received) <= LARGEST_HEAD_BYTES

    def _leave_sniffing(self) -> None:
        self._is_known = True
        self._port.sniffing.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _shake_hands(self, head_bytes: int) -> None:
        self._leave_sniffing()
        head, early = bytes(self._received[:head_bytes]), bytes(self._received[head_bytes:])
        self._received.clear()
        super().connection_made(self.transport)
        super().data_received(head)
        # A head that `websockets` does not take has ended the connection already.
        self._holds_back = self.request is not None
        if early:
            self.data_received(early)

    def _speak_http(self) -> HttpConnection:
        self._leave_sniffing()
        connection = self._port.speak_http()
        self.transport.set_protocol(connection)
        connection.connection_made(self.transport)
        connection.data_received(bytes(self._received))
        return connection

    def _too_slow(self) -> None:
        if self._received:
            self._speak_http().too_slow()
        else:
            self.transport.abort()


class LoggedConnection(SniffingConnection):
    """A connection of which each frame is written to the traffic log."""

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            text = bytes(event.data).decode(errors="replace")
            self._port.traffic_log.frame(self.number, "in", text)
        elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
            self._port.traffic_log.frame(self.number, "in", bytes(event.data))
        super().process_event(event)

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        self._port.traffic_log.frame(self.number, "out", message)
        await super().send(message, text=text)


def when_pinged(connection: ServerConnection, then: Callable[[], None]) -> None:
    """Call `then` at every Ping and Pong of a connection that came through this port."""
    cast("SniffingConnection", connection).pinged = then


def _ignored() -> None:
    pass


def _binary_head(size: int) -> bytes:
    """The head of an unmasked binary frame that is a whole message (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((0x82, size))
    if size < 65_536:
        return b"\x82\x7e" + size.to_bytes(2)
    return b"\x82\x7f" + size.to_bytes(8)
