"""Deepgram's own client gets transcripts from the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from deepgram import AsyncDeepgramClient, DeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.listen.v1.types import (
    ListenV1Metadata,
    ListenV1Results,
    ListenV1SpeechStarted,
    ListenV1UtteranceEnd,
)
from websockets.exceptions import ConnectionClosedError

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.deepgram.routes import listen_routes
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.wire.deepgram.listen_v1.connection import IDLE_US
from tests.support.clocks import WatchedClock
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
FRAME = b"\1\0" * 480
SPEECH = RecordedSpeech(
    "linear16",
    24_000,
    (
        RecordedSegment("Why is it blue?", tuple((20_000 * at, FRAME) for at in range(100))),
        RecordedSegment("Because of scattering.", tuple((0, FRAME) for _ in range(50))),
    ),
)
SOUND = [frame for segment in SPEECH.segments for _, frame in segment.frames or ()]
RAW: dict[str, Any] = {"model": "nova-3", "encoding": "linear16", "sample_rate": 24_000}


@asynccontextmanager
async def standing_in(
    *faults: str, clock: Clock | None = None
) -> AsyncGenerator[DeepgramClientEnvironment]:
    options = StandinOptions(faults=tuple(map(Fault.parse, faults)), api_key=KEY)
    routes = listen_routes(utterances_of(SPEECH), options, clock or SystemClock())
    async with listening(routes) as address:
        http, base = address.http(), address.websocket()
        yield DeepgramClientEnvironment(base=http, production=base, agent=base, agent_rest=http)


def transcripts(messages: Sequence[Any]) -> list[str]:
    return [
        message.channel.alternatives[0].transcript
        for message in messages
        if isinstance(message, ListenV1Results) and message.is_final
    ]


def listen_synchronously(environment: DeepgramClientEnvironment) -> list[Any]:
    messages: list[Any] = []
    client = DeepgramClient(api_key=KEY, environment=environment)
    with client.listen.v1.connect(**RAW, smart_format="true") as connection:
        connection.on(EventType.MESSAGE, messages.append)
        for frame in SOUND:
            connection.send_media(frame)
        connection.send_close_stream()
        connection.start_listening()
    return messages


async def test_the_synchronous_client() -> None:
    async with standing_in() as environment:
        messages = await asyncio.to_thread(listen_synchronously, environment)
    assert transcripts(messages) == ["Why is it blue?", "Because of scattering.", ""]
    assert isinstance(messages[-1], ListenV1Metadata)
    assert (messages[-1].duration, messages[-1].channels) == (3.0, 1)


async def test_the_asynchronous_client_with_everything_that_is_told() -> None:
    options: dict[str, Any] = {
        "interim_results": "true",
        "vad_events": "true",
        "utterance_end_ms": 1000,
    }
    async with standing_in() as environment:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment)
        async with client.listen.v1.connect(**RAW, **options) as connection:
            await connection.send_keep_alive()
            for frame in SOUND + [FRAME] * 60:
                await connection.send_media(frame)
            await connection.send_finalize()
            await connection.send_close_stream()
            messages: list[Any] = [message async for message in connection]
    results = [message for message in messages if isinstance(message, ListenV1Results)]
    interim = [result for result in results if not result.is_final]
    assert [result.channel.alternatives[0].transcript for result in interim] == ["why is"]
    assert transcripts(messages) == ["why is it blue", "because of scattering", "", ""]
    assert [result.from_finalize for result in results][-2:] == [True, False]
    (second,) = (result for result in results if result.is_final and result.start == 2.0)
    words = second.channel.alternatives[0].words
    assert [(word.word, word.start, word.end) for word in words] == [
        ("because", 2.0, 2.35),
        ("of", 2.35, 2.45),
        ("scattering", 2.45, 3.0),
    ]
    started = [
        message.timestamp for message in messages if isinstance(message, ListenV1SpeechStarted)
    ]
    assert started == [0.0, 2.0]
    ended = [
        message.last_word_end for message in messages if isinstance(message, ListenV1UtteranceEnd)
    ]
    assert ended == [3.0]
    assert results[0].metadata.model_info.name == "nova-3"


async def test_a_silent_client_is_sent_away() -> None:
    clock = WatchedClock()
    async with standing_in(clock=clock) as environment:
        client = AsyncDeepgramClient(api_key=KEY, environment=environment)
        async with client.listen.v1.connect(**RAW) as connection:
            await clock.asleep_until(IDLE_US)
            clock.advance_us(IDLE_US)
            with pytest.raises(ConnectionClosedError) as closed:
                await connection.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "NET-0001")


@pytest.mark.parametrize(
    ("faults", "key", "options", "status"),
    [
        ((), "another", RAW, 401),
        (("refuse=429",), KEY, RAW, 429),
        ((), KEY, RAW | {"model": "flux-general-en"}, 400),
    ],
)
async def test_refusals(
    faults: tuple[str, ...], key: str, options: dict[str, Any], status: int
) -> None:
    async with standing_in(*faults) as environment:
        client = AsyncDeepgramClient(api_key=key, environment=environment)
        with pytest.raises(ApiError) as refused:
            async with client.listen.v1.connect(**options):
                pass
    assert refused.value.status_code == status


async def test_a_recording_as_a_whole() -> None:
    async with (
        standing_in() as environment,
        httpx.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        client = AsyncDeepgramClient(api_key=KEY, environment=environment, httpx_client=http)
        answer: Any = await client.listen.v1.media.transcribe_file(
            request=b"".join(SOUND),
            model="nova-3",
            smart_format=True,
            encoding="linear16",
            request_options={"additional_query_parameters": {"sample_rate": "24000"}},
        )
        (alternative,) = answer.results.channels[0].alternatives
        assert alternative.transcript == "Why is it blue? Because of scattering."
        assert [word.end for word in alternative.words][-1] == 3.0
        assert answer.metadata.duration == 3.0
        with pytest.raises(ApiError) as refused:
            await client.listen.v1.media.transcribe_url(url="https://example.com/a.wav")
    assert refused.value.status_code == 400


async def test_a_recording_with_utterances_and_paragraphs() -> None:
    async with (
        standing_in() as environment,
        httpx.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        client = AsyncDeepgramClient(api_key=KEY, environment=environment, httpx_client=http)
        answer: Any = await client.listen.v1.media.transcribe_file(
            request=b"".join(SOUND),
            model="nova-3",
            utterances=True,
            paragraphs=True,
            diarize=True,
            detect_language=True,
            tag="a-test",
            encoding="linear16",
            request_options={"additional_query_parameters": {"sample_rate": "24000"}},
        )
    (channel,) = answer.results.channels
    (alternative,) = channel.alternatives
    utterances = answer.results.utterances
    assert (channel.detected_language, answer.metadata.tags) == ("en", ["a-test"])
    assert [utterance.transcript for utterance in utterances] == [
        "Why is it blue?",
        "Because of scattering.",
    ]
    assert [word.speaker for word in alternative.words] == [0] * 7
    assert [word.word for word in utterances[1].words] == ["because", "of", "scattering"]
    paragraphs = alternative.paragraphs.paragraphs
    assert [paragraph.num_words for paragraph in paragraphs] == [4, 3]
    assert [paragraph.sentences[0].text for paragraph in paragraphs] == [
        "Why is it blue?",
        "Because of scattering.",
    ]
    assert paragraphs[1].end == utterances[1].end == alternative.words[-1].end == 3.0
