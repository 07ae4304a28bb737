"""Whatever bytes come to the port, they are answered or cut off, and the next client is served."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gramophone.standin.deepgram.speak_v1 import SpeakV1Endpoint
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request, Timeouts, answer_whole
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Routes
from gramophone.standin.voices.tone import ToneVoice
from tests.support.clocks import WatchedClock
from tests.support.deadlines import HANG_S
from tests.support.http_client import line

PARTS = st.sampled_from(
    [
        b"GET /v1/speak HTTP/1.1\r\n",
        b"POST /echo HTTP/1.1\r\n",
        b"POST /echo HTTP/1.0\r\n",
        b"Host: localhost\r\n",
        b"Connection: Upgrade\r\n",
        b"Upgrade: websocket\r\n",
        b"Sec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"\r\n",
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"\x81\x82\x00\x00\x00\x00{}",
        b"\x82\x85\x00\x00\x00\x00hello",
        b"\x88\x80\x00\x00\x00\x00",
        b"\xff\xff\xff",
    ]
)
TALK = st.lists(PARTS | st.binary(max_size=40), max_size=12)


async def echo(request: Request, reply: Reply) -> None:
    await answer_whole(reply, 200, [("content-type", "text/plain")], request.body)


async def _talk(talks: list[list[bytes]]) -> None:
    endpoint = SpeakV1Endpoint(
        ToneVoice(character_ms=6, gap_ms=4), StandinOptions(), WatchedClock()
    )
    routes = Routes({"/v1/speak": endpoint}, {("POST", "/echo"): echo})
    # The clients hang up by themselves; the last one must be heard however busy the machine is.
    timeouts = Timeouts(request_s=5, idle_s=5, linger_s=0.02)
    async with asyncio.timeout(HANG_S), listening(routes, timeouts=timeouts) as address:
        for pieces in talks:
            async with line(address.port) as client:
                for piece in pieces:
                    client.write(piece)
                    await asyncio.sleep(0)
        async with line(address.port) as client:
            assert (await client.ask("POST", "/echo", b"still here")).body == b"still here"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TALK, min_size=1, max_size=8))
def test_the_port_survives_whatever_comes(talks: list[list[bytes]]) -> None:
    asyncio.run(_talk(talks))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=1, max_size=300))
def test_who_is_not_understood_is_not_kept_waiting(sent: bytes) -> None:
    async def ends() -> None:
        timeouts = Timeouts(request_s=0.02, idle_s=0.02, linger_s=0.02)
        handlers = Routes(handlers={("POST", "/echo"): echo})
        async with asyncio.timeout(HANG_S), listening(handlers, timeouts=timeouts) as address:
            async with line(address.port) as client:
                client.write(sent)
                answer = b""
                # Bytes that come after the server's patience has ended are answered by a reset.
                with suppress(ConnectionResetError):
                    answer = await client.everything()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 ")

    asyncio.run(ends())
