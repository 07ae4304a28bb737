"""Methods beside those of the routes, and answers that web pages may read or not."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from gramophone.core.clock import ManualClock
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.access import AllowedClients
from gramophone.standin.server.http import Timeouts
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.paths import FLUX_PATH, SPEAK_PATH
from tests.support.http_client import line
from tests.support.model_requests import CHAT, MESSAGES, VERSION, asking

PAGE = "http://localhost:3000"
FOREIGN = "https://elsewhere.example"
SWITCH = "anthropic-dangerous-direct-browser-access"
ORIGIN, EXPOSED = "access-control-allow-origin", "access-control-expose-headers"


@asynccontextmanager
async def served(*origins: str, body_bytes: int = 9_999) -> AsyncGenerator[Address]:
    clock = ManualClock()
    models = ModelStandin(EchoAnswers(), ModelOptions(speed=0), clock).routes()
    guests = AllowedClients.of("127.0.0.1", [], origins)
    speak = speak_routes(ToneVoice(), StandinOptions(), clock)
    timeouts = Timeouts(body_bytes=body_bytes)
    async with listening(speak | models, guests=guests, timeouts=timeouts) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "headers", "origin", "exposed"),
    [
        (CHAT, {}, "*", "X-Request-ID"),
        (MESSAGES, VERSION | {SWITCH: "true"}, "*", "*"),
        ("/v1/models", {"authorization": "Bearer key"}, "*", "X-Request-ID"),
        ("/v1/models", VERSION | {SWITCH: "true"}, "*", "*"),
        ("/v1/chat/nothing", {}, "*", None),
        (SPEAK_PATH, {}, None, "dg-model-name,"),
    ],
)
async def test_an_answer_to_a_page(
    path: str, headers: dict[str, str], origin: str | None, exposed: str | None
) -> None:
    method = "GET" if path == "/v1/models" else "POST"
    sent = json.dumps({"text": "Hi."} if path == SPEAK_PATH else asking(path)).encode()
    async with served(FOREIGN) as address, line(address.port) as http:
        program = await http.ask(method, path, sent, headers)
        page = await http.ask(method, path, sent, headers | {"origin": PAGE})
        named = await http.ask(method, path, sent, headers | {"origin": FOREIGN})
    assert program.status == page.status == named.status
    assert ORIGIN not in program.headers
    assert page.headers.get(ORIGIN) == origin
    assert (page.headers.get(EXPOSED) or "").startswith(exposed or "")
    assert (named.headers[ORIGIN], named.headers[EXPOSED]) == (FOREIGN, "*")


async def test_anthropic_refuses_a_page_without_the_switch() -> None:
    async with served() as address, line(address.port) as http:
        body = json.dumps(asking(MESSAGES)).encode()
        answer = await http.ask("POST", MESSAGES, body, VERSION | {"origin": PAGE})
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["type"]) == (401, "authentication_error")
    assert error["message"] == f"CORS requests must set '{SWITCH}' header"
    assert ORIGIN not in answer.headers


@pytest.mark.parametrize(
    ("path", "names", "origin"),
    [
        (CHAT, "authorization,content-type,x-stainless-os", "*"),
        (MESSAGES, f"anthropic-version,{SWITCH},x-api-key", "*"),
        (MESSAGES, "anthropic-version,x-api-key", None),
        ("/v1/models", "authorization,x-stainless-os", "*"),
        ("/v1/models", f"anthropic-version,{SWITCH}", "*"),
        (SPEAK_PATH, "authorization,content-type", None),
    ],
)
async def test_a_preflight(path: str, names: str, origin: str | None) -> None:
    method = "GET" if path == "/v1/models" else "POST"
    preflight = {"access-control-request-method": method, "access-control-request-headers": names}
    async with served() as address, line(address.port) as http:
        foreign = await http.ask("OPTIONS", path, headers=preflight | {"origin": FOREIGN})
        answer = await http.ask("OPTIONS", path, headers=preflight | {"origin": PAGE})
    assert (foreign.status, ORIGIN in foreign.headers) == (403, False)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers.get(ORIGIN) == origin
    assert answer.headers["access-control-allow-methods"] == f"{method}, OPTIONS"
    assert answer.headers["access-control-allow-headers"].split(", ") == names.split(",")


async def test_options_of_a_program_names_the_methods() -> None:
    async with served() as address, line(address.port) as http:
        assert (await http.ask("OPTIONS", CHAT)).headers["allow"] == "POST, OPTIONS"
        assert (await http.ask("OPTIONS", "/nothing")).status == 404


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/models", 200), (CHAT, 405), (FLUX_PATH, 426), ("/nothing", 404)]
)
async def test_head_is_get_without_the_body(path: str, status: int) -> None:
    async with served() as address, line(address.port) as http:
        head = await http.ask("HEAD", path)
        get = await http.ask("GET", path)
    assert (head.status, head.body) == (get.status, b"") == (status, b"")
    if status == 200:
        assert head.headers["content-length"] == str(len(get.body))
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (CHAT, "invalid_request_error"),
        (MESSAGES, "request_too_large"),
        (SPEAK_PATH, "Payload Too Large"),
    ],
)
async def test_a_body_that_is_too_large_is_refused_in_the_form_of_the_service(
    path: str, kind: str
) -> None:
    async with served(body_bytes=9) as address, line(address.port) as http:
        answer = await http.ask("POST", path, bytes(10))
    fields = json.loads(answer.body)
    assert answer.status == 413
    assert (fields["err_code"] if path == SPEAK_PATH else fields["error"]["type"]) == kind


async def test_a_head_that_announces_too_much_has_no_body_in_its_refusal() -> None:
    async with served(body_bytes=9) as address, line(address.port) as http:
        http.write(b"HEAD / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 10\r\n\r\n")
        answer = await http.everything()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\n")


async def test_the_connection_goes_on_after_refusals() -> None:
    async with served() as address, line(address.port) as http:
        statuses = [
            (await http.ask("GET", CHAT)).status,
            (await http.ask("POST", CHAT, b"{}", {"origin": FOREIGN})).status,
            (await http.ask("HEAD", "/no")).status,
            (await http.ask("POST", CHAT, b"{}", {"content-encoding": "br"})).status,
            (await http.ask("GET", "/v1/models")).status,
        ]
    assert statuses == [405, 403, 404, 415, 200]
