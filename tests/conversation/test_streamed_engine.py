"""The engine over Speak v2 with real sockets: the stand-in speaks, fails, and is interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from gramophone.conversation.engine import Engine
from gramophone.conversation.tts_session import SPEECH_SILENT
from gramophone.core.intents import Interrupt, Say, Submit
from gramophone.core.timeline import (
    AudioReceived,
    Entry,
    Event,
    Failed,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    SpeechConnected,
    TextSpoken,
    TurnInterrupted,
    WarningReceived,
)
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v2.client import SpeakV2, SpeakV2Limits
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from tests.support.engine_sessions import (
    RATE_HZ,
    HeldSpeaker,
    Listening,
    ScriptedModel,
    completed,
    session,
    tones,
)
from tests.support.playbook import a_conversation
from tests.support.standins import flux_url, running

PARAMETERS = FluxParameters(model="flux-haley-en", sample_rate_hz=RATE_HZ)
TEXT = "One two three four. Five six seven. Eight nine ten eleven twelve."
SPOKEN = tones("One two three four.") + tones("Five six seven.")


@asynccontextmanager
async def talking(
    *faults: str,
    model: ScriptedModel | None = None,
    speaker: HeldSpeaker | None = None,
    limits: SpeakV2Limits | None = None,
    pace: float = 0.0,
    voice: RecordedVoice | None = None,
) -> AsyncGenerator[tuple[Engine, Listening]]:
    """A session with the stand-in's Speak v2, heard where there is a speaker."""
    protocol = SpeakV2(PARAMETERS.bytes_per_second, limits or SpeakV2Limits())
    conversation = a_conversation(speech=protocol, audible=speaker is not None)
    async with (
        running(*faults, pace=pace, voice=voice) as url,
        session(
            flux_url(url),
            model=model,
            speaker=speaker,
            conversation=conversation,
            parameters=PARAMETERS,
        ) as both,
    ):
        yield both


def of(kind: type) -> Callable[[Entry], bool]:
    return lambda entry: isinstance(entry, kind)


async def test_an_answer_is_one_stretch_with_one_flush() -> None:
    model = ScriptedModel(["One two ", "three four. Fi", "ve six seven."])
    async with talking(model=model) as (engine, listening):
        engine.post(Submit("Count."))
        await listening.until(completed(1))
    assert listening.sound(1) == SPOKEN
    assert len(listening.all_of(FlushSent)) == 1
    (answered,) = listening.all_of(FlushAnswered)
    assert answered.end_samples * 2 == len(SPOKEN)
    assert [event.text for event in listening.all_of(TextSpoken)][:2] == ["One two", "three four."]
    assert listening.all_of(Failed) == []


async def test_sound_comes_before_the_text_has_ended() -> None:
    rest = asyncio.Event()
    model = ScriptedModel(["One two three. Four ", rest, "five."])
    async with talking(model=model) as (engine, listening):
        engine.post(Submit("Count."))
        await listening.until(of(AudioReceived))
        assert listening.all_of(FlushSent) == []
        rest.set()
        await listening.until(completed(1))
    assert listening.sound(1) == tones("One two three.") + tones("Four five.")


async def test_what_was_heard_is_what_the_service_says() -> None:
    speaker = HeldSpeaker()
    model = ScriptedModel(["One two three four. Five six ", asyncio.Event()])
    async with talking(model=model, speaker=speaker) as (engine, listening):
        engine.post(Submit("Count."))
        await listening.until(
            lambda entry: isinstance(entry, AudioReceived) and entry.offset_bytes > 1000
        )
        speaker.position = 500
        engine.post(Interrupt())
        turn = await listening.until(completed(1))
    (cut,) = listening.all_of(TurnInterrupted)
    answers = [frame.text for frame in listening.all_of(FrameReceived)]
    (answer,) = [text for text in answers if '"SpeechInterrupted"' in text]
    assert f'"text_spoken":"{cut.heard_text}' in answer
    assert cut.heard_text
    assert turn.remembered == len(cut.heard_text)


@pytest.mark.parametrize("faults", [(), ("slow-interrupt=5",), ("late-flushed",)])
async def test_the_next_turn_has_its_own_sound_and_no_other(faults: tuple[str, ...]) -> None:
    async with talking(*faults, pace=1.0) as (engine, listening):
        engine.post(Say(TEXT))
        await listening.until(of(AudioReceived))
        engine.post(Say("Next."))
        await listening.until(completed(1))
    fresh = [frame for frame in listening.all_of(AudioReceived) if not frame.stale]
    assert b"".join(frame.pcm for frame in fresh if frame.turn == 1) == tones("Next.")
    assert {frame.turn for frame in listening.all_of(AudioReceived) if frame.stale} <= {0}


@pytest.mark.parametrize("fault", ["reset=2000@0", "hang-up=2000@0", "drop=2000@0"])
async def test_a_loss_in_mid_turn_loses_no_word(fault: str) -> None:
    async with talking(fault) as (engine, listening):
        engine.post(Say(TEXT))
        await listening.until(completed(0))
    assert len(listening.all_of(SpeechConnected)) == 2
    rest = "".join(f"{event.text} " for event in listening.all_of(TextSpoken)).split()
    assert rest[-5:] == TEXT.split()[-5:]
    assert listening.sound(0).endswith(tones("Eight nine ten eleven twelve."))
    assert listening.all_of(Failed) == []


@pytest.mark.parametrize(
    "fault", ["odd-frames", "rubbish", "unknown-type", "retry=1", "big-frames"]
)
async def test_what_a_service_may_do_changes_no_sound(fault: str) -> None:
    async with talking(fault) as (engine, listening):
        engine.post(Say("One two three four. Five six seven."))
        await listening.until(completed(0))
    assert listening.sound(0) == SPOKEN
    assert listening.all_of(Failed) == []
    warned = fault in ("rubbish", "unknown-type", "retry=1")
    assert bool(listening.all_of(WarningReceived)) == warned


async def test_silence_is_given_up() -> None:
    limits = SpeakV2Limits(answer_timeout_us=50_000)
    async with talking("silent", limits=limits) as (engine, listening):
        engine.post(Say("Hello."))
        await listening.until(completed(0))
    (failed,) = listening.all_of(Failed)
    assert failed.detail == SPEECH_SILENT


async def test_hanging_up_again_and_again_ends_in_a_sentence() -> None:
    async with talking("hang-up=100") as (engine, listening):
        engine.post(Say(TEXT))
        turn = await listening.until(completed(0))
    assert turn.text == TEXT
    (failed,) = listening.all_of(Failed)
    assert "hung up (1011 NET-0000)" in failed.detail


async def test_the_stand_in_plays_a_recording_of_it() -> None:
    async def count(voice: RecordedVoice | None = None) -> Listening:
        model = ScriptedModel(["One two three four. ", "Five six seven."])
        async with talking(model=model, voice=voice) as (engine, listening):
            engine.post(Submit("Count."))
            await listening.until(completed(1))
            engine.post(Say("Next."))
            await listening.until(completed(2))
        return listening

    recorded = await count()
    events = [entry for entry in recorded.entries if isinstance(entry, Event)]
    voice = RecordedVoice(recorded_speech(events), strict=True)
    again = await count(voice)
    assert voice.expectation.differences() == ()
    assert [again.sound(turn) for turn in (1, 2)] == [SPOKEN, tones("Next.")]
    assert again.all_of(WarningReceived, Failed) == []
