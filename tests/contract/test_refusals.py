"""Refusals of a scenario as the services' own clients take them."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from gramophone.standin.server.routes import Address
from tests.support.deadlines import HANG_S
from tests.support.model_requests import CHAT, MESSAGES
from tests.support.scenario_standin import served

# The first request is refused; both clients read the header, and wait no longer. Deepgram's
# compares it with a number although it is a text, and waits a second.
TEXT = """
[[answer]]
text = "Hello."
[[refuse]]
path = "%s"
connection = 0
status = %d
headers = {retry-after-ms = "1"}
"""


async def ask_openai(address: Address) -> bytes:
    async with openai.AsyncOpenAI(
        timeout=HANG_S, api_key="k", base_url=address.http("/v1")
    ) as client:
        answer = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi."}]
        )
    return str(answer.choices[0].message.content).encode()


async def ask_anthropic(address: Address) -> bytes:
    async with anthropic.AsyncAnthropic(
        timeout=HANG_S, api_key="k", base_url=address.http()
    ) as client:
        answer = await client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi."}]
        )
    return answer.content[0].to_json().encode()


@pytest.mark.parametrize(
    ("ask", "path", "content"),
    [
        (ask_openai, CHAT, b"Hello."),
        (ask_anthropic, MESSAGES, b"Hello."),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_client_tries_again(ask: Any, path: str, content: bytes, status: int) -> None:
    async with served(TEXT % (path, status)) as address:
        assert content in await ask(address)
