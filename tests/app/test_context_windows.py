"""The context window of a model, found out from servers of all kinds before the first question."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gramophone.app.context_windows import context_window
from gramophone.app.model_lists import FRESH_S, ModelLists
from gramophone.app.providers import ProviderPool
from gramophone.config.config import Config
from gramophone.config.endpoints import Endpoint, Protocol
from gramophone.ports.language_model import Message
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.wire.llm.context_windows import NO_WINDOW, ContextWindow
from gramophone.wire.llm.served_windows import WINDOW_SERVERS, ServedWindow
from tests.support.model_contract import chunks_of, closing
from tests.support.model_servers import (
    JSON,
    OPENAI_DONE,
    ModelServer,
    Reply,
    openai_chunks,
    openai_event,
    serving,
)
from tests.support.model_standin import standing_in

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CERTAIN = ContextWindow(4096, certain=True)


def endpoint_at(
    base_url: str, name: str = "mine", protocol: Protocol = "chat", key: str = ""
) -> Endpoint:
    return Endpoint(name=name, title=name, base_url=base_url, protocol=protocol, key=key)


def lists(home: Path, *, later_s: int = 0) -> ModelLists:
    return ModelLists(home, stored=True, wall=lambda: NOW + timedelta(seconds=later_s))


def json_reply(body: object, status: int = 200) -> Reply:
    return Reply([json.dumps(body).encode()], status, JSON)


def page(*models: dict[str, Any]) -> Reply:
    return json_reply({"data": list(models)})


@pytest.mark.parametrize("server", WINDOW_SERVERS)
async def test_every_kind_of_server_tells_it(tmp_path: Path, server: str) -> None:
    protocol: Protocol = "messages" if server == "anthropic" else "chat"
    async with standing_in(models=("m",), window=ServedWindow(4096, server)) as standin:
        base_url = standin.http("" if protocol == "messages" else "/v1")
        endpoint = endpoint_at(base_url, protocol=protocol)
        assert await context_window(lists(tmp_path), endpoint, "m") == CERTAIN


async def test_a_server_that_does_not_tell(tmp_path: Path) -> None:
    async with standing_in(models=("m",)) as standin:
        endpoint = endpoint_at(standin.http("/v1"))
        assert await context_window(lists(tmp_path), endpoint, "m") == NO_WINDOW
    nowhere = endpoint_at("http://127.0.0.1:9/v1", "nowhere")
    assert await context_window(lists(tmp_path), nowhere, "m") == NO_WINDOW


async def test_a_server_without_a_list_is_asked_once(tmp_path: Path) -> None:
    async with serving(json_reply({}, 404)) as server:
        known, endpoint = lists(tmp_path), endpoint_at(f"{server.origin}/v1")
        assert await context_window(known, endpoint, "m") == NO_WINDOW
        assert await context_window(known, endpoint, "m") == NO_WINDOW
    assert len(server.requests) == 1


async def test_the_list_and_a_conversation_fetch_it_together(tmp_path: Path) -> None:
    async with serving(page({"id": "m", "max_model_len": 4096})) as server:
        known, endpoint = lists(tmp_path), endpoint_at(f"{server.origin}/v1")
        windows = asyncio.gather(*(context_window(known, endpoint, "m") for _ in range(3)))
        await known.refresh([endpoint])
        assert await windows == [CERTAIN] * 3
    assert len(server.requests) == 1


async def test_a_server_of_ones_own_is_asked_at_each_start(tmp_path: Path) -> None:
    """It was perhaps started again, with another window."""
    first, second = (page({"id": "m", "meta": {"n_ctx": tokens}}) for tokens in (512, 4096))
    async with serving(first, second) as server:
        endpoint = endpoint_at(f"{server.origin}/v1")
        window = await context_window(lists(tmp_path), endpoint, "m")
        assert window == ContextWindow(512, certain=True)
        assert await context_window(lists(tmp_path, later_s=9), endpoint, "m") == CERTAIN


async def test_a_service_is_asked_once_a_day(tmp_path: Path) -> None:
    # Nobody answers there: what is known comes from the file.
    service = endpoint_at("https://127.0.0.1:9/v1")
    stored = {"address": service.base_url, "fetched_s": int(NOW.timestamp()), "models": ["m", "n"]}
    content = {"format": 2, "endpoints": {"mine": {**stored, "windows": {"m": 4096, "n": "x"}}}}
    (tmp_path / "models.json").write_text(json.dumps(content))
    assert await context_window(lists(tmp_path, later_s=FRESH_S - 1), service, "m") == CERTAIN
    assert await context_window(lists(tmp_path, later_s=FRESH_S - 1), service, "n") == NO_WINDOW


async def test_ollama_knows_it_when_the_model_is_loaded(tmp_path: Path) -> None:
    show = json_reply({"parameters": "", "model_info": {"llama.context_length": 131_072}})
    running = json_reply({"models": [{"model": "m:latest", "context_length": 4096}]})
    replies = [page({"id": "m:latest", "owned_by": "me"}), show, json_reply({"models": []})]
    async with serving(*replies, show, running) as server:
        known, endpoint = lists(tmp_path), endpoint_at(f"{server.origin}/v1", "ollama")
        assert await context_window(known, endpoint, "m") == ContextWindow(131_072)
        assert await context_window(known, endpoint, "m") == CERTAIN
    requests = [(request.method, request.path) for request in server.requests]
    native = [("POST", "/api/show"), ("GET", "/api/ps")]
    assert requests == [("GET", "/v1/models"), *native, *native]
    assert server.requests[1].body == {"model": "m:latest"}


async def test_gemini_takes_its_key_in_a_header_of_its_own(tmp_path: Path) -> None:
    model = {"id": "models/m", "owned_by": "google"}
    async with serving(page(model), json_reply({"inputTokenLimit": 4096})) as server:
        endpoint = endpoint_at(f"{server.origin}/v1beta/openai", key="secret")
        assert await context_window(lists(tmp_path), endpoint, "m") == CERTAIN
    listed, described = server.requests
    assert listed.path == "/v1beta/openai/models"
    assert listed.headers["authorization"] == "Bearer secret"
    assert described.path == "/v1beta/models/m"
    assert described.headers["x-goog-api-key"] == "secret"
    assert "authorization" not in described.headers


# --- in a conversation ---------------------------------------------------------------------------

LONG_TALK = [
    Message("user" if number % 2 == 0 else "assistant", f"{number} " + "words " * 500)
    for number in range(9)
]


def answer() -> Reply:
    chunks = openai_chunks({"content": "Hi."}, usage=(2500, 1))
    return Reply([*map(openai_event, chunks), OPENAI_DONE])


def pool_model(home: Path, server: ModelServer, **entries: int) -> OpenAIChat:
    """A client of the endpoint `mine`, as a conversation gets it."""
    config = Config(
        home=home,
        config_file=home / "config.toml",
        provider="mine",
        model="m",
        endpoint_tables={"mine": {"base_url": f"{server.origin}/v1", "max_tokens": 100, **entries}},
    )
    model = ProviderPool(lists(home)).model(config, lambda detail: None)
    assert isinstance(model, OpenAIChat)
    return model


def sent(body: dict[str, Any]) -> list[int]:
    """Numbers of the turns that a request held."""
    texts = [message["content"] for message in body["messages"] if message["role"] != "system"]
    return [int(text.split()[0]) for text in texts]


async def test_a_long_conversation_is_shortened_before_its_first_request(tmp_path: Path) -> None:
    async with serving(page({"id": "m", "max_model_len": 4096}), answer(), answer()) as server:
        async with closing(pool_model(tmp_path, server)) as model:
            chunks = await chunks_of(model, LONG_TALK)
            await chunks_of(model, LONG_TALK)
    assert [chunk.notice for chunk in chunks if chunk.notice] == [
        "The endpoint mine takes 4,096 tokens: the oldest 6 turns are left out."
    ]
    assert [request.path for request in server.requests] == [
        "/v1/models",
        "/v1/chat/completions",
        "/v1/chat/completions",
    ]
    assert sent(server.requests[1].body) == sent(server.requests[2].body) == [6, 7, 8]


async def test_a_single_question_asks_for_no_window(tmp_path: Path) -> None:
    async with serving(answer()) as server:
        async with closing(pool_model(tmp_path, server)) as model:
            await chunks_of(model)
    assert server.refused == []


async def test_the_setting_counts_over_what_the_server_tells(tmp_path: Path) -> None:
    async with serving(answer()) as server:
        async with closing(pool_model(tmp_path, server, context_tokens=2048)) as model:
            await chunks_of(model, LONG_TALK)
    assert server.refused == [], "and the server is not asked"
    assert sent(server.requests[0].body) == [8]


async def test_a_window_is_there_before_the_first_question(tmp_path: Path) -> None:
    async with serving(page({"id": "m", "max_model_len": 4096}), answer()) as server:
        async with closing(pool_model(tmp_path, server)) as model:
            assert isinstance(model, OpenAIChat)
            model.ask_window()
            await chunks_of(model, LONG_TALK)
    assert sent(server.requests[1].body) == [6, 7, 8]
