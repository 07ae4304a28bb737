"""HTTP/1.1 on one connection: complete requests in, answers out piece by piece.

h11 has the grammar; here are the socket, the limits and the timeouts.
"""

# One timer serves three limits, since a connection is in one state at a time:
#
#   reading a request      request_s, from its first byte to its last: then 408
#   answering              none: answers of a model take as long as they take, and the handler is
#                          cancelled when the client goes away
#   idle between requests  idle_s: then closed
#
# Requests that are sent ahead (pipelining) wait inside h11 until the answer is out; what comes
# beyond 64 kB stays in the kernel, by `pause_reading`.
#
# A refusal (408, 413, not HTTP) closes in two steps. To close a socket on which unread bytes wait
# makes the kernel send a reset, which destroys the refusal on its way; so only the sending side is
# shut, and what still comes is read and thrown away for `linger_s`.

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Protocol, TypeAlias, cast

import h11

from gramophone.core.clock import wall_clock
from gramophone.core.frozen import frozen
from gramophone.core.tasks import spawn
from gramophone.standin.server import tcp

_log = logging.getLogger(__name__)

LARGEST_HEAD_BYTES = 65_536
_LARGEST_AHEAD_BYTES = 65_536
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_OVERLOADED = 529


class ClientGone(ConnectionError):
    """The client has gone away and does not read its answer."""


@frozen
class Request:
    """A complete request. Names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, several joined with a comma; empty when it is not there."""
        lower_name = name.lower()
        return ", ".join(value for header, value in self.headers if header == lower_name)


class Reply(Protocol):
    """One answer on one connection; every method may raise `ClientGone`."""

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Send the head; the body is chunked unless `headers` say how long it is."""
        ...

    async def send(self, data: bytes) -> None:
        """Send a piece of the body; it has reached the socket when this returns."""
        ...

    async def end(self) -> None:
        """End the body."""
        ...

    async def spoil(self) -> None:
        """Send a malformed chunk and end the connection: for clients' tests."""
        ...

    def cut(self, *, reset: bool = False) -> None:
        """End the connection now, the body unfinished; with a TCP reset if `reset`."""
        ...


Handler: TypeAlias = Callable[[Request, Reply], Awaitable[None]]
"""Answers one request; cancelled when the client goes away."""


WholeBody: TypeAlias = tuple[Sequence[tuple[str, str]], bytes]
"""The headers of an answer, without the length, and its body."""

RefusalForm: TypeAlias = Callable[[Request, int, str], WholeBody]
"""Writes the refusal of a request, whose body did not come, with this status and sentence."""


async def answer_whole(
    reply: Reply, status: int, headers: Sequence[tuple[str, str]], body: bytes
) -> None:
    """Send an answer whose body is known, and end it."""
    await reply.start(status, [*headers, ("content-length", str(len(body)))])
    await reply.send(body)
    await reply.end()


@frozen(kw_only=True)
class Timeouts:
    """Limits of time and size for a client.

    Attributes:
        request_s: seconds from the first byte of a request to its last.
        idle_s: seconds between two requests on one connection.
        linger_s: seconds that a refused client has to read the refusal.
        body_bytes: size of the longest body; a longer one is answered with 413.
    """

    request_s: float = 30.0
    idle_s: float = 600.0
    linger_s: float = 2.0
    body_bytes: int = 32 * 2**20


class HttpConnection(asyncio.Protocol):
    """One connection with any number of requests, one after the other."""

    def __init__(
        self,
        handler: Handler,
        timeouts: Timeouts,
        on_gone: Callable[[HttpConnection], None] | None = None,
        refusal_form: RefusalForm | None = None,
        wall: Callable[[], datetime] = wall_clock,
    ) -> None:
        """Without `refusal_form`, requests are refused in plain text. `wall` dates the answers."""
        self.wall = wall
        self._handler = handler
        self._timeouts = timeouts
        self._on_gone = on_gone
        self._refusal_form = refusal_form
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD_BYTES)
        self._timer: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._ahead_bytes = 0
        self._idle = False
        self._lost = False
        self._ended = False

    # --- the transport's side -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # A fault may reset the connection at a certain byte: all before it must be on its way.
        self._transport.set_write_buffer_limits(high=0)
        self._start_timer(self._timeouts.request_s, self.too_slow)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        if self._answering is not None:
            self._ahead_bytes += len(data)
            if self._ahead_bytes > _LARGEST_AHEAD_BYTES:
                self._transport.pause_reading()
        elif self._idle:
            self._idle = False
            self._start_timer(self._timeouts.request_s, self.too_slow)
        self._http.receive_data(data)
        self._read_events()

    def eof_received(self) -> None:
        # A client that shuts its sending side counts as gone, as with other HTTP servers: to
        # return nothing lets asyncio close the transport.
        pass

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._ended = True
        self._stop_timer()
        if self._answering is not None:
            self._answering.cancel()
        if self._on_gone is not None:
            self._on_gone(self)

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # --- reading ------------------------------------------------------------------------------

    def _read_events(self) -> None:
        while self._answering is None and not self._ended:
            try:
                event = self._http.next_event()
                if event is h11.NEED_DATA and self._http.they_are_waiting_for_100_continue:
                    self._write_event(h11.InformationalResponse(status_code=100, headers=[]))
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint, f"That is not HTTP/1.1: {error}.")
                return
            match event:
                case h11.Request():
                    self._begin(event)
                case h11.Data():
                    self._body += event.data
                    self._check_size(len(self._body))
                case h11.EndOfMessage():
                    self._answer()
                case _:
                    return

    def _begin(self, head: h11.Request) -> None:
        self._head = head
        self._body.clear()
        if head.http_version not in (b"1.0", b"1.1"):
            self._refuse(505, "Only HTTP/1.1 is spoken here.")
            return
        announced = dict(head.headers).get(b"content-length", b"0")
        # h11 has seen that it is a number.
        self._check_size(int(announced))

    def _check_size(self, size_bytes: int) -> None:
        allowed = self._timeouts.body_bytes
        if size_bytes > allowed:
            self._refuse(413, f"A request may have {allowed} bytes, not {size_bytes} or more.")

    def _answer(self) -> None:
        assert self._head is not None
        self._stop_timer()
        request = _request(self._head, bytes(self._body))
        self._head = None
        self._body.clear()
        self._answering = spawn(self._serve(request), name=f"{request.method} {request.path}")

    async def _serve(self, request: Request) -> None:
        reply = _HttpReply(self, bodiless=request.method == "HEAD")
        try:
            try:
                await self._handler(request, reply)
                if not reply.ended:
                    _log.error("%s %s was not answered", request.method, request.path)
                    await self._answer_failure(reply)
            except ClientGone:
                pass
            except Exception:
                _log.exception("%s %s failed", request.method, request.path)
                await self._answer_failure(reply)
        finally:
            self._answering = None
        self._next_request()

    async def _answer_failure(self, reply: _HttpReply) -> None:
        if reply.started:
            reply.cut()
            return
        plain = [("content-type", "text/plain; charset=utf-8")]
        try:
            await answer_whole(reply, 500, plain, b"The stand-in failed; see its log.\n")
        except ClientGone:
            pass

    def _next_request(self) -> None:
        if self._ended:
            return
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            self._ended = True
            self._transport.close()
            return
        self._http.start_next_cycle()
        if self._ahead_bytes > _LARGEST_AHEAD_BYTES:
            self._transport.resume_reading()
        self._ahead_bytes = 0
        if self._http.trailing_data[0]:
            self._start_timer(self._timeouts.request_s, self.too_slow)
            self._read_events()
        else:
            self._idle = True
            self._start_timer(self._timeouts.idle_s, self._transport.close)

    # --- errors of the client -----------------------------------------------------------------

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer with `status` and end the connection, whatever else the client sends."""
        self._ended = True
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers, body = self._refusal(status, sentence)
            closing = [("content-length", str(len(body))), ("connection", "close")]
            self._write_event(_head(status, [*headers, *closing], self.wall()))
            if self._head is None or self._head.method != b"HEAD":
                self._write_event(h11.Data(data=body))
            self._write_event(h11.EndOfMessage())
        # To close while the client still sends would reset the connection under the answer.
        self._transport.write_eof()
        self._start_timer(self._timeouts.linger_s, self._transport.abort)

    def _refusal(self, status: int, sentence: str) -> WholeBody:
        if self._head is None or self._refusal_form is None:
            return [("content-type", "text/plain; charset=utf-8")], f"{sentence}\n".encode()
        return self._refusal_form(_request(self._head, b""), status, sentence)

    def too_slow(self) -> None:
        """Refuse a request that did not come within its time."""
        self._refuse(
            408, f"The request was not complete after {self._timeouts.request_s:g} seconds."
        )

    async def stop(self) -> None:
        """End the connection, and the handler of its request."""
        self._ended = True
        answering = self._answering
        self._transport.close()
        if answering is not None:
            answering.cancel()
            await asyncio.wait([answering])
        self._transport.abort()

    def _start_timer(self, timeout_s: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(timeout_s, then)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- the answer's side --------------------------------------------------------------------

    def _write_event(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._transport.write(data)

    async def send_event(self, event: h11.Event) -> None:
        """Send an event of the answer; it has reached the socket when this returns.

        Raises:
            ClientGone: the connection has ended.
        """
        if self._ended:
            raise ClientGone
        self._write_event(event)
        await self._flushed()

    async def send_raw(self, data: bytes) -> None:
        """Send bytes that h11 would refuse to write.

        Raises:
            ClientGone: the connection has ended.
        """
        if self._ended:
            raise ClientGone
        self._transport.write(data)
        await self._flushed()

    def cut(self, *, reset: bool) -> None:
        """End the connection now."""
        self._ended = True
        if reset:
            tcp.reset(self._transport)
        else:
            self._transport.abort()

    async def _flushed(self) -> None:
        # The task is cancelled when the connection is lost, so this cannot wait for ever.
        if self._writable is not None:
            await self._writable
        if self._lost:
            raise ClientGone


class _HttpReply:
    """The answer to one request."""

    def __init__(self, connection: HttpConnection, *, bodiless: bool) -> None:
        self._connection = connection
        self._bodiless = bodiless
        self.started = False
        self.ended = False

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        self.started = True
        self._bodiless = self._bodiless or status in (204, 304)
        await self._connection.send_event(_head(status, headers, self._connection.wall()))

    async def send(self, data: bytes) -> None:
        if data and not self._bodiless:
            await self._connection.send_event(h11.Data(data=data))

    async def end(self) -> None:
        self.ended = True
        await self._connection.send_event(h11.EndOfMessage())

    async def spoil(self) -> None:
        self.ended = True
        await self._connection.send_raw(b"not-a-size\r\n")
        self._connection.cut(reset=False)

    def cut(self, *, reset: bool = False) -> None:
        self.ended = True
        self._connection.cut(reset=reset)


def _request(head: h11.Request, body: bytes) -> Request:
    target = head.target.decode("latin-1")
    if not target.startswith("/"):
        # A proxy is asked with the whole address.
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers)
    return Request(head.method.decode("ascii"), path, query, headers, body)


def _head(status: int, headers: Sequence[tuple[str, str]], now: datetime) -> h11.Response:
    dated = [*headers, ("date", format_datetime(now, usegmt=True))]
    safe = [(name, printable(value)) for name, value in dated]
    return h11.Response(status_code=status, headers=safe, reason=_phrase(status))


def printable(value: str) -> str:
    """A text as the value of a header.

    Text of a request may be repeated in a header of the answer (`dg-error`); a line end in it would
    begin a header of the client's choice.
    """
    return _UNPRINTABLE.sub("?", value).strip()


def _phrase(status: int) -> str:
    if status == _OVERLOADED:
        return "Overloaded"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
