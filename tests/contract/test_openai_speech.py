"""The official OpenAI client asks for speech, as it is installed, against the stand-in."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import openai
import pytest
import soundfile

from tests.support.deadlines import HANG_S
from tests.support.openai_audio import audio_standin, tones
from tests.support.plain_http import NO_TLS

MODEL = "gpt-4o-mini-tts"
TEXT = "Hello there. How are you?"


@asynccontextmanager
async def client_of(*faults: str) -> AsyncGenerator[openai.AsyncOpenAI]:
    async with (
        audio_standin(*faults) as address,
        openai.AsyncOpenAI(
            timeout=HANG_S,
            api_key="sk-1",
            base_url=address.http("/v1"),
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(verify=NO_TLS),
        ) as client,
    ):
        yield client


async def test_the_synchronous_client() -> None:
    def speech(base_url: str) -> bytes:
        with openai.OpenAI(timeout=HANG_S, api_key="sk-1", base_url=base_url) as client:
            return client.audio.speech.create(
                model=MODEL, voice="marin", input=TEXT, response_format="pcm", speed=2
            ).read()

    async with audio_standin() as address:
        assert await asyncio.to_thread(speech, address.http("/v1")) == tones(TEXT, speed=2)


async def test_without_a_format_it_is_an_mp3() -> None:
    async with client_of() as client:
        answer = await client.audio.speech.create(model="tts-1", voice="nova", input=TEXT)
    with soundfile.SoundFile(io.BytesIO(answer.content)) as file:
        assert (file.format, file.samplerate) == ("MP3", 24_000)


async def test_the_streaming_response() -> None:
    async with client_of() as client:
        request = client.audio.speech.with_streaming_response.create(
            model=MODEL, voice={"id": "voice_1234"}, input=TEXT, response_format="pcm"
        )
        async with request as response:
            assert response.headers["content-type"] == "audio/pcm"
            pieces = [piece async for piece in response.iter_bytes()]
    assert b"".join(pieces) == tones(TEXT)


async def test_a_stream_of_events() -> None:
    sound = b""
    async with client_of() as client:
        request = client.audio.speech.with_streaming_response.create(
            model=MODEL, voice="ash", input=TEXT, response_format="pcm", stream_format="sse"
        )
        async with request as response:
            async for line in response.iter_lines():
                event = json.loads(line.removeprefix("data: ") or "{}")
                sound += b64decode(event.get("audio", ""))
    assert sound == tones(TEXT)


async def test_errors_are_the_clients_own() -> None:
    async with client_of("refuse=429@2") as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.audio.speech.create(model=MODEL, voice="nobody", input=TEXT)
        assert (refused.value.param, refused.value.code) == ("voice", "invalid_value")
        with pytest.raises(openai.BadRequestError, match="maximum length 4096"):
            await client.audio.speech.create(model=MODEL, voice="ash", input="a" * 5_000)
        with pytest.raises(openai.RateLimitError) as limited:
            await client.audio.speech.create(model=MODEL, voice="ash", input=TEXT)
    assert limited.value.request_id is not None
