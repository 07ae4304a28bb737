"""Whom a stand-in serves: programs, and no web page that the user happens to visit."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from gramophone.core.clock import ManualClock
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.access import AllowedClients
from gramophone.standin.server.clock_control import ClockControl, SteppedClock
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import CONTROL_PATH, Address
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH
from tests.support.http_client import line

PAGE = "https://elsewhere.example"
HERE = AllowedClients.of("127.0.0.1")
CLOSED = AllowedClients.of("127.0.0.1", loopback_pages=False)
OF_HERE = ("http://localhost:1", "https://LOCALHOST", "http://127.0.0.2:80", "http://[::1]:3000")
NOT_OF_HERE = (
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost@evil.example",
    "file://localhost",
    "chrome-extension://localhost",
    "localhost",
    "http://[::1",
)


@pytest.mark.parametrize(
    ("guests", "host", "origin", "refused"),
    [
        *(
            (HERE, host, "", "")
            for host in ("127.0.0.1:80", "localhost", "LOCALHOST.:1", "[::1]:1")
        ),
        *((HERE, host, "", "") for host in ("127.9.9.9", "")),
        *((HERE, host, "", "HOST") for host in ("evil.example:80", "192.0.2.1", "[::2", "@")),
        (HERE, "localhost.evil.example", "", "HOST"),
        (HERE, "127.0.0.1.evil.example", "", "HOST"),
        *((HERE, "localhost", page, "ORIGIN") for page in (PAGE, "null", *NOT_OF_HERE)),
        *((HERE, "localhost", page, "") for page in OF_HERE),
        *((CLOSED, "localhost", page, "ORIGIN") for page in OF_HERE),
        (AllowedClients.of("127.0.0.1", ["Standin"]), "standin:80", "", ""),
        (AllowedClients.of("127.0.0.1", ["*"]), "any.example", "", ""),
        (AllowedClients.of("127.0.0.1", [], [f"{PAGE}/"]), "localhost", PAGE, ""),
        (AllowedClients.of("127.0.0.1", [], [PAGE]), "localhost", f"{PAGE}:8443", "ORIGIN"),
        (AllowedClients.of("127.0.0.1", [], ["*"]), "localhost", "null", ""),
        (AllowedClients.of("0.0.0.0"), "192.0.2.1:80", "", ""),
        (AllowedClients.of("0.0.0.0"), "evil.example", "", "HOST"),
        (AllowedClients.of("box.lan"), "box.lan:80", "", ""),
    ],
)
def test_who_is_let_in(guests: AllowedClients, host: str, origin: str, refused: str) -> None:
    refusal = guests.refusal(host, origin)
    assert (refusal.code if refusal else "") == (f"{refused}_NOT_ALLOWED" if refused else "")


def test_a_page_that_does_not_say_where_it_is_from_is_refused_too() -> None:
    assert HERE.refusal("localhost", "", "cross-site") is not None
    assert HERE.refusal("localhost", "", "none") is None


@asynccontextmanager
async def served(guests: AllowedClients | None = None) -> AsyncGenerator[Address]:
    speak = speak_routes(ToneVoice(), StandinOptions(), ManualClock())
    async with listening(speak | ClockControl(SteppedClock()).routes(), guests=guests) as address:
        yield address


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": PAGE}, {"sec-fetch-site": "cross-site"}]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", SPEAK_PATH), ("GET", CONTROL_PATH), ("GET", "/nothing")]
)
async def test_no_path_answers_a_page(method: str, path: str, headers: dict[str, str]) -> None:
    async with served() as address, line(address.port) as http:
        answer = await http.ask(method, path, b'{"text":"Hi."}', headers)
    assert answer.status == 403
    assert "NOT_ALLOWED" in answer.body.decode()


def test_a_private_path_is_for_pages_that_were_named() -> None:
    named = AllowedClients.of("127.0.0.1", [], OF_HERE[:1])
    assert HERE.refusal("localhost", OF_HERE[0], private=True) is not None
    assert named.refusal("localhost", OF_HERE[0], private=True) is None


async def test_no_page_moves_the_clock_unless_it_was_named() -> None:
    origin = {"origin": OF_HERE[0]}
    async with served() as address, line(address.port) as http:
        assert (await http.ask("POST", f"{CONTROL_PATH}/next", headers=origin)).status == 403
    named = AllowedClients.of("127.0.0.1", [], OF_HERE[:1])
    async with served(named) as address, line(address.port) as http:
        answer = await http.ask("GET", CONTROL_PATH, headers=origin)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == OF_HERE[0]


async def test_no_socket_opens_for_a_page() -> None:
    async with served() as address:
        url = address.websocket(SPEAK_PATH)
        with pytest.raises(InvalidStatus, match="403") as caught:
            await connect(url, origin=Origin(PAGE))
        body = caught.value.response.body
        assert json.loads(body)["err_msg"].endswith(f"--allow-origin {PAGE}.")
        async with connect(url, origin=Origin(OF_HERE[0])):
            pass
    async with served(AllowedClients.of("127.0.0.1", [], [PAGE])) as address:
        async with connect(address.websocket(SPEAK_PATH), origin=Origin(PAGE)):
            pass
