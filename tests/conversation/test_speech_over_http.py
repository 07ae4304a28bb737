"""The engine with speech over HTTP: the stand-in inside the test, the real SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.core.clock import SystemClock
from gramophone.core.intents import Interrupt, Say
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    Failed,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    NoticeGiven,
    SpeechConnected,
    TextSpoken,
    TurnInterrupted,
    WarningReceived,
)
from gramophone.devices.speaker import MutedSpeaker
from gramophone.ports.speaker import Speaker
from gramophone.ports.speech import SpeechService
from gramophone.providers.tts.openai_speech import OpenAISpeech
from gramophone.wire.openai_audio.speech_form import SpeechForm
from tests.support.engine_sessions import HeldSpeaker, Listening, completed
from tests.support.model_servers import Reply, Step, serving
from tests.support.openai_audio import audio_standin, tones

RATE_HZ = 24_000


@asynccontextmanager
async def session(
    service: SpeechService, speaker: Speaker | None = None
) -> AsyncGenerator[tuple[Engine, Listening]]:
    clock, listening = SystemClock(), Listening()
    settings = ConversationSettings(
        session_id="5e551017a0000000",
        provider="none",
        model="",
        voice="alloy",
        sample_rate_hz=RATE_HZ,
        audible=speaker is not None,
    )
    engine = Engine(
        Conversation(settings=settings, speech=service.protocol),
        clock=clock,
        model=None,
        speech=service,
        speaker=speaker or MutedSpeaker(RATE_HZ, clock),
        sinks=[listening],
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(), name="engine under test")
        try:
            yield engine, listening
        finally:
            engine.post(End())


def openai(origin: str) -> OpenAISpeech:
    return OpenAISpeech(SpeechForm(), base_url=f"{origin}/v1")


async def test_a_turn_is_spoken_in_pieces_without_a_gap() -> None:
    texts = ["Well,", "here is one sentence. Here is another, and it is longer than the first."]
    async with audio_standin() as address, session(openai(address.http())) as (engine, listening):
        engine.post(Say(" ".join(texts)))
        await listening.until(completed(0))
        engine.post(Say("Again."))
        await listening.until(completed(1))
    requests = [json.loads(frame.text) for frame in listening.all_of(FrameSent)]
    spoken = [request["input"] for request in requests]
    assert " ".join(spoken) == f"{' '.join(texts)} Again."
    assert listening.sound(0) == b"".join(map(tones, spoken[:-1]))
    assert listening.sound(1) == tones("Again.")
    assert " ".join(event.text for event in listening.all_of(TextSpoken)) == " ".join(spoken)
    assert len(listening.all_of(FlushSent)) == len(listening.all_of(FlushAnswered)) == len(spoken)
    assert len(listening.all_of(SpeechConnected)) == 1
    reports = [json.loads(frame.text)["type"] for frame in listening.all_of(FrameReceived)]
    assert reports == ["RequestEnded"] * len(spoken)


async def test_an_interruption_cancels_the_request() -> None:
    speaker = HeldSpeaker()
    replies = [
        Reply([b"\5\0" * 800, Step.HANG], content_type="audio/pcm"),
        Reply([b"\7\0" * 800], content_type="audio/pcm"),
    ]
    async with (
        serving(*replies) as server,
        session(openai(server.origin), speaker) as (engine, listening),
    ):
        engine.post(Say("Good night."))
        await listening.until(lambda entry: isinstance(entry, AudioReceived))
        speaker.position = 160
        engine.post(Interrupt())
        await listening.until(completed(0))
        await server.requests[0].gone.wait()
        engine.post(Say("Next."))
        await listening.until(lambda entry: isinstance(entry, AudioReceived) and entry.turn == 1)
        assert set(listening.sound(1)) == {7, 0}
        engine.post(Interrupt())
        await listening.until(completed(1))
    assert listening.all_of(TurnInterrupted)[0].heard_samples == 160
    assert len(listening.all_of(ClearSent)) >= 1


async def test_a_refusal_is_one_sentence_and_the_next_turn_asks_again() -> None:
    refusal = Reply([b'{"error":{"message":"No."}}'], status=400)
    async with (
        serving(refusal, Reply([b"\5\0" * 80])) as server,
        session(openai(server.origin)) as (engine, listening),
    ):
        engine.post(Say("Good night."))
        await listening.until(completed(0))
        engine.post(Say("Next."))
        await listening.until(completed(1))
    assert [failed.detail for failed in listening.all_of(Failed)] == [
        "OpenAI's speech refused the text (400: No); check the voice, the model and the format."
    ]
    assert listening.sound(1) == b"\5\0" * 80


async def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    text = "One two three four five six seven eight nine ten eleven twelve."
    sound = b"\5\0" * RATE_HZ
    async with (
        serving(Reply([sound, Step.CUT]), Reply([b"\7\0" * RATE_HZ])) as server,
        session(openai(server.origin)) as (engine, listening),
    ):
        engine.post(Say(text))
        await listening.until(completed(0))
        again = server.requests[1].body["input"]
    assert text.endswith(again)
    assert listening.sound(0) == sound + b"\7\0" * RATE_HZ
    assert listening.all_of(Failed) == []


async def test_silence_is_told_once() -> None:
    async with (
        serving(*[Reply([bytes(4_800)])] * 2) as server,
        session(openai(server.origin)) as (engine, listening),
    ):
        engine.post(Say("Hello."))
        await listening.until(completed(0))
        engine.post(Say("Hello again."))
        await listening.until(completed(1))
    assert [warning.code for warning in listening.all_of(WarningReceived)] == ["SILENCE"] * 2
    (notice,) = listening.all_of(NoticeGiven)
    assert notice.detail.startswith("The voice sends nothing but silence")
