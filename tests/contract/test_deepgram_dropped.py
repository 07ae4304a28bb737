"""Websockets that are dropped, as Deepgram's own client sees it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from deepgram import AsyncDeepgramClient
from deepgram.speak.v1.types import SpeakV1Text
from deepgram.speak.v2.types import SpeakV2Speak
from websockets.exceptions import ConnectionClosedError

from gramophone.core.clock import SystemClock
from gramophone.standin.deepgram.routes import listen_routes, speak_routes
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.wire.deepgram.paths import SPEAK_PATH
from tests.support.deepgram_sdk import environment
from tests.support.openai_audio import QUICK_VOICE, UTTERANCES

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

SOUND = bytes(2 * 16_000)
Program: TypeAlias = Callable[[AsyncDeepgramClient, list[Any]], Awaitable[None]]


@asynccontextmanager
async def client_of(fault: str) -> AsyncGenerator[AsyncDeepgramClient]:
    options = StandinOptions(faults=(Fault.parse(fault),))
    clock = SystemClock()
    routes = speak_routes(QUICK_VOICE, options, clock) | listen_routes(UTTERANCES, options, clock)
    async with listening(routes) as address:
        yield AsyncDeepgramClient(
            api_key="a-key", environment=environment(address.websocket(SPEAK_PATH))
        )


async def speak_v1(client: AsyncDeepgramClient, messages: list[Any]) -> None:
    async with client.speak.v1.connect(model="aura-2-thalia-en") as connection:
        await connection.send_text(SpeakV1Text(text="Hello there."))
        await connection.send_flush()
        async for message in connection:
            messages.append(message)
            if type(message).__name__ == "SpeakV1Flushed":
                return


async def speak_v2(client: AsyncDeepgramClient, messages: list[Any]) -> None:
    async with client.speak.v2.connect(model="flux-haley-en") as connection:
        await connection.send_speak(SpeakV2Speak(text="Hello there."))
        await connection.send_flush()
        async for message in connection:
            messages.append(message)
            if type(message).__name__ == "SpeakV2SpeechMetadata":
                return


async def listen_v1(client: AsyncDeepgramClient, messages: list[Any]) -> None:
    async with client.listen.v1.connect(
        model="nova-3", encoding="linear16", sample_rate=16_000, interim_results="true"
    ) as connection:
        for _ in range(3):
            await connection.send_media(SOUND)
        async for message in connection:
            messages.append(message)
            if len(messages) == 3:
                return


async def listen_v2(client: AsyncDeepgramClient, messages: list[Any]) -> None:
    async with client.listen.v2.connect(
        model="flux-general-en", encoding="linear16", sample_rate=16_000
    ) as connection:
        for _ in range(3):
            await connection.send_media(SOUND)
        async for message in connection:
            messages.append(message)
            if len(messages) == 3:
                return


@pytest.mark.parametrize("program", [speak_v1, speak_v2, listen_v1, listen_v2])
async def test_a_client_that_was_dropped_connects_again(program: Program) -> None:
    messages: list[Any] = []
    async with client_of("drop=#2@0") as client:
        with pytest.raises(ConnectionClosedError):
            await program(client, messages)
        assert len(messages) == 1, "what came before it is kept"
        messages.clear()
        await program(client, messages)
    assert len(messages) > 2
