"""Speak v2 on a real socket: what any client of the service may rely on."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from websockets.exceptions import InvalidStatus

from gramophone.standin.voice import SynthesisStream, VoiceSound
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.deepgram.speak_v2.messages import (
    Close,
    Configure,
    ConfigureFailure,
    ConfigureSuccess,
    Errored,
    Flush,
    Interrupt,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Unknown,
    Warned,
)
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits
from tests.support.clocks import WatchedClock
from tests.support.flux_client import QUERY, Heard, sound, talking
from tests.support.standins import running

VOICE = ToneVoice(character_ms=6, gap_ms=4)
AT_48_KHZ = SpeakParameters(sample_rate_hz=48_000)
BYTES_PER_MS = 96


def spoken(text: str, speed: float = 1.0) -> bytes:
    return b"".join(VOICE.words(text, SpeakParameters(sample_rate_hz=48_000, speed=speed)))


def kinds(received: list[Heard]) -> list[str]:
    """The types of what was heard, sound only once."""
    names = [type(message).__name__ for message in received]
    return [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]]


async def test_sound_comes_before_the_flush() -> None:
    async with running() as url, talking(url) as talk:
        await talk.say(Speak("A gramophone "), Speak("plays records. Many"))
        started = await talk.hear()
        first = spoken("A gramophone plays records.")
        received: list[Heard] = []
        while len(sound(received)) < len(first):
            received.append(await talk.hear())
        assert sound(received) == first
        await talk.say(Speak(" of them."), Flush())
        rest = await talk.hear_until(SpeechMetadata)
        assert kinds(rest) == ["Flushed", "bytes", "SpeechMetadata"]
        assert sound(rest) == spoken(" Many of them.")
        assert isinstance(started, SpeechStarted)
        assert rest[-1] == SpeechMetadata(
            started.speech_id,
            round(len(first + sound(rest)) / BYTES_PER_MS),
            len("A gramophone plays records. Many of them."),
            len("A gramophone plays records. Many of them."),
        )


async def test_only_on_flush_if_told_so() -> None:
    async with running(speak_on="flush") as url, talking(url) as talk:
        await talk.say(Speak("One. Two. Three."), Configure())
        assert kinds([await talk.hear(), await talk.hear()]) == [
            "SpeechStarted",
            "ConfigureSuccess",
        ]
        await talk.say(Flush())
        assert sound(await talk.hear_until(SpeechMetadata)) == spoken("One. Two. Three.")


async def test_close_lets_every_turn_out_and_tells_the_sums() -> None:
    async with running() as url, talking(url) as talk:
        await talk.say(Speak("One."), Flush(), Speak("Two."), Flush(), Speak("Three"), Close())
        received, code, reason = await talk.hear_out()
        assert sound(received) == spoken("One. Two. Three")
        turns = [message for message in received if isinstance(message, SpeechMetadata)]
        assert received[-1] == SessionMetadata(
            sum(turn.audio_duration_ms for turn in turns), 13, 13
        )
        assert (len(turns), code, reason) == (3, 1000, "")


async def test_an_interrupt_while_sound_goes_out() -> None:
    clock = WatchedClock()
    async with running(clock=clock, pace=1.0) as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records. Many of them."), Flush())
        for instant_us in range(20_000, 220_000, 20_000):
            await clock.asleep_until(instant_us)
            clock.advance_us(20_000)
        await clock.asleep_until(220_000)
        await talk.say(Interrupt(195))
        *before, interrupted = await talk.hear_until(SpeechInterrupted)
        # The first sentence lasts 160 ms, and of the second three frames have gone out.
        assert len(sound(before)) == 11 * 20 * BYTES_PER_MS
        assert isinstance(interrupted, SpeechInterrupted)
        assert (interrupted.audio_played_ms, interrupted.metadata.audio_duration_ms) == (195, 195)
        assert (interrupted.text_spoken, interrupted.text_remaining) == (
            "A gramophone plays records. Many",
            " of them.",
        )
        await talk.say(Speak("Yes?"), Flush())
        assert isinstance(await talk.hear(), SpeechStarted)


async def test_a_slow_interrupt_lets_sound_go_on() -> None:
    clock = WatchedClock()
    async with (
        running("slow-interrupt=30", clock=clock, pace=1.0) as url,
        talking(url) as talk,
    ):
        await talk.say(Speak("A gramophone plays records. Many of them."))
        await clock.asleep_until(20_000)
        await talk.say(Interrupt(10), Interrupt(15))
        received = await talk.hear_until(Warned)
        assert isinstance(received[-1], Warned)
        assert received[-1].code == "INTERRUPT_IN_PROGRESS"
        clock.advance_us(20_000)
        assert sound([await talk.hear()])
        await clock.asleep_until(30_000)
        clock.advance_us(10_000)
        [interrupted] = await talk.hear_until(SpeechInterrupted)
        assert isinstance(interrupted, SpeechInterrupted)
        assert interrupted.audio_played_ms == 10


async def test_a_speed_holds_for_the_next_segment() -> None:
    async with running() as url, talking(url) as talk:
        await talk.say(Configure(0.5), Configure(9), Speak("Slow."), Flush())
        success, failure, *received = await talk.hear_until(SpeechMetadata)
        assert success == ConfigureSuccess(0.5)
        assert isinstance(failure, ConfigureFailure)
        assert sound(received) == spoken("Slow.", speed=0.5)


async def test_a_minute_of_silence_ends_the_connection_and_a_ping_prolongs_it() -> None:
    clock = WatchedClock()
    async with running(clock=clock) as url, talking(url) as talk:
        await clock.asleep_until(60_000_000)
        clock.advance_us(40_000_000)
        await (await talk.connection.ping())
        clock.advance_us(20_000_000)
        await clock.asleep_until(100_000_000)
        await talk.connection.pong()
        await talk.say(Configure())
        assert isinstance(await talk.hear(), ConfigureSuccess)
        clock.advance_us(40_000_000)
        await clock.asleep_until(120_000_000)
        clock.advance_us(20_000_000)
        received, code, reason = await talk.hear_out()
        assert isinstance(received[-1], Errored)
        assert (received[-1].code, code, reason) == ("NET-0004", 1011, "NET-0004")


async def test_an_hour_is_the_longest_session() -> None:
    clock = WatchedClock()
    limits = FluxLimits(idle_us=None)
    async with running(clock=clock, flux_limits=limits) as url, talking(url) as talk:
        await clock.asleep_until(3_600_000_000)
        clock.advance_us(3_600_000_000)
        received, code, reason = await talk.hear_out()
        assert (kinds(received), code, reason) == (["Errored"], 1011, "NET-0003")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "Bad Request"),
        ("model=aura-2-thalia-en", "Bad Request"),
        (f"{QUERY}&container=none", "Bad Request"),
        (f"{QUERY}&speed=2", "SPEED_OUT_OF_RANGE"),
        (f"{QUERY}&speed=1.07", "SPEED_INCREMENT_INVALID"),
        (f"{QUERY}&expressivity=1.5", "EXPRESSIVITY_INCREMENT_INVALID"),
    ],
)
async def test_a_query_that_cannot_be_is_refused(query: str, code: str) -> None:
    async with running() as url:
        with pytest.raises(InvalidStatus) as refused:
            async with talking(url, query):
                pass
        response = refused.value.response
        error = json.loads(response.body or b"")
        assert (response.status_code, error["err_code"]) == (400, code)
        assert response.headers["dg-error"] == error["err_msg"]
        assert response.headers["dg-request-id"] == error["request_id"]


async def test_a_key_is_asked_for_and_a_refusal_can_be_had() -> None:
    async with running("refuse=429@0", api_key="k") as url:
        for status in (429, 401):
            with pytest.raises(InvalidStatus) as refused:
                async with talking(url):
                    pass
            assert refused.value.response.status_code == status


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ("hang-up=4000", 1011, "NET-0000"),
        ("close=NET-0003,#3", 1011, "NET-0003"),
        ("close=BIG-0000", 1009, "BIG-0000"),
    ],
)
async def test_an_error_goes_before_a_close_that_was_asked_for(
    fault: str, code: int, reason: str
) -> None:
    async with running(fault) as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        received, *ended = await talk.hear_out()
        assert isinstance(received[-1], Errored)
        assert (received[-1].code, *ended) == (reason, code, reason)


@pytest.mark.parametrize("fault", ["reset=4000", "drop=4000"])
async def test_a_connection_may_break(fault: str) -> None:
    async with running(fault) as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        _, code, _ = await talk.hear_out()
        assert code == 1006


async def test_faults_of_frames_and_messages_are_those_of_v1() -> None:
    async with running("odd-frames", "unknown-type", "retry=1", "configure-failure=1") as url:
        async with talking(url) as talk:
            await talk.say(Configure(1.1), Speak("A gramophone plays records."), Flush(), Close())
            received, code, _ = await talk.hear_out()
    assert isinstance(received[0], ConfigureFailure)
    assert [type(message) for message in received if isinstance(message, Warned | Unknown)] == [
        Warned,
        Unknown,
    ]
    assert any(len(frame) % 2 for frame in received if isinstance(frame, bytes))
    assert (sound(received), code) == (spoken("A gramophone plays records."), 1000)


async def test_a_voice_that_fails_is_asked_again_and_then_an_internal_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(ToneVoice):
        async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
            if text:
                raise OSError("no more voice")
            yield VoiceSound(b"")

    with caplog.at_level(logging.CRITICAL):
        async with running(voice=Failing()) as url, talking(url) as talk:
            await talk.say(Speak("Hello."), Flush())
            received, code, reason = await talk.hear_out()
    assert kinds(received) == ["SpeechStarted", "Flushed", "Warned", "Errored"]
    assert (code, reason) == (1011, "NET-0000")


async def test_both_versions_stand_on_one_port_and_many_speak_at_once() -> None:
    async def speaks(url: str, text: str) -> bytes:
        async with talking(url) as talk:
            await talk.say(Speak(text), Close())
            return sound((await talk.hear_out())[0])

    texts = [f"This is speaker number {number}." for number in range(20)]
    async with running() as url, asyncio.TaskGroup() as group:
        speakers = [group.create_task(speaks(url, text)) for text in texts]
    assert [speaker.result() for speaker in speakers] == [spoken(text) for text in texts]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_telephone_sound(encoding: str) -> None:
    query = f"model=flux-haley-en&encoding={encoding}"
    async with running() as url, talking(url, query) as talk:
        await talk.say(Speak("Hello there."), Close())
        received, _, _ = await talk.hear_out()
        parameters = SpeakParameters(encoding=encoding, sample_rate_hz=8_000)
        assert sound(received) == b"".join(VOICE.words("Hello there.", parameters))
