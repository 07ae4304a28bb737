"""Lists of models: fetched once a day, stored, and completing what is typed."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gramophone.app.choices import available_options
from gramophone.app.engine_thread import EngineThread
from gramophone.app.model_lists import FILE_NAME, FRESH_S, ModelLists
from gramophone.config.config import Config
from gramophone.config.endpoints import Endpoint
from tests.support.model_servers import JSON, Reply, serving
from tests.support.model_standin import standing_in
from tests.support.recordings import everything_in
from tests.support.sound_card import wait_until

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def endpoint(origin: str, name: str = "mine") -> Endpoint:
    return Endpoint(name=name, title=name, base_url=f"{origin}/v1")


def lists(home: Path, *, stored: bool = True, later_s: int = 0) -> ModelLists:
    return ModelLists(home, stored=stored, wall=lambda: NOW + timedelta(seconds=later_s))


def page(*names: str) -> Reply:
    content = json.dumps({"data": [{"id": name} for name in names]}).encode()
    return Reply([content], content_type=JSON)


async def names_of(fetched: ModelLists, *endpoints: Endpoint) -> dict[str, tuple[str, ...]]:
    await fetched.refresh(endpoints)
    return dict(fetched.names())


async def test_a_list_is_fetched_once_a_day(tmp_path: Path) -> None:
    async with serving(page("a", "b"), page("c")) as server:
        mine = endpoint(server.origin)
        assert await names_of(lists(tmp_path), mine) == {"mine": ("a", "b")}
        assert await names_of(lists(tmp_path, later_s=FRESH_S - 1), mine) == {"mine": ("a", "b")}
        assert len(server.requests) == 1
        assert await names_of(lists(tmp_path, later_s=FRESH_S), mine) == {"mine": ("c",)}
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


async def test_an_old_list_is_better_than_none(tmp_path: Path) -> None:
    async with serving(page("a")) as server:
        mine = endpoint(server.origin)
        await names_of(lists(tmp_path), mine)
    assert await names_of(lists(tmp_path, later_s=2 * FRESH_S), mine) == {"mine": ("a",)}


async def test_a_clock_that_was_set_back_makes_no_list_last(tmp_path: Path) -> None:
    async with serving(page("a"), page("b")) as server:
        mine = endpoint(server.origin)
        await names_of(lists(tmp_path, later_s=10), mine)
        assert await names_of(lists(tmp_path), mine) == {"mine": ("b",)}


async def test_a_list_belongs_to_an_address(tmp_path: Path) -> None:
    async with serving(page("a")) as server, serving(page("b")) as other:
        await names_of(lists(tmp_path), endpoint(server.origin))
        assert await names_of(lists(tmp_path), endpoint(other.origin)) == {"mine": ("b",)}


async def test_servers_without_a_list_are_no_error(tmp_path: Path) -> None:
    refusal = Reply([b"404 page not found"], status=404)
    async with serving(refusal) as server, standing_in(models=("m",)) as served:
        endpoints = endpoint(server.origin, "bare"), endpoint(served.http(), "served")
        nowhere = endpoint("http://127.0.0.1:9", "nowhere")
        assert await names_of(lists(tmp_path), *endpoints, nowhere) == {"served": ("m",)}


async def test_nothing_is_written_where_nothing_is_recorded(tmp_path: Path) -> None:
    async with serving(page("a")) as server:
        fetched = lists(tmp_path, stored=False)
        assert await names_of(fetched, endpoint(server.origin)) == {"mine": ("a",)}
    assert everything_in(tmp_path) == {}


async def test_a_library_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    async with serving(page("a")) as server:
        fetched = lists(tmp_path / "missing")
        assert await names_of(fetched, endpoint(server.origin)) == {"mine": ("a",)}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", {}),
        (b"[" * 100_000, {}),
        (b'{"format": 3, "endpoints": {}}', {}),
        (b'{"format": 1, "endpoints": {"mine": {"models": ["old"]}}}', {}),
        (b'{"format": 2, "endpoints": 7}', {}),
        (b'{"format": 2, "endpoints": {"mine": 7}}', {}),
        (
            b'{"format": 2, "endpoints": {"mine": {"address": "http://127.0.0.1:9/v1", '
            b'"fetched_s": 1, "models": ["a\\u001b[31m", 7, "", "\\n", "b"]}}}',
            {"mine": ("a", "b")},
        ),
    ],
    ids=["empty", "deep", "later", "earlier", "number", "no list", "hostile"],
)
async def test_what_the_file_may_have(
    tmp_path: Path, content: bytes, names: dict[str, tuple[str, ...]]
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert await names_of(lists(tmp_path), endpoint("http://127.0.0.1:9")) == names


async def test_the_engine_lists_models_while_it_runs(tmp_path: Path) -> None:
    async with standing_in(models=("served",)) as server:
        config = Config(
            home=tmp_path,
            config_file=tmp_path / "config.toml",
            provider="openai",
            model="configured",
            openai_base_url=server.http("/v1"),
            device="a sound card that nobody has",
        )
        running = EngineThread(config, None)
        running.start()

        def is_listed() -> bool:
            return "served" in running.choices().models["openai"]

        await asyncio.to_thread(wait_until, is_listed, "the list is there")
        await asyncio.to_thread(running.stop)
    assert running.choices().models["openai"] == ("configured", "served")


def test_used_models_stand_first(tmp_path: Path) -> None:
    config = Config(
        home=tmp_path, config_file=tmp_path / "c", provider="openai", model="b", openai_key="k"
    )
    used = [("openai", "c"), ("anthropic", "x"), ("openai", ""), ("openai", "old"), ("openai", "c")]
    options = available_options(config, {"openai": ("a", "b", "c")}, used)
    assert options.models["openai"] == ("c", "old", "a", "b")
    # Of servers without a list the usual models are known.
    assert available_options(config).models["openai"][0] == "b"
    assert len(available_options(config).models["openai"]) > 1


async def test_who_takes_pictures_is_stored_with_the_list(tmp_path: Path) -> None:
    models = [{"id": "sees", "capabilities": {"vision": True}}, {"id": "plain"}]
    models.append({"id": "blind", "capabilities": {"vision": False}})
    content = json.dumps({"data": models}).encode()
    async with serving(Reply([content], content_type=JSON)) as server:
        mine = endpoint(server.origin)
        await lists(tmp_path).refresh([mine])
    stored = await lists(tmp_path).listed(mine, refresh=False)
    assert stored is not None
    assert stored.pictures == {"sees": True, "blind": False}
