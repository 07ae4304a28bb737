"""Whether a model takes pictures, by its list and by its server, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gramophone.app.endpoint_clients import client_of
from gramophone.app.model_lists import ModelLists
from gramophone.app.picture_support import picture_support
from gramophone.config.endpoints import Endpoint
from gramophone.core.errors import PicturesRefused
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message
from tests.support.model_contract import chunks_of, closing, text_of
from tests.support.model_servers import JSON, Reply, serving
from tests.support.model_standin import standing_in
from tests.support.picture_files import picture

SHOWN = [Message("user", "What is this?", pictures=(picture(),))]


def endpoint(origin: str, name: str = "mine") -> Endpoint:
    return Endpoint(name=name, title="Mine", base_url=f"{origin}/v1")


def answer(content: Any, status: int = 200) -> Reply:
    return Reply([json.dumps(content).encode()], status=status, content_type=JSON)


def listing(**model: Any) -> Reply:
    return answer({"data": [{"id": "m", **model}]})


async def support_of(home: Path, mine: Endpoint) -> bool | None:
    return await picture_support(ModelLists(home, stored=False), mine, "m")


@pytest.mark.parametrize(
    ("owner", "reply", "support"),
    [
        ("library", answer({"capabilities": ["completion", "vision"]}), True),
        ("library", answer({"capabilities": ["completion"]}), False),
        ("library", answer({"error": "model not found"}, 404), None),
        ("library", answer({"license": "x" * 9_000_000, "capabilities": ["vision"]}), None),
        ("llamacpp", answer({"modalities": {"vision": True, "audio": False}}), True),
        ("llamacpp", answer({"modalities": {"vision": False}}), False),
        ("llamacpp", answer({"modalities": ["vision"]}), None),
        ("llamacpp", answer([]), None),
    ],
    ids=["sees", "blind", "missing", "huge", "projector", "none", "odd", "array"],
)
async def test_servers_of_ones_own_are_asked(
    tmp_path: Path, owner: str, reply: Reply, support: bool | None
) -> None:
    async with serving(listing(owned_by=owner), reply) as server:
        assert await support_of(tmp_path, endpoint(server.origin)) is support
        _, request = server.requests
    path = ("POST", "/api/show") if owner == "library" else ("GET", "/props")
    assert (request.method, request.path) == path
    assert request.body == ({"model": "m"} if owner == "library" else {})


async def test_a_server_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert await support_of(tmp_path, endpoint("http://127.0.0.1:9", "ollama")) is None


async def test_a_list_counts_first_and_others_are_not_asked(tmp_path: Path) -> None:
    listed = listing(owned_by="library", architecture={"input_modalities": ["text"]})
    async with serving(listed, listing(owned_by="acme")) as server:
        assert await support_of(tmp_path, endpoint(server.origin)) is False
        assert await support_of(tmp_path, endpoint(server.origin)) is None
        assert [request.path for request in server.requests] == ["/v1/models", "/v1/models"]


async def sees_nothing() -> bool | None:
    return False


async def test_a_model_that_is_known_as_blind_is_not_shown_a_picture() -> None:
    async with standing_in() as address:
        mine = endpoint(address.http())
        model = client_of(mine, "m", ModelSettings(), picture_support=sees_nothing)
        async with closing(model):
            with pytest.raises(PicturesRefused, match=r"^Mine takes no pictures"):
                await chunks_of(model, SHOWN)
            assert text_of(await chunks_of(model)) == "Hello."


async def test_a_setting_overrules_what_servers_tell() -> None:
    async with standing_in() as address:
        mine = Endpoint(name="mine", title="Mine", base_url=address.http("/v1"), pictures=True)
        model = client_of(mine, "m", ModelSettings(), picture_support=sees_nothing)
        async with closing(model):
            assert text_of(await chunks_of(model, SHOWN)) == "Hello."
