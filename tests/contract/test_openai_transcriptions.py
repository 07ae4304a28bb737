"""The official OpenAI client asks for transcripts, as it is installed, against the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from tests.support.deadlines import HANG_S
from tests.support.openai_audio import audio_standin, wav
from tests.support.plain_http import NO_TLS

SOUND = wav(bytes(2 * 24_000 * 4))
TEXT = "Good day. How are you?"
FILE = ("speech.wav", SOUND, "audio/wav")


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
    def text(base_url: str) -> str:
        with openai.OpenAI(timeout=HANG_S, api_key="sk-1", base_url=base_url) as client:
            return client.audio.transcriptions.create(model="whisper-1", file=FILE).text

    async with audio_standin() as address:
        assert await asyncio.to_thread(text, address.http("/v1")) == TEXT


@pytest.mark.parametrize("output", ["text", "srt", "vtt"])
async def test_text_and_subtitles(output: Any) -> None:
    async with client_of() as client:
        create: Any = client.audio.transcriptions.create
        text = await create(model="whisper-1", file=FILE, response_format=output)
    assert isinstance(text, str)
    assert "How are you?" in text


async def test_verbose_json_with_words() -> None:
    async with client_of() as client:
        verbose = await client.audio.transcriptions.create(
            model="whisper-1",
            file=FILE,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    assert (verbose.text, verbose.duration) == (TEXT, 4.0)
    assert [word.word for word in verbose.words or ()] == TEXT.split()
    assert [segment.end for segment in verbose.segments or ()] == [2.0, 3.0]


async def test_speakers() -> None:
    async with client_of() as client:
        diarized = await client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize", file=FILE, response_format="diarized_json"
        )
    assert [segment.text for segment in diarized.segments] == ["Good day.", "How are you?"]


async def test_a_stream_with_probabilities() -> None:
    deltas: list[str] = []
    async with client_of() as client:
        stream = await client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=FILE, stream=True, include=["logprobs"]
        )
        async for event in stream:
            if event.type == "transcript.text.delta":
                deltas.append(event.delta)
                assert event.logprobs
            elif event.type == "transcript.text.done":
                assert event.text == "".join(deltas) == TEXT


async def test_errors_are_the_clients_own() -> None:
    async with client_of("refuse=401@2") as client:
        ask = client.audio.transcriptions.create
        with pytest.raises(openai.BadRequestError, match="Unrecognized file format"):
            await ask(model="whisper-1", file=("notes.txt", b"notes"))
        with pytest.raises(openai.BadRequestError, match="too short"):
            await ask(model="whisper-1", file=("a.wav", wav(b"")))
        with pytest.raises(openai.AuthenticationError):
            await ask(model="whisper-1", file=FILE)


async def test_an_overload_within_a_stream_is_the_clients_own_error() -> None:
    async with client_of("overloaded") as client:
        create: Any = client.audio.transcriptions.create
        stream = await create(model="gpt-4o-transcribe", file=FILE, stream=True)
        with pytest.raises(openai.APIError, match="overloaded"):
            async for _ in stream:
                pass


async def test_a_translation() -> None:
    async with client_of() as client:
        translations: Any = client.audio.translations
        with pytest.deprecated_call():
            translated = await translations.create(model="whisper-1", file=FILE)
    assert translated.text == TEXT
