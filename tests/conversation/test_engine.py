"""The engine with real sockets: the stand-in inside the test, the real client, a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gramophone.core.intents import Interrupt, Say, StopPlayback, Submit
from gramophone.core.sinks import Sink
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    DeviceChanged,
    FlushAnswered,
    FrameSent,
    LevelMeasured,
    PlaybackStarted,
    PlaybackStopped,
    PlayoutAdvanced,
    SessionEnded,
    SessionStarted,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnInterrupted,
)
from gramophone.ports.language_model import Message
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.standin.source.speech import RecordedSpeech, recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.engine_sessions import (
    PARAMETERS,
    HeldSpeaker,
    Listening,
    ScriptedModel,
    completed,
    held,
    session,
    tones,
)
from tests.support.playbook import a_conversation
from tests.support.standins import running


class TestAWholeTurn:
    async def test_from_question_to_end(self) -> None:
        model = ScriptedModel(["Sure, ", "here ", "it is."])
        async with running() as url, session(url, model=model) as (engine, listening):
            engine.post(Submit("Hello?"))
            turn = await listening.until(completed(1))
        assert (turn.text, turn.finish_reason) == ("Sure, here it is.", "stop")
        assert model.requests == [(Message("user", "Hello?"),)]
        assert [event.text for event in listening.all_of(TextSpoken)] == ["Sure,", "here it is."]
        assert listening.sound(1) == tones("Sure,") + tones("here it is.")
        assert listening.all_of(FlushAnswered)[-1].end_samples == len(listening.sound(1)) // 2
        assert isinstance(listening.entries[0], SessionStarted)
        assert listening.kinds().count("PlaybackStarted") == 1
        order = [kind for kind in listening.kinds() if kind.startswith(("Turn", "Playback"))]
        assert order == [
            "TurnStarted",
            "TurnCompleted",
            "TurnStarted",
            "PlaybackStarted",
            "PlaybackFinished",
            "TurnCompleted",
        ]

    async def test_two_turns_use_one_connection(self) -> None:
        model = ScriptedModel(["One."], ["Two."])
        async with running() as url, session(url, model=model) as (engine, listening):
            engine.post(Submit("A?"))
            await listening.until(completed(1))
            engine.post(Submit("B?"))
            await listening.until(completed(3))
        assert len(listening.all_of(SpeechConnected)) == 1
        assert model.requests[1] == (
            Message("user", "A?"),
            Message("assistant", "One."),
            Message("user", "B?"),
        )
        assert listening.sound(3) == tones("Two.")

    async def test_it_ends_politely(self) -> None:
        async with running() as url, session(url) as (engine, listening):
            engine.post(Say("Good night."))
            await listening.until(completed(0))
        assert listening.all_of(FrameSent)[-1].text == '{"type":"Close"}'
        assert listening.kinds()[-2:] == ["SpeechDisconnected", "SessionEnded"]
        assert listening.all_of(SpeechDisconnected)[-1].code == 1000

    async def test_times_never_go_back(self) -> None:
        async with running() as url, session(url) as (engine, listening):
            engine.post(Say("Good night. Sleep well."))
            await listening.until(completed(0))
        times = [
            entry.at_us for entry in listening.entries if not isinstance(entry, PlaybackStarted)
        ]
        assert times == sorted(times)


class TestInterrupting:
    async def test_it_stops_sound_service_and_model(self) -> None:
        speaker = HeldSpeaker()
        model = ScriptedModel(["One two three. Four ", asyncio.Event()])
        async with (
            running(pace=1.0) as url,
            held(url, model, speaker) as (engine, listening),
        ):
            engine.post(Submit("Hello?"))
            await listening.until(lambda entry: isinstance(entry, AudioReceived))
            speaker.position = 160
            engine.post(Interrupt())
            turn = await listening.until(completed(1))
        assert turn.finish_reason == "interrupted"
        assert listening.all_of(TurnInterrupted)[0].heard_samples == 160
        assert len(listening.all_of(ClearSent)) == 1
        assert model.closed_early == 1
        assert speaker.stopped == 1
        assert speaker.closed

    async def test_the_turn_before_is_not_what_was_heard(self) -> None:
        """A speaker that has not begun the turn still knows the position of the last one."""
        speaker = HeldSpeaker()
        speaker.turn, speaker.position = 0, 4000
        model = ScriptedModel(["Hello ", asyncio.Event()])
        async with (
            running() as url,
            held(url, model, speaker) as (engine, listening),
        ):
            engine.post(Submit("Hello?"))
            await listening.until(lambda entry: isinstance(entry, DeltaReceived))
            engine.post(Interrupt())
            await listening.until(completed(1))
        assert listening.all_of(TurnInterrupted)[0].heard_samples == 0

    @pytest.mark.parametrize("faults", [(), ("late-flushed",)])
    async def test_the_next_turn_has_its_own_sound_and_no_other(
        self, faults: tuple[str, ...]
    ) -> None:
        async with running(*faults, pace=1.0) as url, session(url) as (engine, listening):
            engine.post(Say("One two three four five six seven eight nine ten eleven twelve."))
            await listening.until(lambda entry: isinstance(entry, AudioReceived))
            engine.post(Say("Next."))
            await listening.until(completed(1))
        assert len(listening.all_of(ClearSent)) == 1
        fresh = [frame for frame in listening.all_of(AudioReceived) if not frame.stale]
        assert b"".join(frame.pcm for frame in fresh if frame.turn == 1) == tones("Next.")
        assert {frame.turn for frame in listening.all_of(AudioReceived) if frame.stale} <= {0}

    async def test_ending_in_mid_answer_keeps_what_was_heard(self) -> None:
        speaker = HeldSpeaker()
        model = ScriptedModel(["One two three. Four ", asyncio.Event()])
        async with (
            running() as url,
            held(url, model, speaker) as (engine, listening),
        ):
            engine.post(Submit("Hello?"))
            await listening.until(lambda entry: isinstance(entry, FlushAnswered))
            speaker.position = 8000
        assert listening.all_of(TurnInterrupted)[0].heard_text == "One two three."
        assert isinstance(listening.entries[-1], SessionEnded)
        assert model.closed_early == 1

    async def test_levels_and_positions_are_told_while_it_speaks(self) -> None:
        speaker = HeldSpeaker()
        async with (
            running() as url,
            session(url, speaker=speaker, conversation=a_conversation()) as (engine, listening),
        ):
            engine.post(Say("Hello."))
            level = await listening.until(lambda entry: isinstance(entry, LevelMeasured))
            await listening.until(
                lambda entry: isinstance(entry, PlayoutAdvanced) and entry.turn == 0
            )
        assert (level.peak, level.rms) == (0.5, 0.25)
        assert listening.all_of(DeviceChanged)[0].device == "held"


class TestARecordingServedAgain:
    TEXT = "Sure, this is how it goes. One sentence, then another; and a third. That is all."

    @pytest.mark.parametrize("faults", [(), ("odd-frames",), ("one-byte-frames",)])
    async def test_it_gives_the_same_bytes(self, tmp_path: Path, faults: tuple[str, ...]) -> None:
        recorder = Recorder.open(tmp_path)
        async with recorder, running(*faults) as url:
            listening = await self.say(url, recorder)
        async with await StoredLibrary.open(tmp_path) as library:
            recorded = recorded_speech(await library.events("5e551017a0000000"))
        again = await self.replayed(recorded)
        assert again.sound(0) == listening.sound(0)
        assert listening.sound(0) == tones(self.TEXT)
        assert [event.size_bytes for event in again.all_of(AudioReceived)] == [
            event.size_bytes for event in listening.all_of(AudioReceived)
        ]

    async def say(self, url: str, *sinks: Sink) -> Listening:
        async with session(url, sinks=sinks) as (engine, listening):
            engine.post(Say(self.TEXT))
            await listening.until(completed(0))
        return listening

    async def replayed(self, recorded: RecordedSpeech) -> Listening:
        async with running(voice=RecordedVoice(recorded)) as url:
            return await self.say(url)


class TestOtherEdges:
    async def test_another_model_answers_from_the_next_turn_on(self) -> None:
        go_on = asyncio.Event()
        first, skipped = ScriptedModel(["One ", go_on, "two."]), ScriptedModel()
        second = ScriptedModel(["Three."])
        conversation = a_conversation(audible=False, has_voice=False)
        async with session(None, model=first, conversation=conversation) as (engine, listening):
            engine.post(Submit("A?"))
            await listening.until(lambda entry: isinstance(entry, DeltaReceived))
            for model in (skipped, second):
                engine.configure(model, None, provider="p", voice="v", system_prompt="s", speed=1.0)
            go_on.set()
            await listening.until(completed(1))
            engine.post(Submit("B?"))
            answer = await listening.until(completed(3))
            assert answer.text == "Three."
            assert (first.closed, skipped.closed) == (1, 1)
        assert second.closed == 1
        order = [kind for kind in listening.kinds() if kind in ("TurnCompleted", "SettingsChanged")]
        assert order == ["TurnCompleted"] * 2 + ["SettingsChanged"] + ["TurnCompleted"] * 2

    async def test_another_voice_connects_elsewhere(self) -> None:
        async with running() as url, running() as other, session(url) as (engine, listening):
            await listening.until(lambda entry: isinstance(entry, SpeechConnected))
            speech = DeepgramSpeech(other, PARAMETERS, timeout_s=HANG_S)
            engine.configure(None, speech, provider="p", voice="w", system_prompt="", speed=1.0)
            connected = await listening.until(
                lambda entry: isinstance(entry, SpeechConnected) and entry.connection == 1
            )
            assert connected.url.startswith(other)
            engine.post(Say("One two."))
            await listening.until(completed(0))
            assert listening.sound(0) == tones("One two.")

    async def test_escape_stops_the_sound_and_not_the_stream(self) -> None:
        go_on = asyncio.Event()
        model = ScriptedModel(["One two three four. Five ", go_on, "six."])
        speaker = HeldSpeaker()
        async with (
            running() as url,
            held(url, model, speaker) as (engine, listening),
        ):
            engine.post(Submit("A?"))
            await listening.until(lambda entry: isinstance(entry, AudioReceived))
            speaker.position = 400
            engine.post(StopPlayback())
            stopped = await listening.until(lambda entry: isinstance(entry, PlaybackStopped))
            assert stopped.played_samples == 400
            go_on.set()
            turn = await listening.until(completed(1))
        assert (turn.text, turn.finish_reason) == ("One two three four. Five six.", "stop")
        assert model.closed_early == 0
