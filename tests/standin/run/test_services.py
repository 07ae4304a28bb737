"""Services at one port: a path of several is answered by the one that the client means."""

from __future__ import annotations

import httpx2
import pytest

from gramophone.core.clock import SystemClock
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.options import StandinOptions
from gramophone.standin.run.services import SERVICES, ServiceContext, together
from gramophone.standin.server.listener import listening
from tests.support.deadlines import HANG_S
from tests.support.openai_audio import QUICK_VOICE
from tests.support.plain_http import NO_TLS

CLIENTS = {
    "deepgram": {"authorization": "Token k"},
    "deepgram's SDK with a token": {
        "authorization": "Bearer a.b.c",
        "user-agent": "deepgram-sdk/7.17.0",
    },
    "openai": {"authorization": "Bearer k"},
    "nobody": {},
    "anthropic": {"anthropic-version": "2023-06-01", "x-api-key": "k"},
}
LISTS = {
    "deepgram": {"stt", "tts"},
    "openai": {"object", "data"},
    "anthropic": {"data", "has_more", "first_id", "last_id"},
}


@pytest.mark.parametrize(
    ("services", "lists"),
    [
        (tuple(SERVICES), ("deepgram", "deepgram", "openai", "openai", "anthropic")),
        (("speak", "openai"), ("deepgram", "deepgram", "openai", "openai", "anthropic")),
        (("listen",), ("deepgram",) * 5),
    ],
)
async def test_a_list_of_models_is_that_of_the_client(
    services: tuple[str, ...], lists: tuple[str, ...]
) -> None:
    clock = SystemClock()
    language = ModelStandin(EchoAnswers(), ModelOptions(), clock)
    context = ServiceContext(QUICK_VOICE, StandinOptions(), clock, language)
    routes = together([SERVICES[name](context) for name in services])
    async with (
        listening(routes) as address,
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S, base_url=address.http()) as http,
    ):
        for headers, service in zip(CLIENTS.values(), lists, strict=True):
            answer = await http.get("/v1/models", headers=headers)
            assert answer.json().keys() == LISTS[service], headers
