"""Deepgram's own client and its small services: models, projects, tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError

from gramophone.core.clock import ManualClock
from gramophone.standin.deepgram.management import management_routes
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.granted_tokens import GrantedTokens
from gramophone.standin.server.listener import listening
from gramophone.wire.deepgram.paths import SPEAK_PATH
from tests.support.deadlines import HANG_S
from tests.support.deepgram_sdk import environment
from tests.support.openai_audio import QUICK_VOICE
from tests.support.plain_http import NO_TLS
from tests.support.sdk_types import assert_typed

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
MODEL = "aura-2-thalia-en"


class Account:
    """Clients of one stand-in, whose clock stands still."""

    def __init__(self, speak_url: str, http: httpx.AsyncClient, clock: ManualClock) -> None:
        self.clock = clock
        self._environment = environment(speak_url)
        self._http = http

    def client(self, **credentials: str) -> AsyncDeepgramClient:
        return AsyncDeepgramClient(
            environment=self._environment, httpx_client=self._http, **credentials
        )

    async def status(self, client: AsyncDeepgramClient) -> int:
        """The status of a request to speak."""
        try:
            async for _ in client.speak.v1.audio.generate(text="Hello.", model=MODEL):
                pass
        except ApiError as refused:
            return refused.status_code or 0
        return 200

    async def body(self, path: str) -> tuple[int, Any]:
        url = f"{self._environment.base}{path}"
        answer = await self._http.get(url, headers={"authorization": f"Token {KEY}"})
        return answer.status_code, answer.json()


@asynccontextmanager
async def account(*faults: str) -> AsyncGenerator[Account]:
    clock = ManualClock()
    options = StandinOptions(
        api_key=KEY, tokens=GrantedTokens(clock), faults=tuple(map(Fault.parse, faults))
    )
    routes = speak_routes(QUICK_VOICE, options, clock) | management_routes(options, clock)
    async with (
        listening(routes) as address,
        httpx.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        yield Account(address.websocket(SPEAK_PATH), http, clock)


async def test_models() -> None:
    async with account() as stood:
        manage = stood.client(api_key=KEY).manage.v1
        listed = await manage.models.list()
        (voice,) = [entry for entry in listed.tts or () if entry.canonical_name == MODEL]
        assert {entry.architecture for entry in listed.stt or ()} == {"nova-3", "nova-2", "base"}
        assert voice.uuid_ is not None
        one: Any = await manage.models.get(voice.uuid_)
        assert (one.canonical_name, one.languages) == (MODEL, ["en"])
        answer = stood.client(api_key=KEY).speak.v1.audio.with_raw_response
        async with answer.generate(text="Hello.", model=MODEL) as response:
            assert response.headers["dg-model-uuid"] == voice.uuid_
        with pytest.raises(ApiError) as unknown:
            await manage.models.get("5e551017-a000-4000-8000-000000000000")
        assert_typed("deepgram models", (await stood.body("/v1/models"))[1])
        assert_typed("deepgram model", (await stood.body(f"/v1/models/{MODEL}"))[1])
    assert unknown.value.status_code == 404


async def test_the_project_and_its_key() -> None:
    async with account() as stood:
        projects = stood.client(api_key=KEY).manage.v1.projects
        (project,) = (await projects.list()).projects or []
        assert project.project_id is not None
        assert (await projects.get(project.project_id)).name == project.name
        assert (await projects.models.list(project.project_id)).tts
        (key,) = (await projects.keys.list(project.project_id)).api_keys or []
        assert key.api_key is not None
        assert key.api_key.api_key_id is not None
        one = await projects.keys.get(project.project_id, key.api_key.api_key_id)
        assert one.item is not None
        with pytest.raises(ApiError) as unknown:
            await projects.get("somebody-elses")
        assert_typed("deepgram projects", (await stood.body("/v1/projects"))[1])
        assert_typed(
            "deepgram project", (await stood.body(f"/v1/projects/{project.project_id}"))[1]
        )
        status, nothing = await stood.body(f"/v1/projects/{project.project_id}/models/none")
    assert (unknown.value.status_code, unknown.value.body["err_code"]) == (404, "PROJECT_NOT_FOUND")
    assert (status, nothing["err_code"]) == (404, "MODEL_NOT_FOUND")


async def test_a_token_speaks_until_its_time_is_over() -> None:
    async with account() as stood:
        granted = await stood.client(api_key=KEY).auth.v1.tokens.grant(ttl_seconds=5)
        assert (granted.expires_in, granted.access_token.count(".")) == (5, 2)
        guest = stood.client(access_token=granted.access_token)
        assert await stood.status(guest) == 200
        stood.clock.advance_us(5_000_000)
        assert await stood.status(guest) == 401
        usual = await stood.client(api_key=KEY).auth.v1.tokens.grant()
    assert usual.expires_in == 30
    assert usual.access_token != granted.access_token


async def test_a_token_manages_nothing() -> None:
    async with account() as stood:
        granted = await stood.client(api_key=KEY).auth.v1.tokens.grant()
        guest = stood.client(access_token=granted.access_token)
        for request in (guest.manage.v1.projects.list(), guest.auth.v1.tokens.grant()):
            with pytest.raises(ApiError) as refused:
                await request
            assert (refused.value.status_code, refused.value.body["err_code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("ttl_s", [0, 3_601])
async def test_a_life_out_of_range(ttl_s: int) -> None:
    async with account() as stood:
        with pytest.raises(ApiError) as refused:
            await stood.client(api_key=KEY).auth.v1.tokens.grant(ttl_seconds=ttl_s)
    assert refused.value.status_code == 400


async def test_refusals() -> None:
    async with account("refuse=429@1") as stood:
        with pytest.raises(ApiError) as wrong:
            await stood.client(api_key="another").manage.v1.projects.list()
        with pytest.raises(ApiError) as limited:
            await stood.client(api_key=KEY).manage.v1.projects.list(
                request_options={"max_retries": 0}
            )
    assert (wrong.value.status_code, limited.value.status_code) == (401, 429)
