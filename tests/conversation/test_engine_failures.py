"""What the engine makes of edges that fail, break off or hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from gramophone.conversation.engine import NO_MODEL, NO_SPEECH, Engine
from gramophone.conversation.messages import End
from gramophone.conversation.tts_session import SPEECH_SILENT
from gramophone.core.clock import SystemClock
from gramophone.core.errors import ModelError
from gramophone.core.intents import Say, Submit
from gramophone.core.timeline import (
    Event,
    Failed,
    SessionEnded,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnStarted,
)
from gramophone.devices.speaker import MutedSpeaker
from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakV1
from tests.support.engine_sessions import (
    RATE_HZ,
    Listening,
    ScriptedModel,
    completed,
    session,
    tones,
)
from tests.support.playbook import a_conversation
from tests.support.standins import running


class TestTheServiceFails:
    async def test_a_reset_before_the_first_sound_is_mended(self) -> None:
        text = "One two three. Four five six."
        async with running("reset=0@0") as url, session(url) as (engine, listening):
            engine.post(Say(text))
            await listening.until(completed(0))
        assert [event.connection for event in listening.all_of(SpeechConnected)] == [0, 1]
        assert listening.all_of(SpeechDisconnected)[0].code == 1006
        assert listening.sound(0) == tones("One two three.") + tones("Four five six.")
        assert listening.all_of(Failed) == []

    async def test_a_reset_in_mid_answer_loses_no_word(self) -> None:
        text = "One two three four five six seven eight nine ten eleven twelve thirteen."
        async with running("reset=6000@0") as url, session(url) as (engine, listening):
            engine.post(Say(text))
            await listening.until(completed(0))
        rest = listening.all_of(TextSpoken)[-1].text
        assert text.endswith(rest)
        assert listening.sound(0).endswith(tones(rest))
        assert listening.all_of(Failed) == []

    async def test_hanging_up_again_and_again_ends_in_a_sentence(self) -> None:
        model = ScriptedModel(["One two three. ", "Four."])
        async with running("hang-up=100") as url, session(url, model=model) as (engine, listening):
            engine.post(Submit("Hello?"))
            turn = await listening.until(completed(1))
        assert turn.text == "One two three. Four."
        assert len(listening.all_of(SpeechConnected)) == 2
        (failed,) = listening.all_of(Failed)
        assert "hung up (1011 NET-0000)" in failed.detail

    async def test_silence_is_given_up(self) -> None:
        limits = ClientLimits(answer_timeout_us=50_000)
        conversation = a_conversation(limits, audible=False)
        async with (
            running("silent") as url,
            session(url, conversation=conversation) as (engine, listening),
        ):
            engine.post(Say("Hello."))
            await listening.until(completed(0))
        (failed,) = listening.all_of(Failed)
        assert failed.detail == SPEECH_SILENT

    async def test_a_refusal_says_why(self) -> None:
        model = ScriptedModel(["Hello ", "there."])
        async with running("refuse=401") as url, session(url, model=model) as (engine, listening):
            failed = await listening.until(lambda entry: isinstance(entry, Failed))
            engine.post(Submit("Hello?"))
            turn = await listening.until(completed(1))
        assert "(401: Invalid credentials" in failed.detail
        assert turn.text == "Hello there."
        assert len(listening.all_of(Failed)) == 2

    async def test_rubbish_does_no_harm(self) -> None:
        async with running("rubbish", "unknown-type") as url, session(url) as (engine, listening):
            engine.post(Say("Hello."))
            await listening.until(completed(0))
        assert listening.sound(0) == tones("Hello.")
        assert listening.kinds().count("WarningReceived") == 2

    async def test_no_voice_at_all(self) -> None:
        async with session(None) as (engine, listening):
            engine.post(Say("Hello."))
            turn = await listening.until(completed(0))
        assert turn.text == "Hello."
        assert listening.all_of(Failed)[0].detail == NO_SPEECH


class TestTheModelFails:
    async def test_with_a_sentence(self) -> None:
        model = ScriptedModel(["Hello.", ModelError("The model is gone; try again.")])
        async with running() as url, session(url, model=model) as (engine, listening):
            engine.post(Submit("Hello?"))
            turn = await listening.until(completed(1))
        assert turn.finish_reason == "failed"
        assert listening.all_of(Failed)[0].detail == "The model is gone; try again."
        assert listening.sound(1) == tones("Hello.")

    async def test_unforeseen(self, caplog: pytest.LogCaptureFixture) -> None:
        model = ScriptedModel([KeyError("choices")])
        async with running() as url, session(url, model=model) as (engine, listening):
            engine.post(Submit("Hello?"))
            await listening.until(completed(1))
        assert "not foreseen ('choices')" in listening.all_of(Failed)[0].detail
        assert "model turn 1 failed" in caplog.text

    async def test_where_none_is_set_up(self) -> None:
        async with running() as url, session(url) as (engine, listening):
            engine.post(Submit("Hello?"))
            await listening.until(completed(1))
        assert listening.all_of(Failed)[0].detail == NO_MODEL


class TestTheEdgesHang:
    async def test_a_service_that_takes_nothing_cannot_hold_up_the_end(self) -> None:
        class Stuck:
            url = "ws://stuck"
            request_id = ""

            def __init__(self) -> None:
                self._closed = asyncio.Event()

            async def send(self, text: str) -> None:
                await asyncio.Event().wait()

            async def frames(self) -> AsyncGenerator[str | bytes]:
                await self._closed.wait()
                return
                yield b""

            def closed(self) -> tuple[int, str]:
                return 1006, ""

            async def aclose(self) -> None:
                self._closed.set()

        class StuckService:
            async def connect(self) -> Stuck:
                return Stuck()

        await self.say_something_to(StuckService().connect, TextSpoken)

    async def test_a_connection_that_never_comes_about_is_not_waited_for(self) -> None:
        async def connect() -> Any:
            await asyncio.Event().wait()

        await self.say_something_to(connect, TurnStarted)

    async def say_something_to(
        self, connect: Callable[[], Awaitable[Any]], until: type[Event]
    ) -> None:
        class Service:
            protocol = SpeakV1()

            async def connect(self) -> Any:
                return await connect()

        clock, listening = SystemClock(), Listening()
        engine = Engine(
            a_conversation(),
            clock=clock,
            model=None,
            speech=Service(),
            speaker=MutedSpeaker(RATE_HZ, clock),
            sinks=[listening],
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run(), name="engine under test")
            engine.post(Say("Hello."))
            await listening.until(lambda entry: isinstance(entry, until))
            engine.post(End())
        assert isinstance(listening.entries[-1], SessionEnded)
