"""Voices that a service lists are offered; without a list those that are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.app.choices import available_voices
from gramophone.app.voice_lists import VoiceLists, listed_voices
from gramophone.config.config import Config
from gramophone.core.errors import SpeechError
from gramophone.wire.deepgram.management import model_list
from tests.support.model_servers import Reply, serving

JSON = "application/json"


def config(origin: str, tmp_path: Path) -> Config:
    table = {"protocol": "openai-speech", "base_url": f"{origin}/v1", "model": "m", "voice": "a"}
    settings = Config(home=tmp_path, config_file=tmp_path / "config.toml", voice="mine")
    return replace(settings, voice_tables={"mine": table}, openai_key="sk-1")


SHAPES = [
    {"voices": ["af_sky", "bm_george", "af_sky", "", "a b", 7]},
    {"voices": [{"id": "af_sky"}, {"name": "bm_george"}, {}]},
    {"object": "list", "data": [{"voice_id": "af_sky"}, {"voice": "bm_george\x1b[31m"}]},
    ["af_sky", "bm_george"],
]


@pytest.mark.parametrize("shape", SHAPES, ids=["names", "objects", "data", "bare"])
async def test_a_server_lists_its_voices(shape: object, tmp_path: Path) -> None:
    async with serving(Reply([json.dumps(shape).encode()], content_type=JSON)) as server:
        settings = config(server.origin, tmp_path)
        lists = VoiceLists()
        await lists.refresh(settings)
        (request,) = server.requests
    assert lists.names() == ("af_sky", "bm_george")
    assert request.path == "/v1/audio/voices"
    assert "authorization" not in request.headers
    assert available_voices(settings, lists.names())[:3] == (
        "mine/a",
        "mine/af_sky",
        "mine/bm_george",
    )


async def test_deepgram_lists_its_voices(tmp_path: Path) -> None:
    async with serving(Reply([json.dumps(model_list()).encode()], content_type=JSON)) as server:
        address = f"{server.origin.replace('http', 'ws')}/v1/speak"
        settings = Config(home=tmp_path, config_file=tmp_path / "c.toml", speak_url=address)
        names = await listed_voices(settings.voice_service)
        assert server.requests[0].path == "/v1/models"
    assert "aura-2-thalia-en" in names
    assert "aura-2-viktoria-de" in names


@pytest.mark.parametrize(
    "reply",
    [Reply([b"{}"], status=404), Reply([b"<html>"]), Reply([b"x" * 2**20] * 5)],
    ids=["none", "page", "endless"],
)
async def test_a_server_without_a_list_is_no_error(reply: Reply, tmp_path: Path) -> None:
    async with serving(reply) as server:
        settings = config(server.origin, tmp_path)
        lists = VoiceLists()
        await lists.refresh(settings)
    assert lists.names() == ()
    assert available_voices(settings) == ("mine/a", "openai/alloy")


async def test_the_failure_of_a_list_is_a_sentence(tmp_path: Path) -> None:
    async with serving(Reply([b"{}"], status=404)) as server:
        with pytest.raises(SpeechError, match=r"There is no list of voices at .* \(404\)"):
            await listed_voices(config(server.origin, tmp_path).voice_service)
