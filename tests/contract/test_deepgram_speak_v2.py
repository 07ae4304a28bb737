"""Deepgram's own client, as it is, against the stand-in: Speak v2 (Flux)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.speak.v2.types import (
    SpeakV2Configure,
    SpeakV2ConfigureFailure,
    SpeakV2ConfigureSuccess,
    SpeakV2Connected,
    SpeakV2Error,
    SpeakV2Interrupt,
    SpeakV2InterruptPlaybackOffset,
    SpeakV2SessionMetadata,
    SpeakV2Speak,
    SpeakV2SpeechInterrupted,
    SpeakV2SpeechMetadata,
    SpeakV2SpeechStarted,
    SpeakV2Warning,
)
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from fixtures.recordings import load
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech, recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.clocks import WatchedClock
from tests.support.deepgram_sdk import environment, kinds
from tests.support.standins import running

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
MODEL = "flux-haley-en"
TEXT = "Hello there. How are you?"
EXPECTED = b"".join(
    ToneVoice(character_ms=6, gap_ms=4).words(TEXT, SpeakParameters(sample_rate_hz=48_000))
)


def asynchronous(speak_url: str) -> AsyncDeepgramClient:
    return AsyncDeepgramClient(api_key=KEY, environment=environment(speak_url))


def sound(received: Sequence[Any]) -> bytes:
    return b"".join(frame for frame in received if isinstance(frame, bytes))


def speak_synchronously(speak_url: str) -> list[Any]:
    received: list[Any] = []
    client = DeepgramClient(api_key=KEY, environment=environment(speak_url))
    with client.speak.v2.connect(
        model=MODEL,
        encoding="linear16",
        sample_rate="48000",
        speed=1.0,
        expressivity=1,
        mip_opt_out=True,
        tag=["one", "two"],
    ) as connection:
        connection.on(EventType.MESSAGE, received.append)
        connection.send_speak(SpeakV2Speak(text="Hello there. "))
        connection.send_speak(SpeakV2Speak(text="How are you?"))
        connection.send_flush()
        connection.send_close()
        connection.start_listening()
    return received


async def test_the_synchronous_client() -> None:
    async with running(api_key=KEY) as url:
        received = await asyncio.to_thread(speak_synchronously, url)
    assert isinstance(received[0], SpeakV2Connected)
    assert received[0].model_name == MODEL
    assert isinstance(received[1], SpeakV2SpeechStarted)
    assert sound(received) == EXPECTED
    turn, session = received[-2:]
    assert isinstance(turn, SpeakV2SpeechMetadata)
    assert turn.speech_id == received[1].speech_id
    assert (turn.input_character_count, turn.audio_duration_ms) == (25, len(EXPECTED) // 96)
    assert turn.controls_applied.pronunciations_applied == 0
    assert isinstance(session, SpeakV2SessionMetadata)
    assert session.total_audio_duration_ms == turn.audio_duration_ms


async def test_the_asynchronous_client() -> None:
    async with (
        running(api_key=KEY) as url,
        asynchronous(url).speak.v2.connect(model=MODEL, sample_rate="48000") as connection,
    ):
        await connection.send_speak(SpeakV2Speak(text=TEXT))
        await connection.send_flush()
        await connection.send_close()
        received: list[Any] = [message async for message in connection]
    assert kinds(received) == [
        "SpeakV2Connected",
        "SpeakV2SpeechStarted",
        "bytes",
        "SpeakV2Flushed",
        "bytes",
        "SpeakV2SpeechMetadata",
        "SpeakV2SessionMetadata",
    ]
    assert sound(received) == EXPECTED


async def test_an_interrupt_with_an_offset_and_one_without() -> None:
    clock = WatchedClock()
    async with (
        running(clock=clock, pace=1.0) as url,
        asynchronous(url).speak.v2.connect(model=MODEL, sample_rate="48000") as connection,
    ):

        async def until(kind: type[Any]) -> Any:
            while not isinstance(message := await connection.recv(), kind):
                pass
            return message

        await connection.send_speak(SpeakV2Speak(text=TEXT))
        await clock.asleep_until(20_000)
        offset = SpeakV2InterruptPlaybackOffset(type="time_ms", value=15)
        await connection.send_interrupt(SpeakV2Interrupt(playback_offset=offset))
        interrupted = await until(SpeakV2SpeechInterrupted)
        assert (
            interrupted.audio_played_ms,
            interrupted.text_spoken,
            interrupted.text_remaining,
        ) == (15, "", TEXT)
        assert interrupted.metadata.audio_duration_ms == 15

        await connection.send_interrupt(SpeakV2Interrupt(playback_offset=offset))
        assert (await until(SpeakV2Warning)).code == "NO_ACTIVE_SPEECH"
        await connection.send_speak(SpeakV2Speak(text=TEXT))
        await until(bytes)
        await connection.send_interrupt(SpeakV2Interrupt(playback_offset=offset))
        assert (await until(SpeakV2Warning)).code == "INVALID_INTERRUPT_OFFSET"
        await connection.send_interrupt()
        interrupted = await until(SpeakV2SpeechInterrupted)
        assert (interrupted.text_spoken, interrupted.text_remaining) == (None, None)


async def test_configure() -> None:
    async with (
        running() as url,
        asynchronous(url).speak.v2.connect(model=MODEL) as connection,
    ):
        await connection.recv()
        await connection.send_configure(SpeakV2Configure(speed=1.15))
        success = await connection.recv()
        assert isinstance(success, SpeakV2ConfigureSuccess)
        assert success.applied.speed == 1.15
        await connection.send_configure(SpeakV2Configure(speed=3.5))
        failure = await connection.recv()
        assert isinstance(failure, SpeakV2ConfigureFailure)
        assert (failure.code, failure.field, failure.value) == ("SPEED_OUT_OF_RANGE", "speed", 3.5)


async def test_an_error_is_a_message_and_the_end() -> None:
    async with (
        running() as url,
        asynchronous(url).speak.v2.connect(model=MODEL) as connection,
    ):
        await connection.send_speak(SpeakV2Speak(text=r"Wait \{pause:500ms\} here."))
        received: list[Any] = []
        connection.on(EventType.MESSAGE, received.append)
        await connection.start_listening()
    assert isinstance(received[-1], SpeakV2Error)
    assert received[-1].code == "DATA-0002"


SCENARIO = RecordedSpeech("", 0, (RecordedSegment("Hello there.", None),))
A_GROOVE = "A record has one groove."


@pytest.mark.parametrize(
    ("source", "texts", "differs"),
    [
        ("flux", ["A record has two grooves. "], "extra"),
        ("flux", [A_GROOVE], "unsent"),
        ("flux", ["A record has", " one groove."], "unsent"),
        ("flux", [f"{A_GROOVE} It runs from the rim to the middle. And back."], "changed"),
        ("scenario", ["A record has two grooves. "], "extra"),
    ],
)
async def test_a_strict_source_refuses_another_text(
    source: str, texts: Sequence[str], differs: str
) -> None:
    speech = SCENARIO if source == "scenario" else recorded_speech(load("flux"))
    voice = RecordedVoice(speech, strict=True)
    received: list[Any] = []
    async with (
        running(voice=voice) as url,
        asynchronous(url).speak.v2.connect(model=MODEL, sample_rate="16000") as connection,
    ):
        for text in texts:
            await connection.send_speak(SpeakV2Speak(text=text))
        await connection.send_flush()

        async def listen() -> None:
            async for message in connection:
                received.append(message)  # noqa: PERF401  # It ends with an exception.

        with pytest.raises(ConnectionClosedError, match=r"1008 .* NOT-IN-SOURCE"):
            await listen()
    assert isinstance(received[-1], SpeakV2Error)
    assert received[-1].code == "NOT-IN-SOURCE"
    assert voice.expectation.differences()[0].kind == differs


@pytest.mark.parametrize(
    ("options", "key", "status"),
    [
        ({"model": MODEL}, "another", 401),
        ({"model": "aura-2-thalia-en"}, KEY, 400),
        ({"model": MODEL, "speed": 2.0}, KEY, 400),
        ({"model": MODEL, "expressivity": 3}, KEY, 400),
    ],
)
async def test_a_refused_handshake(options: dict[str, Any], key: str, status: int) -> None:
    def connect_synchronously(url: str) -> None:
        client = DeepgramClient(api_key=KEY, environment=environment(url))
        with client.speak.v2.connect(**options):
            pass

    async def connect_asynchronously(url: str) -> None:
        async with asynchronous(url).speak.v2.connect(**options):
            pass

    async with running(api_key=key) as url:
        # The synchronous client lets the exception of its websocket library through.
        with pytest.raises(InvalidStatus) as rejected:
            await asyncio.to_thread(connect_synchronously, url)
        assert rejected.value.response.status_code == status
        assert rejected.value.response.headers["dg-error"]
        with pytest.raises(ApiError) as refused:
            await connect_asynchronously(url)
        assert refused.value.status_code == status
