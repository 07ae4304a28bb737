"""The stand-in on a real socket: what any client of the service may rely on."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from gramophone.standin.voice import SynthesisStream, VoiceSound
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    Close,
    Flush,
    Flushed,
    Speak,
    SpeakParameters,
    Warned,
)
from gramophone.wire.deepgram.speak_v1.server import EXCESSIVE_FLUSH, SpeakLimits
from tests.support.clocks import WatchedClock
from tests.support.speak_client import messages, sound, talking
from tests.support.standins import running

VOICE = ToneVoice(character_ms=6, gap_ms=4)
QUERY = "model=aura-2-thalia-en&sample_rate=48000"
AT_48_KHZ = SpeakParameters(sample_rate_hz=48_000)
TWENTY_MS = 48 * 20 * 2


def spoken(text: str) -> bytes:
    return b"".join(VOICE.words(text, AT_48_KHZ))


async def test_sound_comes_before_its_flushed_in_frames_of_20_ms() -> None:
    async with running() as url, talking(url, QUERY) as talk:
        await talk.say(Speak("A gramophone "), Speak("plays records."), Flush())
        *frames, answer = await talk.hear_until(Flushed)
        assert answer == Flushed(0)
        assert sound(frames) == spoken("A gramophone plays records.")
        assert [len(frame) for frame in frames[:-1] if isinstance(frame, bytes)] == [TWENTY_MS] * (
            len(frames) - 1
        )


async def test_every_flush_is_answered_after_its_own_sound() -> None:
    async with running() as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One."), Flush(), Flush(), Speak("Two."), Flush())
        assert sound(await talk.hear_until(Flushed)) == spoken("One.")
        assert await talk.hear_until(Flushed) == [Flushed(1)]
        assert sound(await talk.hear_until(Flushed)) == spoken("Two.")


async def test_sound_may_start_at_a_sentence() -> None:
    async with running(speak_on="sentence") as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One two. Three"))
        first = spoken("One two.")
        received = [await talk.hear()]
        while len(sound(received)) < len(first):
            received.append(await talk.hear())
        assert sound(received) == first
        await talk.say(Flush())
        assert sound(await talk.hear_until(Flushed)) == spoken("Three")


async def test_close_lets_everything_out_first() -> None:
    async with running() as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One."), Flush(), Speak("Two."), Flush(), Close())
        received, code, reason = await talk.hear_out()
        assert sound(received) == spoken("One. Two.")
        assert messages(received) == [Flushed(0), Flushed(1)]
        assert (code, reason) == (1000, "")


async def test_clear_stops_the_sound_and_the_next_text_is_spoken() -> None:
    clock = WatchedClock()
    async with running(clock=clock, pace=1.0) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        await clock.asleep_until(20_000)
        await talk.say(Speak("More."), Flush(), Clear())
        received = await talk.hear_until(Cleared)
        assert sound(received) == spoken("A gramophone plays records.")[:TWENTY_MS]
        assert messages(received) == [Cleared(0)]
        await talk.say(Speak("Ha."), Flush())
        assert sound([await talk.hear()]) == spoken("Ha.")[:TWENTY_MS]


async def test_sound_waits_for_the_first_byte_and_keeps_its_pace() -> None:
    clock = WatchedClock()
    async with (
        running(clock=clock, first_byte_ms=150, frame_ms=10, pace=2.0) as url,
        talking(url, QUERY) as talk,
    ):
        await talk.say(Speak("Gramophone."), Flush())
        for frame in range(4):
            await clock.asleep_until(150_000 + frame * 5_000)
            clock.advance_us(150_000 if frame == 0 else 5_000)
            assert len(sound([await talk.hear()])) == 960


async def test_the_next_utterance_waits_until_the_first_has_gone_out() -> None:
    clock = WatchedClock()
    async with running(clock=clock, pace=1.0) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("a b"), Flush(), Speak("c d"), Flush())
        assert sound(await talk.hear_until(Flushed)) == spoken("a b")
        await clock.asleep_until(20_000)
        clock.advance_us(20_000)
        assert sound(await talk.hear_until(Flushed)) == spoken("c d")


async def test_limits_are_kept() -> None:
    limits = SpeakLimits(speak_characters=10, minute_characters=15, minute_flushes=1)
    async with running(limits=limits, dialect="specified") as url:
        async with talking(url) as talk:
            await talk.say(Flush(), Speak("ten chars."), Flush())
            assert [await talk.hear(), await talk.hear()] == [Flushed(0), EXCESSIVE_FLUSH]
            await talk.say(Speak("another."))
            assert await talk.hear_out() == ([], 1008, "DATA-0001")
        async with talking(url) as talk:
            await talk.say(Speak("eleven char"))
            assert await talk.hear_out() == ([], 1009, "BIG-0001")


async def test_the_allowance_comes_back_after_a_minute() -> None:
    clock = WatchedClock()
    limits = SpeakLimits(minute_flushes=1, session_us=3_600_000_000)
    async with running(limits=limits, clock=clock) as url, talking(url) as talk:
        await talk.say(Flush(), Speak("Hi."), Flush())
        assert [await talk.hear(), await talk.hear()] == [Flushed(0), EXCESSIVE_FLUSH]
        clock.advance_us(60_000_000)
        await talk.say(Flush())
        assert sound(await talk.hear_until(Flushed))


async def test_an_hour_is_the_longest_session() -> None:
    clock = WatchedClock()
    async with running(clock=clock) as url, talking(url) as talk:
        await clock.asleep_until(3_600_000_000)
        clock.advance_us(3_600_000_000)
        assert await talk.hear_out() == ([], 1011, "NET-0003")


async def test_rubbish_and_binary_frames_end_the_connection() -> None:
    async with running() as url:
        async with talking(url) as talk:
            await talk.say('{"type":"Speak","text":"She said "no"."}')
            assert await talk.hear_out() == ([], 1008, "DATA-0000")
        async with talking(url) as talk:
            await talk.connection.send(b"sound")
            assert await talk.hear_out() == ([], 1003, "MESSAGE-0000")


async def test_many_speak_at_once() -> None:
    async def speaks(url: str, text: str) -> bytes:
        async with talking(url, QUERY) as talk:
            await talk.say(Speak(text), Flush(), Close())
            received, code, _ = await talk.hear_out()
            assert (messages(received), code) == ([Flushed(0)], 1000)
            return sound(received)

    texts = [f"This is speaker number {number}." for number in range(40)]
    async with running() as url, asyncio.TaskGroup() as group:
        speakers = [group.create_task(speaks(url, text)) for text in texts]
    assert [speaker.result() for speaker in speakers] == [spoken(text) for text in texts]


async def test_clients_are_told_when_the_stand_in_stops() -> None:
    clock = WatchedClock()
    async with AsyncExitStack() as stand_in:
        url = await stand_in.enter_async_context(running(clock=clock, pace=1.0))
        async with talking(url) as talk:
            await talk.say(Speak("A gramophone plays records."), Flush())
            await clock.asleep_until(20_000)
            await stand_in.aclose()
            received, code, _ = await talk.hear_out()
            assert (len(received), code) == (1, 1001)


async def test_a_client_that_vanishes_stops_its_voice() -> None:
    stopped = asyncio.Event()

    class Watched(ToneVoice):
        async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
            try:
                while True:
                    yield VoiceSound(bytes(96_000))
            finally:
                stopped.set()

    async with running(voice=Watched()) as url, talking(url) as talk:
        await talk.say(Speak("For ever."), Flush())
        await talk.hear()
        talk.connection.transport.abort()
        await stopped.wait()


async def test_a_voice_that_fails_is_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(ToneVoice):
        async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
            yield Warned("ODD", "Something is odd.")
            yield VoiceSound(b"\1\0" * 480)
            raise OSError("no more voice")

    with caplog.at_level(logging.CRITICAL):
        async with running(voice=Failing()) as url, talking(url) as talk:
            await talk.say(Speak("Hello."), Flush())
            received, code, reason = await talk.hear_out()
    assert received[0] == Warned("ODD", "Something is odd.")
    assert (code, reason) == (1011, "NET-0000")


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_telephone_sound(encoding: str) -> None:
    async with running() as url, talking(url, f"encoding={encoding}") as talk:
        await talk.say(Speak("Hello there."), Flush())
        parameters = SpeakParameters(encoding=encoding, sample_rate_hz=8_000)
        expected = b"".join(VOICE.words("Hello there.", parameters))
        assert sound(await talk.hear_until(Flushed)) == expected
