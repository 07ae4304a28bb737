"""Deepgram's own client over HTTP, as it is, against the stand-in."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
import soundfile
from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError

from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.deadlines import HANG_S
from tests.support.deepgram_sdk import environment
from tests.support.plain_http import NO_TLS
from tests.support.standins import running

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
TEXT = "Hello there. How are you?"
MODEL = "aura-2-thalia-en"


def spoken(rate_hz: int) -> bytes:
    parameters = SpeakParameters(sample_rate_hz=rate_hz)
    return b"".join(ToneVoice(character_ms=6, gap_ms=4).words(TEXT, parameters))


@asynccontextmanager
async def calling(url: str) -> AsyncGenerator[AsyncDeepgramClient, None]:
    """A client whose connections are closed in the end, which the SDK leaves to its caller."""
    async with httpx.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        yield AsyncDeepgramClient(api_key=KEY, environment=environment(url), httpx_client=http)


async def test_the_synchronous_client() -> None:
    def generate(url: str) -> bytes:
        with httpx.Client(verify=NO_TLS, timeout=HANG_S) as http:
            client = DeepgramClient(api_key=KEY, environment=environment(url), httpx_client=http)
            pieces = client.speak.v1.audio.generate(
                text=TEXT, model=MODEL, encoding="linear16", container="none", sample_rate=48_000
            )
            return b"".join(pieces)

    async with running(api_key=KEY) as url:
        assert await asyncio.to_thread(generate, url) == spoken(48_000)


async def test_the_asynchronous_client_and_its_headers() -> None:
    async with running(api_key=KEY) as url, calling(url) as client:
        async with client.speak.v1.audio.with_raw_response.generate(
            text=TEXT, model=MODEL, encoding="linear16"
        ) as response:
            assert response.headers["dg-model-name"] == MODEL
            assert response.headers["dg-char-count"] == str(len(TEXT))
            file = b"".join([piece async for piece in response.data])
    with wave.open(io.BytesIO(file)) as read:
        assert read.readframes(read.getnframes()) == spoken(24_000)


async def test_without_arguments_it_is_an_mp3() -> None:
    async with running() as url, calling(url) as client:
        file = b"".join([piece async for piece in client.speak.v1.audio.generate(text=TEXT)])
    with soundfile.SoundFile(io.BytesIO(file)) as read:
        assert (read.format, read.samplerate) == ("MP3", 22_050)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429])
async def test_a_refusal(status: int) -> None:
    async with running(f"refuse={status}") as url, calling(url) as client:
        with pytest.raises(ApiError) as refused:
            async for _ in client.speak.v1.audio.generate(
                text=TEXT, request_options={"max_retries": 0}
            ):
                pass
    assert refused.value.status_code == status
    assert refused.value.headers is not None
    assert refused.value.body["err_msg"] == refused.value.headers["dg-error"]
