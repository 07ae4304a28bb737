"""Deepgram's own client, as it is, against the stand-in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.speak.v1.types import (
    SpeakV1Flushed,
    SpeakV1Metadata,
    SpeakV1Text,
    SpeakV1Warning,
)

from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.clocks import WatchedClock
from tests.support.deepgram_sdk import environment, kinds
from tests.support.standins import running

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
MODEL = "aura-2-thalia-en"
EXPECTED = b"".join(
    ToneVoice(character_ms=6, gap_ms=4).words(
        "Hello there. How are you?", SpeakParameters(sample_rate_hz=48_000)
    )
)


def speak_synchronously(speak_url: str) -> list[Any]:
    received: list[Any] = []
    client = DeepgramClient(api_key=KEY, environment=environment(speak_url))
    with client.speak.v1.connect(
        model=MODEL, encoding="linear16", sample_rate=48_000
    ) as connection:
        connection.on(EventType.MESSAGE, received.append)
        connection.send_text(SpeakV1Text(text="Hello there. "))
        connection.send_text(SpeakV1Text(text="How are you?"))
        connection.send_flush()
        connection.send_close()
        connection.start_listening()
    return received


async def test_the_synchronous_client() -> None:
    async with running(api_key=KEY) as url:
        received = await asyncio.to_thread(speak_synchronously, url)
    assert kinds(received) == ["SpeakV1Metadata", "bytes", "SpeakV1Flushed"]
    assert b"".join(frame for frame in received if isinstance(frame, bytes)) == EXPECTED


async def test_the_asynchronous_client() -> None:
    async with running(api_key=KEY) as url:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment(url))
        async with client.speak.v1.connect(
            model=MODEL, encoding="linear16", sample_rate=48_000
        ) as connection:
            await connection.send_text(SpeakV1Text(text="Hello there. How are you?"))
            await connection.send_flush()
            await connection.send_close()
            received: list[Any] = [message async for message in connection]
    assert kinds(received) == ["SpeakV1Metadata", "bytes", "SpeakV1Flushed"]
    assert isinstance(received[0], SpeakV1Metadata)
    assert received[0].model_name == MODEL
    assert isinstance(received[-1], SpeakV1Flushed)
    assert b"".join(frame for frame in received if isinstance(frame, bytes)) == EXPECTED


async def test_clear_and_a_warning_in_the_dialect_of_the_specification() -> None:
    clock = WatchedClock()
    async with running("excessive-flush=2", clock=clock, pace=1.0, dialect="specified") as url:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment(url))
        async with client.speak.v1.connect(model=MODEL) as connection:
            await connection.send_text(SpeakV1Text(text="Hello there."))
            await connection.send_flush()
            await connection.send_flush()
            await connection.send_clear()
            await connection.send_close()
            received = [message async for message in connection if not isinstance(message, bytes)]
    # The SDK gives a Cleared as its class for Flushed, which has the same fields.
    assert [message.type for message in received] == ["Metadata", "Warning", "Cleared"]
    assert isinstance(received[1], SpeakV1Warning)
    assert received[1].code == "EXCESSIVE_FLUSH"


async def test_a_short_lived_token() -> None:
    async with running(api_key=KEY) as url:
        client = AsyncDeepgramClient(access_token="a.b.c", environment=environment(url))
        async with client.speak.v1.connect(model=MODEL) as connection:
            await connection.send_close()
            assert kinds([message async for message in connection]) == ["SpeakV1Metadata"]


async def test_a_wrong_key() -> None:
    async with running(api_key="another") as url:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment(url))
        with pytest.raises(ApiError) as refused:
            async with client.speak.v1.connect(model=MODEL):
                pass
    assert refused.value.status_code == 401
