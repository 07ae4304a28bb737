"""Whole conversations, as transcripts of what happens and what comes of it."""

from __future__ import annotations

import pytest

from gramophone.conversation.answer_text import MODEL_CUT_OFF
from gramophone.conversation.history import NOTHING_TO_SEND
from gramophone.conversation.messages import (
    CloseTts,
    ConnectTts,
    End,
    FinishAudio,
    LlmChunk,
    PlayAudio,
    PlaybackBegan,
    PlaybackDrained,
    PlaybackStopReported,
    PlaybackUnderran,
    PlayoutPolled,
    SpeakerChanged,
    StartModel,
    StopAudio,
    StopModel,
)
from gramophone.core.intents import Interrupt, Say, SayStream, Submit
from gramophone.core.timeline import (
    AnswerIncomplete,
    AudioReceived,
    ClearSent,
    DeltaReceived,
    DeviceChanged,
    Failed,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    Underran,
    UsageReported,
)
from gramophone.ports.language_model import Message, ModelChunk, Usage
from tests.support.playbook import (
    Make,
    Playbook,
    clear,
    close,
    delta,
    ended,
    finish,
    flush,
    flushed,
    like,
    samples,
    says,
    sound,
)
from tests.support.talks import ask, begin_speaking, connected


class TestASpokenAnswer:
    def test_from_question_to_last_sample(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "Sure, ")).gives(like(DeltaReceived, turn=1, text="Sure, "))
        play.when(delta(1, "here it is.")).gives(
            DeltaReceived,
            says("Sure,"),
            like(TextSpoken, turn=1, chunk=0, text="Sure,", source_start=0, source_end=5),
            flush(),
            FlushSent(at_us=0, turn=1, flush=0, last_chunk=0),
        )
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            like(ModelFinished, turn=1, reason="stop"),
            says("here it is."),
            like(TextSpoken, chunk=1, text="here it is.", source_start=6, source_end=17),
            flush(),
            like(FlushSent, flush=1, last_chunk=1),
        )
        play.when(sound(ms=300)).gives(
            AudioReceived(at_us=0, turn=1, connection=0, offset_bytes=0, size_bytes=4800),
            PlayAudio(1, samples(2400), realign=True),
        )
        play.when(flushed()).gives(FlushAnswered(at_us=0, turn=1, flush=0, end_samples=2400))
        play.when(PlaybackBegan(1, at_us=7)).gives(like(PlaybackStarted, turn=1))
        play.when(sound(ms=700)).gives(
            like(AudioReceived, offset_bytes=4800, size_bytes=11200, stale=False), PlayAudio
        )
        play.when(flushed()).gives(like(FlushAnswered, flush=1, end_samples=8000), FinishAudio(1))
        play.when(PlaybackDrained(1, 8000)).gives(
            like(PlaybackFinished, turn=1, played_samples=8000),
            TurnCompleted(
                at_us=0, turn=1, role="assistant", text="Sure, here it is.", finish_reason="stop"
            ),
        )
        assert not play.conversation.speaking

    def test_a_first_clause_does_not_wait_for_its_sentence(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "Well, that is a long ")).gives(
            DeltaReceived, says("Well,"), TextSpoken, flush(), FlushSent
        )

    def test_a_short_answer_takes_one_flush(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "Yes.")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, says("Yes."), TextSpoken, flush(), FlushSent)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered, FinishAudio)
        play.when(PlaybackDrained(1, 8000)).gives(
            PlaybackFinished, like(TurnCompleted, text="Yes.", finish_reason="stop")
        )

    def test_sound_may_run_ahead_of_the_model(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(delta(1, "six.\n```\ncode\n")).gives(
            DeltaReceived, says("Five six."), TextSpoken, flush(), FlushSent
        )
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(PlayoutPolled(1, queued_samples=0)).gives_nothing()
        play.when(delta(1, "more code\n```\n")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, FinishAudio(1))
        play.when(PlaybackDrained(1, 16000)).gives(PlaybackFinished, TurnCompleted)

    def test_an_answer_that_is_only_code_ends_without_a_sound(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "```\nprint()\n```\n")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished, like(TurnCompleted, text="```\nprint()\n```\n", finish_reason="stop")
        )

    def test_an_empty_answer_ends_at_once_and_is_no_history(self, play: Playbook) -> None:
        ask(play)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished, like(AnswerIncomplete, cause="empty"), like(TurnCompleted, text="")
        )
        assert play.conversation.history == [Message("user", "Hello?")]

    def test_every_frame_and_every_raw_chunk_is_an_event(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(flushed()).goes_on()
        texts = [event.text for event in play.all_of(FrameSent)]
        assert texts == play.sent()
        assert texts == ['{"type":"Speak","text":"One two three four. "}', '{"type":"Flush"}']
        assert play.all_of(FrameReceived)[-1].text == '{"type":"Flushed","sequence_id":0}'
        assert play.all_of(ModelChunkReceived)[0].raw == '{"text": "One two three four. Five "}'

    def test_usage_is_told_as_it_comes(self, play: Playbook) -> None:
        ask(play)
        chunk = ModelChunk(raw="{}", usage=Usage(input_tokens=12, output_tokens=6))
        play.when(LlmChunk(1, chunk)).gives(
            UsageReported(at_us=0, turn=1, input_tokens=12, output_tokens=6)
        )

    def test_a_gap_and_the_device_are_told(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(SpeakerChanged("Loudspeaker", silent=False, detail="")).gives(
            DeviceChanged(at_us=0, device="Loudspeaker", silent=False)
        )
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(PlaybackBegan(1, 5)).gives(like(PlaybackStarted, turn=1, device="Loudspeaker"))
        play.when(PlaybackUnderran(1, 9, position_samples=70, missing_samples=30)).gives(
            like(Underran, turn=1, position_samples=70, missing_samples=30)
        )


class TestWithoutAVoice:
    def test_an_answer_as_text_alone(self, playbook: Make) -> None:
        play = playbook(has_voice=False)
        play.begin().gives(SessionStarted)
        ask(play)
        play.when(delta(1, "Hello there.")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, like(TurnCompleted, text="Hello there."))

    def test_an_interruption_keeps_what_was_written(self, playbook: Make) -> None:
        play = playbook(has_voice=False)
        play.begin().gives(SessionStarted)
        ask(play)
        play.when(delta(1, "Hello the")).gives(DeltaReceived)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(PlaybackStopReported(1, 0)).gives(
            TurnInterrupted(at_us=0, turn=1, heard_text="Hello the", heard_samples=0),
            like(TurnCompleted, text="Hello the", finish_reason="interrupted"),
        )

    def test_saying_is_writing(self, playbook: Make) -> None:
        play = playbook(has_voice=False)
        play.begin().gives(SessionStarted)
        play.when(Say("Good morning.")).gives(
            like(TurnStarted, turn=0, role="assistant", text="Good morning."),
            like(TurnCompleted, turn=0, text="Good morning.", finish_reason="said"),
        )

    def test_muted_keeps_the_whole_text_of_an_interrupted_turn(self, playbook: Make) -> None:
        play = begin_speaking(connected(playbook(audible=False)))
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(Interrupt()).gives(StopAudio(1), ClearSent, clear(), StopModel(1))
        play.when(PlaybackStopReported(1, 8000)).gives(
            like(TurnInterrupted, heard_text="One two three four. Five "),
            like(TurnCompleted, text="One two three four. Five "),
        )


class TestSaying:
    def test_a_text_is_spoken_without_a_model(self, play: Playbook) -> None:
        play.when(Say("Good morning. All is well.")).gives(
            like(TurnStarted, turn=0, role="assistant", text="Good morning. All is well."),
            says("Good morning."),
            like(TextSpoken, chunk=0, source_start=0),
            flush(),
            like(FlushSent, flush=0),
            says("All is well."),
            like(TextSpoken, chunk=1, source_end=26),
            flush(),
            like(FlushSent, flush=1),
        )
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered, FinishAudio(0))
        play.when(PlaybackDrained(0, 16000)).gives(
            PlaybackFinished, like(TurnCompleted, turn=0, finish_reason="said")
        )

    def test_a_text_is_spoken_while_it_comes(self, play: Playbook) -> None:
        play.when(SayStream()).gives(
            like(TurnStarted, turn=0, role="assistant", text=""), StartModel(0, ())
        )
        play.when(delta(0, "Good morning. ")).gives(
            like(DeltaReceived, turn=0, text="Good morning. ")
        )
        play.when(delta(0, "All ")).gives(
            DeltaReceived, says("Good morning."), TextSpoken, flush(), FlushSent
        )
        play.when(Interrupt()).gives(StopAudio(0), ClearSent, clear(), StopModel(0))
        play.when(PlaybackStopReported(0, 0)).gives(
            TurnInterrupted, like(TurnCompleted, turn=0, text="Good morning. All ")
        )

    def test_what_was_said_before_the_first_question_is_not_sent_to_the_model(
        self, playbook: Make
    ) -> None:
        play = playbook(has_voice=False)
        play.begin().goes_on()
        play.when(Say("Good morning.")).goes_on()
        play.when(Submit("Hello?")).goes_on()
        assert play.all_of(StartModel) == [StartModel(2, (Message("user", "Hello?"),))]


class TestHistory:
    def test_each_request_carries_the_turns_before(self, playbook: Make) -> None:
        play = playbook(has_voice=False, history=[Message("user", "A"), Message("assistant", "B")])
        play.begin().gives(
            SessionStarted,
            TurnInherited(at_us=0, turn=0, role="user", text="A"),
            TurnInherited(at_us=0, turn=1, role="assistant", text="B"),
        )
        play.when(Submit("C")).goes_on()
        play.when(delta(3, "D")).goes_on()
        play.when(finish(3)).gives_nothing()
        play.when(ended(3)).goes_on()
        play.when(Submit("E")).gives(
            TurnStarted,
            TurnCompleted,
            like(TurnStarted, turn=5),
            like(RequestSent, turn=5, messages=5),
            StartModel(
                5,
                (
                    Message("user", "A"),
                    Message("assistant", "B"),
                    Message("user", "C"),
                    Message("assistant", "D"),
                    Message("user", "E"),
                ),
            ),
        )

    def test_questions_that_were_not_answered_are_joined(self, playbook: Make) -> None:
        play = playbook(has_voice=False)
        play.begin().goes_on()
        play.when(Submit("A")).goes_on()
        play.when(ended(1, "No.")).goes_on()
        play.when(Submit("B")).goes_on()
        assert play.all_of(StartModel)[-1] == StartModel(3, (Message("user", "A\n\nB"),))

    @pytest.mark.parametrize("text", ["", " ", "\n\t"])
    def test_nothing_is_sent_for_an_empty_question(self, play: Playbook, text: str) -> None:
        play.when(Submit(text)).gives(Failed(at_us=0, stage="session", detail=NOTHING_TO_SEND))
        play.when(Say(text)).gives(like(Failed, stage="session", turn=None))
        assert play.conversation.history == []

    def test_an_empty_question_leaves_the_answer_alone(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Submit("  ")).gives(Failed)
        play.when(sound()).gives(AudioReceived, PlayAudio)


class TestTheModelFails:
    def test_a_stream_without_an_end_is_a_failure_that_keeps_what_came(
        self, play: Playbook
    ) -> None:
        begin_speaking(play)
        play.when(ended(1)).gives(
            Failed(at_us=0, stage="model", detail=MODEL_CUT_OFF, turn=1),
            says("Five"),
            TextSpoken,
            flush(),
            FlushSent,
        )
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(flushed()).gives(FlushAnswered, FinishAudio)
        play.when(PlaybackDrained(1, 8000)).gives(
            PlaybackFinished,
            like(TurnCompleted, text="One two three four. Five ", finish_reason="failed"),
        )

    def test_an_error_before_the_answer_ends_the_turn(self, play: Playbook) -> None:
        ask(play)
        play.when(ended(1, "The key is wrong; check it.")).gives(
            Failed(at_us=0, stage="model", detail="The key is wrong; check it.", turn=1),
            like(TurnCompleted, turn=1, text="", finish_reason="failed"),
        )
        assert play.conversation.history == [Message("user", "Hello?")]

    def test_an_error_after_the_finish_reason_is_an_error(self, play: Playbook) -> None:
        ask(play)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1, "It broke.")).gives(
            like(Failed, detail="It broke."), like(TurnCompleted, finish_reason="failed")
        )

    def test_chunks_of_a_turn_that_is_over_are_passed_over(self, play: Playbook) -> None:
        ask(play)
        play.when(ended(1, "It broke.")).goes_on()
        play.when(delta(1, "late")).gives_nothing()
        play.when(ended(1)).gives_nothing()


class TestTheEnd:
    def test_between_turns(self, play: Playbook) -> None:
        play.when(End()).gives(
            close(),
            CloseTts(0),
            SpeechDisconnected(at_us=0, connection=0, code=1000, reason=""),
            SessionEnded(at_us=0),
        )
        assert play.conversation.ended
        play.when(Submit("Hello?")).gives_nothing()

    def test_in_the_middle_it_waits_for_what_was_heard(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(sound(ms=2000)).gives(AudioReceived, PlayAudio)
        play.when(End()).gives(StopAudio(1), ClearSent, clear(), StopModel(1))
        assert not play.conversation.ended
        play.when(Submit("Too late.")).gives_nothing()
        play.when(PlaybackStopReported(1, 8000)).gives(
            like(TurnInterrupted, turn=1, heard_samples=8000),
            like(TurnCompleted, finish_reason="interrupted"),
            close(),
            CloseTts(0),
            SpeechDisconnected,
            SessionEnded,
        )
        assert play.conversation.ended

    def test_with_a_question_waiting(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Submit("And?")).goes_on()
        play.when(End()).gives_nothing()
        play.when(PlaybackStopReported(1, 0)).gives(
            TurnInterrupted, TurnCompleted, close(), CloseTts, SpeechDisconnected, SessionEnded
        )

    def test_while_connecting_there_is_nothing_to_disconnect(self, playbook: Make) -> None:
        play = playbook()
        play.begin().gives(SessionStarted, ConnectTts(0))
        play.when(End()).gives(CloseTts(0), SessionEnded)
