"""One port: who speaks HTTP and who a websocket, and how each of them ends."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import h11
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gramophone.standin.server.http import ClientGone, Reply, Request, Timeouts, answer_whole
from gramophone.standin.server.listener import listening
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import Accept, Address, HandshakeRequest, Routes
from tests.support.http_client import line

TEXT = [("content-type", "text/plain")]


class ExampleHandlers:
    """Handlers that show what a handler can do, and what they saw."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.began = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.gone = asyncio.Event()

    def routes(self) -> Routes:
        handlers = {
            ("POST", "/echo"): self.echo,
            ("GET", "/pieces"): self.pieces,
            ("GET", "/wait"): self.wait,
            ("GET", "/flood"): self.flood,
            ("GET", "/broken"): self.broken,
            ("GET", "/nothing"): self.nothing,
            ("GET", "/spoil"): self.spoil,
            ("GET", "/cut"): self.cut,
            ("GET", "/reset"): self.reset,
        }
        return Routes({"/socket": self.endpoint, "/closed": self.closed_endpoint}, handlers)

    def endpoint(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        headers = (("x-query", handshake.query), ("x-offered", "+".join(handshake.subprotocols)))
        return Accept(headers, self.talk)

    def closed_endpoint(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        return HttpRefusal(402, "NO_CREDIT", "No credit.")

    async def talk(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    async def echo(self, request: Request, reply: Reply) -> None:
        self.seen.append(request)
        await answer_whole(reply, 200, TEXT, request.body)

    async def pieces(self, request: Request, reply: Reply) -> None:
        await reply.start(200, TEXT)
        for piece in (b"one", b"", b"two"):
            await reply.send(piece)
        await reply.end()

    async def wait(self, request: Request, reply: Reply) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    async def flood(self, request: Request, reply: Reply) -> None:
        await reply.start(200, TEXT)
        self.began.set()
        try:
            while True:
                await reply.send(bytes(65_536))
        finally:
            self.gone.set()

    async def broken(self, request: Request, reply: Reply) -> None:
        raise ValueError("no")

    async def nothing(self, request: Request, reply: Reply) -> None:
        pass

    async def spoil(self, request: Request, reply: Reply) -> None:
        await reply.start(200, TEXT)
        await reply.send(b"good")
        await reply.spoil()

    async def cut(self, request: Request, reply: Reply) -> None:
        await reply.start(200, TEXT)
        await reply.send(b"half")
        reply.cut()
        with pytest.raises(ClientGone):
            await reply.send(b"the rest")

    async def reset(self, request: Request, reply: Reply) -> None:
        await reply.start(200, TEXT)
        await reply.send(b"half")
        reply.cut(reset=True)


@asynccontextmanager
async def opened(**timeouts: float) -> AsyncGenerator[tuple[ExampleHandlers, Address], None]:
    handlers = ExampleHandlers()
    limited = Timeouts(**timeouts)  # pyright: ignore[reportArgumentType]
    async with listening(handlers.routes(), timeouts=limited) as address:
        yield handlers, address


# --- both on one port -------------------------------------------------------------------------


async def test_a_websocket_and_http_share_the_port() -> None:
    async with opened() as (_, address), line(address.port) as http:
        url = address.websocket("/socket?a=b")
        async with connect(url, subprotocols=["x", "y"]) as websocket:  # pyright: ignore[reportArgumentType]
            assert websocket.response is not None
            assert websocket.response.headers["x-query"] == "a=b"
            assert websocket.response.headers["x-offered"] == "x+y"
            assert websocket.subprotocol == "x"
            await websocket.send("hello")
            assert (await http.ask("POST", "/echo", b"there")).body == b"there"
            assert await websocket.recv() == "hello"


async def test_a_handshake_may_come_in_pieces() -> None:
    head = (
        b"GET /socket HTTP/1.1\r\nHost: [::1]\r\nConnection: Upgrade\r\nUPGRADE:WebSocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with opened() as (_, address), line(address.port) as http:
        for byte in head:
            http.write(bytes([byte]))
            await http.writer.drain()
        assert (await http.reader.readline()).startswith(b"HTTP/1.1 101 ")


HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
NO_FRAME = b"\xff\xff\xff"
TEXT_FRAME = b"\x81\x82\x00\x00\x00\x00hi"
CLOSE_FRAME = b"\x88\x82\x00\x00\x00\x00\x03\xe8"


@pytest.mark.parametrize(
    "early",
    [NO_FRAME, CLOSE_FRAME, TEXT_FRAME, bytes(200_000)],
    ids=["no frame", "close", "text", "flood"],
)
async def test_frames_before_a_refusal_change_nothing_of_it(
    early: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as (_, address), line(address.port) as client:
        client.write(HANDSHAKE % b"/closed" + early)
        answer = await client.everything()
    assert answer.startswith(b"HTTP/1.1 402 ")
    assert answer.endswith(b"}")
    assert caplog.records == []


async def test_frames_before_the_answer_are_read_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as (_, address), line(address.port) as client:
        client.write(HANDSHAKE % b"/socket" + TEXT_FRAME)
        head = await client.reader.readuntil(b"\r\n\r\n")
        echo = await client.reader.readexactly(4)
        client.write(CLOSE_FRAME)
        closed = await client.everything()
    assert head.startswith(b"HTTP/1.1 101 ")
    assert (echo, closed) == (b"\x81\x02hi", b"\x88\x02\x03\xe8")
    assert caplog.records == []


async def test_rubbish_before_the_answer_is_a_protocol_error_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as (_, address), line(address.port) as client:
        client.write(HANDSHAKE % b"/socket" + NO_FRAME)
        answer = await client.everything()
    head, _, frames = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert (frames[:1], frames[2:4]) == (b"\x88", (1002).to_bytes(2))
    assert caplog.records == []


async def test_a_websocket_is_refused_with_headers_and_body() -> None:
    async with opened() as (_, address):
        for path, status in (("/closed", 402), ("/elsewhere", 404), ("/echo", 404)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(address.websocket(path))
            assert refused.value.response.status_code == status
            assert refused.value.response.headers["dg-error"]
            assert refused.value.response.body


@pytest.mark.parametrize(
    ("method", "path", "status", "header", "value"),
    [
        ("GET", "/socket", 426, "upgrade", "websocket"),
        ("DELETE", "/echo", 405, "allow", "POST"),
        ("GET", "/elsewhere", 404, "content-type", "application/json"),
        ("HEAD", "/elsewhere", 404, "content-type", "application/json"),
    ],
)
async def test_what_is_not_served_is_said_so(
    method: str, path: str, status: int, header: str, value: str
) -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.write(f"{method} {path} HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n".encode())
        answer = await http.everything()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().splitlines()
    assert lines[0].split()[1] == str(status)
    assert f"{header}: {value}".lower() in [line.lower() for line in lines]
    assert bool(body) == (method != "HEAD")


# --- requests and answers ---------------------------------------------------------------------


async def test_a_connection_is_kept() -> None:
    async with opened() as (handlers, address), line(address.port) as http:
        for number in range(3):
            body = str(number).encode()
            assert (await http.ask("POST", "/echo?q=1", body, {"X-A": "1"})).body == body
        pieces = await http.ask("GET", "/pieces")
        assert (pieces.body, pieces.headers["transfer-encoding"]) == (b"onetwo", "chunked")
        assert "date" in pieces.headers
    assert [request.query for request in handlers.seen] == ["q=1"] * 3
    assert handlers.seen[0].header("x-a") == handlers.seen[0].header("X-A") == "1"
    assert handlers.seen[0].header("x-b") == ""


async def test_requests_that_come_at_once_are_answered_in_order() -> None:
    async with opened() as (_, address), line(address.port) as http:
        requests = b"".join(
            b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 1\r\n\r\n%d" % number
            for number in range(5)
        )
        http.write(requests + b"GET /pieces HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
        answers = await http.everything()
    assert answers.count(b"HTTP/1.1 200 ") == 6
    bodies = [answers.index(b"\r\n\r\n%d" % number) for number in range(5)]
    assert bodies == sorted(bodies)


async def test_a_flood_of_requests_is_held_back_and_answered() -> None:
    one = b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 1000\r\n\r\n" + bytes(1000)
    async with opened() as (_, address), line(address.port) as http:
        http.write(one * 500 + b"GET /pieces HTTP/1.0\r\n\r\n")
        assert (await http.everything()).count(b"HTTP/1.1 200 ") == 501


async def test_http_1_0_gets_a_body_without_chunks() -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.write(b"GET /pieces HTTP/1.0\r\n\r\n")
        answer = await http.everything()
    assert answer.endswith(b"\r\n\r\nonetwo")
    assert b"chunked" not in answer


async def test_a_proxy_may_ask_with_the_whole_address() -> None:
    async with opened() as (handlers, address), line(address.port) as http:
        await http.ask("POST", "http://here:80/echo?x", b"")
    assert (handlers.seen[0].path, handlers.seen[0].query) == ("/echo", "x")


async def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.write(
            b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert (await http.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        http.write(b"hi")
        assert (await http.everything()).endswith(b"\r\n\r\nhi")


async def test_a_header_made_of_what_a_client_sent_cannot_end_the_head() -> None:
    async def mirror(request: Request, reply: Reply) -> None:
        await answer_whole(reply, 200, [("x-mirror", "a\r\nx-evil: ö ")], b"")

    routes = Routes(handlers={("GET", "/"): mirror})
    async with listening(routes) as address, line(address.port) as http:
        answer = await http.ask("GET", "/")
    assert answer.headers["x-mirror"] == "a??x-evil: ?"
    assert "x-evil" not in answer.headers


# --- limits -----------------------------------------------------------------------------------


async def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    async with opened(body_bytes=100_000) as (_, address):
        async with line(address.port) as http:
            assert len((await http.ask("POST", "/echo", bytes(100_000))).body) == 100_000
            assert (await http.ask("POST", "/echo", bytes(100_001))).status == 413
        async with line(address.port) as http:
            http.write(b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(2):
                http.write(b"c351\r\n" + bytes(0xC351) + b"\r\n")
            assert (await http.everything()).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"HELLO\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /\x00 HTTP/1.1\r\nHost: [::1]\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
        ),
        (b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /" + b"a" * 70_000, 431),
        (b"POST / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
    ],
)
async def test_what_is_not_http_is_refused_and_cut_off(sent: bytes, status: int) -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.write(sent)
        answer = await http.everything()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "part",
    [b"GET /pie", b"POST /echo HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9\r\n\r\nhalf"],
)
async def test_who_takes_too_long_is_told_so(part: bytes) -> None:
    async with opened(request_s=0.05) as (_, address), line(address.port) as http:
        http.write(part)
        assert (await http.everything()).startswith(b"HTTP/1.1 408 ")


async def test_who_never_says_anything_is_told_nothing() -> None:
    async with opened(request_s=0.05) as (_, address), line(address.port) as http:
        assert await http.everything() == b""


async def test_an_idle_connection_is_ended_in_the_end() -> None:
    async with opened(idle_s=0.05) as (_, address), line(address.port) as http:
        await http.ask("GET", "/pieces")
        assert await http.everything() == b""


# --- ends -------------------------------------------------------------------------------------


async def test_a_client_that_goes_away_cancels_its_handler() -> None:
    async with opened() as (handlers, address):
        async with line(address.port) as http:
            http.begin("GET", "/wait")
            await handlers.began.wait()
        await handlers.cancelled.wait()


async def test_a_client_that_resets_in_mid_body_stops_the_answer() -> None:
    async with opened() as (handlers, address):
        async with line(address.port) as http:
            http.begin("GET", "/flood")
            await handlers.began.wait()
            http.writer.transport.abort()
        await handlers.gone.wait()


async def test_clients_that_go_away_before_they_said_anything_leave_nothing() -> None:
    async with opened() as (_, address):
        for part in (b"", b"GET /po", b"POST /ec"):
            async with line(address.port) as http:
                http.write(part)
        async with line(address.port) as http:
            assert (await http.ask("GET", "/pieces")).status == 200


@pytest.mark.parametrize("path", ["/broken", "/nothing"])
async def test_a_handler_that_fails_is_an_internal_error(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        async with opened() as (_, address), line(address.port) as http:
            assert (await http.ask("GET", path)).status == 500
            assert (await http.ask("GET", "/pieces")).status == 200


async def test_a_malformed_chunk() -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.begin("GET", "/spoil")
        with pytest.raises(h11.RemoteProtocolError, match="illegal chunk header"):
            await http.answer()


async def test_a_body_that_is_cut_off() -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.begin("GET", "/cut")
        answer = await http.everything()
    assert answer.endswith(b"\r\n4\r\nhalf\r\n")


async def test_a_connection_that_is_reset_in_mid_body() -> None:
    async with opened() as (_, address), line(address.port) as http:
        http.begin("GET", "/reset")
        with pytest.raises(ConnectionResetError):
            await http.everything()


async def test_the_end_takes_every_connection_with_it() -> None:
    async with AsyncExitStack() as serving, AsyncExitStack() as clients:
        handlers, address = await serving.enter_async_context(opened())
        idle = await clients.enter_async_context(line(address.port))
        await idle.ask("GET", "/pieces")
        silent = await clients.enter_async_context(line(address.port))
        silent.write(b"GET /pie")
        waiting = await clients.enter_async_context(line(address.port))
        waiting.begin("GET", "/wait")
        websocket = await clients.enter_async_context(connect(address.websocket("/socket")))
        await handlers.began.wait()

        await serving.aclose()

        assert handlers.cancelled.is_set()
        assert await idle.everything() == await waiting.everything() == b""
        assert await silent.everything() == b""
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1001
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", address.port))


async def test_many_connections_at_once() -> None:
    async def asks(address: Address, number: int) -> bytes:
        async with line(address.port) as http:
            return (await http.ask("POST", "/echo", str(number).encode())).body

    async def talks(address: Address, number: int) -> bytes:
        async with connect(address.websocket("/socket")) as websocket:
            await websocket.send(str(number))
            return str(await websocket.recv()).encode()

    async with opened() as (_, address), asyncio.TaskGroup() as group:
        requests = [group.create_task(asks(address, number)) for number in range(100)]
        talked = [group.create_task(talks(address, number)) for number in range(100)]
    expected = [str(number).encode() for number in range(100)]
    assert [task.result() for task in requests] == [task.result() for task in talked] == expected
