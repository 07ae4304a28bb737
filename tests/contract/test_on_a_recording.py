"""Deepgram's own client on the stand-in, and on a recording of it: the same contract, and the same
answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx
import pytest
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results
from deepgram.speak.v1.types import SpeakV1Flushed, SpeakV1Metadata, SpeakV1Text
from deepgram.speak.v2.types import SpeakV2Connected, SpeakV2SessionMetadata, SpeakV2Speak

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Event
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.options import StandinOptions
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.run.services import SERVICES, ServiceContext
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address, Routes
from gramophone.standin.source.source import StandinSource, source_of
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
MODEL = "aura-2-thalia-en"
TEXT = "Hello there. How are you?"
FRAME = b"\1\0" * 480
SAID = ("Why is it blue?", "Because of scattering.")
HEARD = RecordedSpeech(
    "linear16", 24_000, tuple(RecordedSegment(text, ((0, FRAME * 50),)) for text in SAID)
)
SPOKEN = b"".join(
    ToneVoice(character_ms=6, gap_ms=4).words(TEXT, SpeakParameters(sample_rate_hz=24_000))
)

Program: TypeAlias = Callable[[AsyncDeepgramClient], Awaitable[list[Any]]]


@asynccontextmanager
async def listening_at(routes: Routes) -> AsyncGenerator[tuple[Address, AsyncDeepgramClient]]:
    """A server, and a client of it."""
    async with (
        listening(routes) as address,
        httpx.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        base, web = address.websocket(), address.http()
        environment = DeepgramClientEnvironment(
            base=web, production=base, agent=base, agent_rest=web
        )
        yield address, AsyncDeepgramClient(api_key=KEY, environment=environment, httpx_client=http)


def routes_of(script: StandinSource | None) -> Routes:
    """Of the stand-in itself, or of one that plays a recording and takes nothing else."""
    clock = SystemClock()
    voice = ToneVoice(character_ms=6, gap_ms=4)
    language = ModelStandin(EchoAnswers(), ModelOptions(), clock)
    if script is None:
        utterances = utterances_of(HEARD)
        material = ServiceContext(voice, StandinOptions(), clock, language, utterances)
    else:
        recorded = RecordedVoice(script.speech, strict=True) if script.speech else voice
        utterances = utterances_of(script.speech, script.transcripts)
        material = ServiceContext(
            recorded, StandinOptions(), clock, language, utterances, script.transcripts
        )
    return SERVICES["speak"](material).routes | SERVICES["listen"](material).routes


# --- what clients do, and what they rely on -----------------------------------------------------


async def speak_v1(client: AsyncDeepgramClient) -> list[Any]:
    async with client.speak.v1.connect(
        model=MODEL, encoding="linear16", sample_rate=24_000
    ) as connection:
        await connection.send_text(SpeakV1Text(text=TEXT))
        await connection.send_flush()
        await connection.send_close()
        messages: list[Any] = [message async for message in connection]
    assert isinstance(messages[0], SpeakV1Metadata)
    assert isinstance(messages[-1], SpeakV1Flushed)
    assert b"".join(messages[1:-1]) == SPOKEN
    return messages[1:]


async def speak_v2(client: AsyncDeepgramClient) -> list[Any]:
    async with client.speak.v2.connect(
        model="flux-haley-en", encoding="linear16", sample_rate="24000"
    ) as connection:
        await connection.send_speak(SpeakV2Speak(text=TEXT))
        await connection.send_flush()
        await connection.send_close()
        messages: list[Any] = [message async for message in connection]
    assert isinstance(messages[0], SpeakV2Connected)
    assert isinstance(messages[-1], SpeakV2SessionMetadata)
    assert b"".join(message for message in messages if isinstance(message, bytes)) == SPOKEN
    # Ids are those of the connection, and the same again where it was recorded.
    return [
        message if isinstance(message, bytes) else type(message).__name__ for message in messages
    ]


async def speak_over_http(client: AsyncDeepgramClient) -> list[Any]:
    answers: list[Any] = []
    for form in (
        {"encoding": "linear16", "container": "none", "sample_rate": 24_000},
        {"encoding": "linear16", "sample_rate": 24_000},
        {},
    ):
        generate = client.speak.v1.audio.with_raw_response.generate
        async with generate(text=TEXT, model=MODEL, **form) as response:  # pyright: ignore[reportArgumentType]
            headers = response.headers
            assert headers["dg-char-count"] == str(len(TEXT))
            answers.append(headers["content-type"])
            answers.append(b"".join([piece async for piece in response.data]))
    assert answers[1] == SPOKEN
    assert answers[3].endswith(SPOKEN)
    return answers


async def listen(client: AsyncDeepgramClient) -> list[Any]:
    async with client.listen.v1.connect(
        model="nova-3", encoding="linear16", sample_rate=24_000, smart_format="true"
    ) as connection:
        for _ in range(100):
            await connection.send_media(FRAME)
        await connection.send_close_stream()
        messages: list[Any] = [message async for message in connection]
    finals = [
        message for message in messages if isinstance(message, ListenV1Results) and message.is_final
    ]
    texts = [final.channel.alternatives[0].transcript for final in finals]
    assert [text for text in texts if text] == list(SAID)
    assert isinstance(messages[-1], ListenV1Metadata)
    return [(text, final.start, final.duration) for text, final in zip(texts, finals, strict=True)]


async def listen_to_a_file(client: AsyncDeepgramClient) -> list[Any]:
    answer: Any = await client.listen.v1.media.transcribe_file(
        request=FRAME * 100,
        model="nova-3",
        smart_format=True,
        encoding="linear16",
        request_options={"additional_query_parameters": {"sample_rate": "24000"}},
    )
    (alternative,) = answer.results.channels[0].alternatives
    assert alternative.transcript == " ".join(SAID)
    assert answer.metadata.duration == 2.0
    return [(word.word, word.start, word.end) for word in alternative.words]


@pytest.mark.parametrize("program", [speak_v1, speak_v2, speak_over_http, listen, listen_to_a_file])
async def test_a_recording_of_the_stand_in_answers_as_it_did(program: Program) -> None:
    events: list[Event] = []
    async with listening_at(routes_of(None)) as (upstream, client):
        straight = await program(client)
        proxy = RecordingProxy(
            upstream_of(upstream.http()), "5e55", SystemClock(), events.append, lambda _: None
        )
        async with listening_at(proxy.routes()) as (_, client):
            through = await program(client)
        proxy.end()
    assert proxy.unrecorded == 0
    async with listening_at(routes_of(source_of(events))) as (_, client):
        again = await program(client)
    assert straight == through == again
