"""The embedded voice: one server for the whole talk, and another when that one dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from gramophone.core.errors import EngineMissing
from gramophone.providers.tts.deepgram import SpeechSocket
from gramophone.providers.tts.embedded import EmbeddedSpeech
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Speak, SpeakParameters, render
from tests.support.processes import gone

PARAMETERS = SpeakParameters(sample_rate_hz=48_000)


@asynccontextmanager
async def speech(
    voice: str = "tone", progress: Callable[[str], None] = lambda detail: None
) -> AsyncGenerator[EmbeddedSpeech]:
    embedded = EmbeddedSpeech(PARAMETERS, progress=progress, voice=voice)
    try:
        yield embedded
    finally:
        await embedded.aclose()


def pid_of(embedded: EmbeddedSpeech) -> int:
    process = embedded._child._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    return process.pid


async def spoken(connection: SpeechSocket, text: str) -> bytes:
    for message in (Speak(text), Flush(), Close()):
        await connection.send(render(message))
    sound = b"".join([frame async for frame in connection.frames() if isinstance(frame, bytes)])
    await connection.aclose()
    assert connection.closed() == (1000, "")
    return sound


@pytest.mark.engines
async def test_the_real_voice_speaks_in_a_process_of_its_own() -> None:
    async with speech("piper") as embedded:
        sound = await spoken(await embedded.connect(), "Good morning to you.")
        assert len(sound) > 48_000, "half a second at the least"
        assert any(sound)


async def test_it_starts_once() -> None:
    async with speech() as embedded:
        first, second = await asyncio.gather(embedded.connect(), embedded.connect())
        assert first.url == second.url
        pid = pid_of(embedded)
        await first.aclose()
        await second.aclose()
        assert await spoken(await embedded.connect(), "Hello.")
        assert pid_of(embedded) == pid


async def test_any_amount_of_text_is_spoken() -> None:
    async with speech() as embedded:
        connection = await embedded.connect()
        for _ in range(3):
            await connection.send(render(Speak("Hi. " * 400)))
        assert await spoken(connection, "Hi.")


async def test_it_starts_again_when_its_process_was_killed() -> None:
    """At once: a talk that lost its voice asks for another before the loss is known here."""
    async with speech() as embedded:
        connection = await embedded.connect()
        first = pid_of(embedded)
        os.kill(first, signal.SIGKILL)
        assert [frame async for frame in connection.frames() if isinstance(frame, bytes)] == []
        assert connection.closed() == (1006, "")
        await connection.aclose()
        assert await spoken(await embedded.connect(), "Hello.")
        assert pid_of(embedded) != first


@pytest.mark.engines
async def test_a_start_that_nobody_waits_for_does_not_spoil_the_next() -> None:
    loading = asyncio.Event()
    async with speech("piper", lambda detail: loading.set()) as embedded:
        async with asyncio.TaskGroup() as group:
            connecting = group.create_task(embedded.connect())
            await loading.wait()
            connecting.cancel()
        assert await spoken(await embedded.connect(), "Hello.")


async def test_its_process_ends_with_it() -> None:
    async with speech() as embedded:
        await (await embedded.connect()).aclose()
        pid = pid_of(embedded)
        await embedded.aclose()
        await gone(pid)


async def test_a_voice_that_is_not_there() -> None:
    async with speech("nightingale") as embedded:
        with pytest.raises(EngineMissing, match="ended before it was ready"):
            await embedded.connect()
