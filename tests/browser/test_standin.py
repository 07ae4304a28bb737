"""A stand-in as web pages reach it: those of this machine as at the services, others not at all."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from gramophone.core.clock import SystemClock
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.access import AllowedClients
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address, Routes
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH
from tests.browser.conftest import ELSEWHERE
from tests.support.model_requests import CHAT, MESSAGES, VERSION, asking

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SWITCH = {"anthropic-dangerous-direct-browser-access": "true"}
# What the SDKs for JavaScript send beside the key.
SDK = {"authorization": "Bearer key", "x-stainless-lang": "js", "content-type": "application/json"}

_FETCH = """async ([url, init]) => {
    try {
        const answer = await fetch(url, init);
        const id = answer.headers.get("x-request-id") ?? answer.headers.get("request-id");
        return [answer.status, id !== null, await answer.text()];
    } catch (error) {
        return [0, false, error.name];
    }
}"""
_SOCKET = """(url) => new Promise((done) => {
    const socket = new WebSocket(url, ["token", "key"]);
    socket.onmessage = (message) => done(JSON.parse(message.data).type);
    socket.onerror = () => done("refused");
})"""


@pytest_asyncio.fixture(loop_scope="session")
async def address() -> AsyncGenerator[Address]:
    clock = SystemClock()
    models = ModelStandin(EchoAnswers(), ModelOptions(speed=0), clock).routes()
    speak = speak_routes(ToneVoice(), StandinOptions(), clock)
    async with listening(speak | models) as address:
        yield address


async def empty_page(request: Request, reply: Reply) -> None:
    await answer_whole(reply, 200, [("content-type", "text/html")], b"<title>A page</title>")


@pytest_asyncio.fixture(loop_scope="session")
async def pages() -> AsyncGenerator[int]:
    """The port of another server of this machine, with an empty page: Chromium tells by the address
    of a page's server whether it may reach this machine at all."""
    guests = AllowedClients.of("127.0.0.1", [ELSEWHERE])
    async with listening(Routes(handlers={("GET", "/"): empty_page}), guests=guests) as address:
        yield address.port


async def fetched(page: Page, url: str, body: Any, headers: dict[str, str]) -> tuple[int, bool]:
    """The status of a POST, or 0 if the page sees nothing, and whether it sees the request's id."""
    init = {"method": "POST", "body": json.dumps(body), "headers": headers}
    status, has_id, text = await page.evaluate(_FETCH, [url, init])
    assert status != 200 or "Hello?" in text
    return status, has_id


async def test_a_page_of_this_machine_reads_what_the_services_let_it_read(
    page: Page, address: Address, pages: int
) -> None:
    await page.goto(f"http://localhost:{pages}/")
    chat, messages = asking(CHAT, stream=True), asking(MESSAGES)
    assert await fetched(page, address.http(CHAT), chat, SDK) == (200, True)
    url, headers = address.http(MESSAGES), SDK | VERSION
    assert await fetched(page, url, messages, headers | SWITCH) == (200, True)
    assert await fetched(page, url, messages, headers) == (0, False)
    speak = address.http(SPEAK_PATH)
    assert await fetched(page, speak, {"text": "Hi."}, SDK) == (0, False), "Deepgram wants a proxy"
    assert await page.evaluate(_SOCKET, address.websocket(SPEAK_PATH)) == "Metadata"


async def test_another_page_reads_nothing(page: Page, address: Address, pages: int) -> None:
    await page.goto(f"http://{ELSEWHERE}:{pages}/")
    assert await fetched(page, address.http(CHAT), asking(CHAT), SDK) == (0, False)
    assert await page.evaluate(_SOCKET, address.websocket(SPEAK_PATH)) == "refused"
