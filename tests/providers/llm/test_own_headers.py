"""Headers of a request as the server sees them: the endpoint's own key and headers alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gramophone.app.endpoint_clients import client_of
from gramophone.config.endpoints import Endpoint
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import LanguageModel
from tests.support.model_contract import KEY, chunks_of, closing
from tests.support.model_servers import (
    OPENAI_DONE,
    Reply,
    anthropic_event,
    anthropic_events,
    openai_chunks,
    openai_event,
    serving,
)

FOREIGN = "foreign-0123456789abcdef"
ENVIRONMENT = {
    "OPENAI_API_KEY": FOREIGN,
    "OPENAI_ADMIN_KEY": FOREIGN,
    "OPENAI_ORG_ID": FOREIGN,
    "OPENAI_PROJECT_ID": FOREIGN,
    "OPENAI_BASE_URL": f"http://{FOREIGN}.invalid/v1",
    "OPENAI_CUSTOM_HEADERS": f"X-Team: {FOREIGN}\nAuthorization: {FOREIGN}",
    "ANTHROPIC_API_KEY": FOREIGN,
    "ANTHROPIC_AUTH_TOKEN": FOREIGN,
    "ANTHROPIC_BASE_URL": f"http://{FOREIGN}.invalid",
    "ANTHROPIC_CUSTOM_HEADERS": f"X-Team: {FOREIGN}\nAuthorization: {FOREIGN}",
}
REPLIES = {
    "chat": Reply([*map(openai_event, openai_chunks({"content": "Hi."})), OPENAI_DONE]),
    "messages": Reply([*map(anthropic_event, anthropic_events("Hi."))]),
}


@pytest.fixture(params=REPLIES)
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each protocol, in the environment of somebody who uses the official services, too."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return request.param


@pytest.fixture
def client(protocol: str) -> Callable[..., LanguageModel]:
    def make(origin: str, key: str = "", **headers: str) -> LanguageModel:
        base_url = f"{origin}/v1" if protocol == "chat" else origin
        endpoint = Endpoint(
            name="mine",
            title="The endpoint mine",
            protocol="chat" if protocol == "chat" else "messages",
            base_url=base_url,
            key=key,
            headers=headers,
            extra_body={"num_ctx": 8192},
        )
        return client_of(endpoint, "m", ModelSettings(temperature=0.5, top_p=1, max_tokens=9))

    return make


async def test_without_a_key_no_header_has_one(
    protocol: str, client: Callable[..., LanguageModel]
) -> None:
    async with serving(REPLIES[protocol]) as server, closing(client(server.origin)) as model:
        assert await chunks_of(model)
    (request,) = server.requests
    assert {"authorization", "x-api-key", "cookie"}.isdisjoint(request.headers)
    assert FOREIGN not in str(request.headers)


async def test_a_key_and_headers_go_to_their_endpoint(
    protocol: str, client: Callable[..., LanguageModel]
) -> None:
    async with (
        serving(REPLIES[protocol]) as server,
        closing(client(server.origin, KEY, Team="red")) as model,
    ):
        assert await chunks_of(model)
    (request,) = server.requests
    assert (request.headers["authorization"], request.headers["team"]) == (f"Bearer {KEY}", "red")
    assert FOREIGN not in str(request.headers)


async def test_a_redirect_to_another_server_takes_no_key_along(
    protocol: str, client: Callable[..., LanguageModel]
) -> None:
    async with serving(REPLIES[protocol]) as other:
        location = (("location", f"{other.origin}/elsewhere"),)
        async with (
            serving(Reply(status=307, headers=location)) as server,
            closing(client(server.origin, KEY, Team="red")) as model,
        ):
            assert await chunks_of(model)
    (request,) = other.requests
    assert request.path == "/elsewhere"
    assert {"authorization", "x-api-key", "team"}.isdisjoint(request.headers)
    assert request.headers["content-type"] == "application/json"


async def test_settings_and_the_extra_body_stand_in_the_request(
    protocol: str, client: Callable[..., LanguageModel]
) -> None:
    async with serving(REPLIES[protocol]) as server, closing(client(server.origin)) as model:
        await chunks_of(model)
    body = server.requests[0].body
    assert {name: body[name] for name in ("temperature", "top_p", "max_tokens", "num_ctx")} == {
        "temperature": 0.5,
        "top_p": 1,
        "max_tokens": 9,
        "num_ctx": 8192,
    }
