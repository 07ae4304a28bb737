"""The list of models: what servers of both protocols tell, page by page, and what goes wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.app.endpoint_clients import model_list_of
from gramophone.config.endpoints import Endpoint, Protocol
from gramophone.core.errors import ModelError
from gramophone.providers.llm.model_list import ListedModel
from gramophone.wire.llm.context_windows import ContextWindow
from tests.support.model_contract import KEY
from tests.support.model_servers import JSON, Reply, serving


def page(*models: object, **rest: Any) -> Reply:
    body = json.dumps({"object": "list", "data": list(models), **rest}).encode()
    return Reply([body], content_type=JSON)


def endpoint_at(base_url: str, protocol: Protocol = "chat") -> Endpoint:
    return Endpoint(
        name="mine",
        title="The endpoint mine",
        base_url=base_url,
        protocol=protocol,
        key=KEY,
        key_variable="MY_KEY",
    )


async def test_what_servers_tell() -> None:
    models = (
        {"id": "llama", "meta": {"n_ctx": 4096}},
        {"id": "router/auto", "context_length": 2_000_000},
        {"id": "v", "max_model_len": 32768, "owned_by": "library"},
        {"id": "plain", "created": 1},
        {"id": "odd", "context_window": "many"},
        {"id": "\x1b[31mred"},
        {"id": 7},
        "text",
    )
    async with serving(page(*models)) as server:
        listed = await model_list_of(endpoint_at(f"{server.origin}/v1/")).fetch()
    assert listed == (
        ListedModel("llama", ContextWindow(4096, certain=True)),
        ListedModel("router/auto", ContextWindow(2_000_000, certain=True)),
        ListedModel("v", ContextWindow(32768, certain=True), "ollama"),
        ListedModel("plain"),
        ListedModel("odd"),
        ListedModel("red"),
    )
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v1/models")
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_servers_tell_who_takes_pictures() -> None:
    models = (
        {"id": "router", "architecture": {"input_modalities": ["text", "image"]}},
        {"id": "router-text", "architecture": {"input_modalities": ["text"]}},
        {"id": "mistral", "capabilities": {"vision": True, "completion_chat": True}},
        {"id": "anthropic", "capabilities": {"image_input": {"supported": False}}},
        {"id": "odd", "capabilities": {"vision": "perhaps"}, "architecture": 7},
        {"id": "llama"},
        {"id": "plain"},
    )
    beside = [{"name": "llama", "capabilities": ["completion", "multimodal"]}, "odd"]
    async with serving(page(*models, models=beside)) as server:
        listed = await model_list_of(endpoint_at(f"{server.origin}/v1")).fetch()
    assert {model.id: model.pictures for model in listed} == {
        "router": True,
        "router-text": False,
        "mistral": True,
        "anthropic": False,
        "odd": None,
        "llama": True,
        "plain": None,
    }


async def test_pages_are_fetched_to_the_end() -> None:
    first = page({"id": "a"}, {"id": "b"}, has_more=True, last_id="b")
    async with serving(first, page({"id": "c"}, has_more=False, last_id="c")) as server:
        listed = await model_list_of(endpoint_at(server.origin, "messages")).fetch()
    assert [model.id for model in listed] == ["a", "b", "c"]
    assert [request.path for request in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=b",
    ]


async def test_a_server_that_pages_for_ever_is_left() -> None:
    same = page({"id": "a"}, has_more=True, last_id="a")
    async with serving(*[same] * 60) as server:
        assert len(await model_list_of(endpoint_at(server.origin)).fetch()) == 1
    assert len(server.requests) == 50


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (
            Reply([b'{"error":{"message":"bad key"}}'], status=401, content_type=JSON),
            r"The endpoint mine refused the request \(401: bad key\); check MY_KEY\.",
        ),
        (Reply([b"<html>Hello</html>"], content_type="text/html"), "does not speak as The"),
        (Reply([b'{"data": 7}'], content_type=JSON), "does not speak as The"),
        (Reply([b" " * 2**20] * 9, content_type=JSON), "sent too much"),
    ],
    ids=["401", "html", "number", "large"],
)
async def test_what_goes_wrong_is_one_sentence(reply: Reply, sentence: str) -> None:
    async with serving(reply) as server:
        with pytest.raises(ModelError, match=sentence):
            await model_list_of(endpoint_at(server.origin)).fetch()


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="The endpoint mine cannot be reached at 127"):
        await model_list_of(endpoint_at("http://127.0.0.1:9/v1")).fetch()
