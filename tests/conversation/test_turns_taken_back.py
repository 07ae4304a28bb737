"""What can be done with turns: take back, ask again, speak again, hush, mute, change the model."""

from __future__ import annotations

import pytest

from gramophone.conversation.history import NOT_A_QUESTION, NOTHING_TO_REGENERATE, NOTHING_TO_SPEAK
from gramophone.conversation.messages import (
    CloseTts,
    ConnectTts,
    FinishAudio,
    PlayAudio,
    PlaybackDrained,
    PlaybackStopReported,
    SetAudible,
    SettingsWanted,
    SpeakerChanged,
    StartModel,
    StopAudio,
    StopModel,
    SwitchProviders,
)
from gramophone.conversation.mute import FOCUS_ELSEWHERE
from gramophone.core.intents import (
    EditAndResend,
    Interrupt,
    Mute,
    Regenerate,
    RepeatTurn,
    Say,
    SetAudioFocus,
    StopPlayback,
    Submit,
)
from gramophone.core.timeline import (
    MUTED,
    AudioReceived,
    ClearSent,
    DeltaReceived,
    DeviceChanged,
    Failed,
    FlushAnswered,
    FlushSent,
    HistoryRewound,
    ModelFinished,
    PlaybackFinished,
    PlaybackStopped,
    RequestSent,
    SettingsChanged,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.ports.language_model import Message
from tests.support.playbook import (
    Make,
    Playbook,
    clear,
    cleared,
    close,
    delta,
    ended,
    finish,
    flush,
    flushed,
    like,
    opened,
    says,
    sound,
)
from tests.support.talks import begin_speaking, connected


def answered(play: Playbook, question: str, answer: str, turn: int) -> None:
    """A question and its answer, without a voice; `turn` is the question's."""
    play.when(Submit(question)).goes_on()
    play.when(delta(turn + 1, answer)).goes_on()
    play.when(finish(turn + 1)).goes_on()
    play.when(ended(turn + 1)).goes_on()


@pytest.fixture
def written(playbook: Make) -> Playbook:
    """Two questions and their answers, nothing spoken: turns 0 to 3."""
    play = playbook(has_voice=False)
    play.begin().goes_on()
    answered(play, "A", "a", 0)
    answered(play, "B", "b", 2)
    return play


@pytest.fixture
def speaking(playbook: Make) -> Playbook:
    """Turn 1 has one sentence at the service, and the model goes on."""
    play = playbook()
    play.begin().goes_on()
    play.when(opened(0)).goes_on()
    play.when(Submit("Hello?")).goes_on()
    play.when(delta(1, "One two three four. Five ")).goes_on()
    return play


class TestRegenerating:
    def test_the_last_answer_is_taken_back_and_its_question_asked_again(
        self, written: Playbook
    ) -> None:
        written.when(Regenerate()).gives(
            HistoryRewound(at_us=0, to_turn=3),
            like(TurnStarted, turn=4, role="assistant"),
            like(RequestSent, turn=4, messages=3),
            StartModel(4, (Message("user", "A"), Message("assistant", "a"), Message("user", "B"))),
        )

    def test_an_earlier_answer_takes_what_followed_along(self, written: Playbook) -> None:
        written.when(Regenerate(1)).gives(
            HistoryRewound(at_us=0, to_turn=1),
            TurnStarted,
            RequestSent,
            StartModel(4, (Message("user", "A"),)),
        )
        assert written.conversation.history == [Message("user", "A")]

    def test_a_question_that_failed_is_asked_again_and_nothing_is_taken_back(
        self, playbook: Make
    ) -> None:
        play = playbook(has_voice=False)
        play.begin().goes_on()
        play.when(Submit("A")).goes_on()
        play.when(ended(1, "No.")).goes_on()
        play.when(Regenerate()).gives(
            TurnStarted, RequestSent, StartModel(2, (Message("user", "A"),))
        )

    def test_an_answer_that_streams_is_stopped_first(self, written: Playbook) -> None:
        written.when(Submit("C")).goes_on()
        written.when(delta(5, "c")).goes_on()
        written.when(Regenerate()).gives(StopAudio(5), StopModel(5))
        written.when(PlaybackStopReported(5, 0)).gives(
            TurnInterrupted,
            TurnCompleted,
            HistoryRewound(at_us=0, to_turn=5),
            like(TurnStarted, turn=6),
            RequestSent,
            like(StartModel, turn=6),
        )

    def test_without_a_question_it_is_refused(self, playbook: Make) -> None:
        play = playbook(has_voice=False)
        play.begin().goes_on()
        play.when(Regenerate()).gives(
            Failed(at_us=0, stage="session", detail=NOTHING_TO_REGENERATE)
        )

    def test_an_inherited_question_can_be_answered_anew(self, playbook: Make) -> None:
        play = playbook(has_voice=False, history=[Message("user", "A"), Message("assistant", "a")])
        play.begin().goes_on()
        play.when(Regenerate()).gives(
            HistoryRewound(at_us=0, to_turn=1),
            like(TurnStarted, turn=2),
            RequestSent,
            StartModel(2, (Message("user", "A"),)),
        )


class TestResending:
    def test_the_question_and_what_followed_are_taken_back(self, written: Playbook) -> None:
        written.when(EditAndResend(2, "B!")).gives(
            HistoryRewound(at_us=0, to_turn=2),
            like(TurnStarted, turn=4, role="user", text="B!"),
            like(TurnCompleted, turn=4),
            like(TurnStarted, turn=5, role="assistant"),
            RequestSent,
            StartModel(5, (Message("user", "A"), Message("assistant", "a"), Message("user", "B!"))),
        )

    @pytest.mark.parametrize("turn", [1, 7, -1])
    def test_what_is_no_question_is_refused(self, written: Playbook, turn: int) -> None:
        written.when(EditAndResend(turn, "x")).gives(
            Failed(at_us=0, stage="session", detail=NOT_A_QUESTION)
        )

    def test_what_was_taken_back_is_no_question_any_more(self, written: Playbook) -> None:
        written.when(EditAndResend(0, "Z")).goes_on()
        written.when(EditAndResend(2, "x")).gives(Failed)


class TestSpeakingAgain:
    def test_it_sounds_and_does_not_count_twice(self, playbook: Make) -> None:
        play = playbook()
        play.begin().goes_on()
        play.when(opened(0)).goes_on()
        play.when(Say("One two three.")).goes_on()
        play.when(sound()).goes_on()
        play.when(flushed()).goes_on()
        play.when(PlaybackDrained(0, 8000)).goes_on()
        play.when(RepeatTurn(0)).gives(
            TurnStarted(at_us=0, turn=1, role="assistant", text="One two three.", repeats=0),
            says("One two three."),
            TextSpoken,
            flush(),
            FlushSent,
        )
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered, FinishAudio(1))
        play.when(PlaybackDrained(1, 8000)).gives(
            PlaybackFinished, like(TurnCompleted, turn=1, finish_reason="repeated")
        )
        assert play.conversation.history == [Message("assistant", "One two three.")]

    def test_stopping_it_leaves_the_turn_as_it_was(self, written: Playbook) -> None:
        written.conversation.settings = written.conversation.settings.__class__(
            session_id="a0", provider="p", model="m", voice="v", sample_rate_hz=8000
        )
        written.when(RepeatTurn(3)).gives(like(TurnStarted, turn=4, repeats=3), ConnectTts)
        written.when(Interrupt()).gives(StopAudio(4))
        written.when(PlaybackStopReported(4, 0)).gives(
            TurnInterrupted, like(TurnCompleted, turn=4, finish_reason="repeated")
        )
        assert written.conversation.history[-1] == Message("assistant", "b")

    def test_what_was_taken_back_can_still_be_heard(self, written: Playbook) -> None:
        written.when(EditAndResend(2, "B!")).goes_on()
        written.when(Interrupt()).goes_on()
        written.when(PlaybackStopReported(5, 0)).goes_on()
        written.when(RepeatTurn(3)).gives(
            like(TurnStarted, text="b", repeats=3), like(TurnCompleted, finish_reason="repeated")
        )

    def test_a_turn_without_text_is_refused(self, written: Playbook) -> None:
        written.when(RepeatTurn(9)).gives(Failed(at_us=0, stage="session", detail=NOTHING_TO_SPEAK))


class TestHushing:
    def test_the_sound_stops_and_the_text_goes_on(self, speaking: Playbook) -> None:
        speaking.when(sound()).goes_on()
        speaking.when(StopPlayback()).gives(StopAudio(1), ClearSent, clear())
        speaking.when(PlaybackStopReported(1, 4000)).gives(
            PlaybackStopped(at_us=0, turn=1, played_samples=4000, heard_characters=7)
        )
        speaking.when(sound()).gives(like(AudioReceived, stale=True))
        speaking.when(cleared()).gives_nothing()
        speaking.when(delta(1, "and six.")).gives(DeltaReceived)
        speaking.when(finish(1)).gives_nothing()
        speaking.when(ended(1)).gives(
            ModelFinished,
            like(
                TurnCompleted,
                text="One two three four. Five and six.",
                finish_reason="stop",
                remembered=7,
            ),
        )
        assert speaking.conversation.history[-1] == Message("assistant", "One two")

    def test_where_the_text_stands_on_a_screen_it_counts_whole(self, playbook: Make) -> None:
        play = begin_speaking(connected(playbook(memory="read")))
        play.when(sound()).goes_on()
        play.when(StopPlayback()).goes_on()
        play.when(PlaybackStopReported(1, 4000)).gives(like(PlaybackStopped, heard_characters=7))
        play.when(delta(1, "and six.")).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).gives(ModelFinished, like(TurnCompleted, remembered=None))
        assert play.conversation.history[-1].text == "One two three four. Five and six."

    def test_the_second_time_the_stream_stops(self, speaking: Playbook) -> None:
        speaking.when(StopPlayback()).gives(StopAudio(1), ClearSent, clear())
        speaking.when(PlaybackStopReported(1, 0)).gives(PlaybackStopped)
        speaking.when(StopPlayback()).gives(StopAudio(1), StopModel(1))
        speaking.when(PlaybackStopReported(1, 0)).gives(
            like(TurnInterrupted, heard_text=""),
            like(TurnCompleted, text="One two three four. Five "),
        )

    def test_twice_before_the_speaker_has_answered(self, speaking: Playbook) -> None:
        speaking.when(StopPlayback()).gives(StopAudio(1), ClearSent, clear())
        speaking.when(StopPlayback()).gives(StopModel(1))
        speaking.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)

    def test_a_stream_that_ends_before_the_speaker_answers_waits_for_it(
        self, speaking: Playbook
    ) -> None:
        speaking.when(StopPlayback()).goes_on()
        speaking.when(finish(1)).gives_nothing()
        speaking.when(ended(1)).gives(ModelFinished)
        speaking.when(PlaybackStopReported(1, 7)).gives(PlaybackStopped, TurnCompleted)

    def test_when_the_stream_has_ended_what_was_heard_counts(self, speaking: Playbook) -> None:
        speaking.when(sound()).goes_on()
        speaking.when(finish(1)).gives_nothing()
        speaking.when(ended(1)).goes_on()
        speaking.when(StopPlayback()).gives(StopAudio(1), ClearSent, clear())
        speaking.when(PlaybackStopReported(1, 4000)).gives(
            like(TurnInterrupted, heard_text="One two"), TurnCompleted
        )

    def test_where_nothing_is_heard_the_stream_stops_at_once(self, speaking: Playbook) -> None:
        speaking.when(Mute(True)).goes_on()
        speaking.when(StopPlayback()).gives(StopAudio(1), ClearSent, clear(), StopModel(1))
        speaking.when(PlaybackStopReported(1, 400)).gives(
            like(TurnInterrupted, heard_text="One two three four. Five "), TurnCompleted
        )

    def test_with_nothing_under_way_it_is_nothing(self, written: Playbook) -> None:
        written.when(StopPlayback()).gives_nothing()


class TestTheSound:
    def test_muting_silences_and_says_why(self, speaking: Playbook) -> None:
        speaking.when(Mute(True)).gives(
            SetAudible(False),
            DeviceChanged(at_us=0, device=MUTED, silent=True, detail=MUTED),
        )
        speaking.when(sound()).gives(AudioReceived, PlayAudio)
        speaking.when(Mute(False)).gives(SetAudible(True))
        speaking.when(SpeakerChanged("Card", False, "")).gives(like(DeviceChanged, device="Card"))

    def test_another_pane_has_the_sound(self, speaking: Playbook) -> None:
        speaking.when(SetAudioFocus(False)).gives(
            SetAudible(False), like(DeviceChanged, silent=True, detail=FOCUS_ELSEWHERE)
        )
        speaking.when(SetAudioFocus(False)).gives_nothing()
        speaking.when(Mute(True)).gives(like(DeviceChanged, detail=MUTED))
        speaking.when(SetAudioFocus(True)).gives_nothing()
        speaking.when(Mute(False)).gives(SetAudible(True))

    def test_a_device_that_opens_too_late_is_not_told(self, speaking: Playbook) -> None:
        speaking.when(SetAudioFocus(False)).goes_on()
        speaking.when(SpeakerChanged("Card", False, "")).gives_nothing()

    def test_it_may_begin_in_silence(self, playbook: Make) -> None:
        play = playbook(elsewhere=True, has_voice=False)
        play.begin().goes_on()
        assert play.all_of(DeviceChanged) == [
            DeviceChanged(at_us=0, device=MUTED, silent=True, detail=FOCUS_ELSEWHERE)
        ]
        assert not play.conversation.audible

    def test_where_sound_is_never_played_nothing_changes(self, playbook: Make) -> None:
        play = playbook(audible=False)
        play.begin().goes_on()
        play.when(Mute(True)).gives_nothing()
        play.when(SetAudioFocus(True)).gives_nothing()


class TestOtherSettings:
    def test_another_model_answers_the_next_question(self, speaking: Playbook) -> None:
        settings = SettingsWanted(1, "openai", "gpt", "aura-2-thalia-en", "Be brief.", 1.0)
        speaking.when(settings).gives_nothing()
        speaking.when(Interrupt()).goes_on()
        speaking.when(PlaybackStopReported(1, 0)).gives(
            TurnInterrupted,
            TurnCompleted,
            like(SettingsChanged, provider="openai", model="gpt", system_prompt="Be brief."),
            SwitchProviders(1),
        )
        speaking.when(Submit("Next?")).goes_on()
        assert speaking.all_of(RequestSent)[-1].model == "gpt"

    def test_another_voice_has_a_line_of_its_own(self, playbook: Make) -> None:
        play = playbook()
        play.begin().goes_on()
        play.when(opened(0)).goes_on()
        play.when(SettingsWanted(4, "local", "smollm2", "aura-2-luna-en", "", 1.0)).gives(
            like(SettingsChanged, voice="aura-2-luna-en"),
            close(0),
            CloseTts(0),
            SpeechDisconnected,
            SwitchProviders(4),
            ConnectTts(1),
        )

    def test_another_key_of_the_same_voice_has_a_line_of_its_own(self, playbook: Make) -> None:
        play = playbook()
        play.begin().goes_on()
        play.when(opened(0)).goes_on()
        settings = SettingsWanted(4, "local", "smollm2", "aura-2-thalia-en", "", 1.0, reopen=True)
        play.when(settings).gives(
            SettingsChanged,
            close(0),
            CloseTts(0),
            SpeechDisconnected,
            SwitchProviders(4),
            ConnectTts(1),
        )

    def test_of_two_wishes_in_one_turn_the_last_one_counts(self, speaking: Playbook) -> None:
        for ticket, model in ((1, "one"), (2, "two")):
            speaking.when(
                SettingsWanted(ticket, "openai", model, "aura-2-thalia-en", "", 1.0)
            ).gives_nothing()
        speaking.when(Interrupt()).goes_on()
        speaking.when(PlaybackStopReported(1, 0)).gives(
            TurnInterrupted, TurnCompleted, like(SettingsChanged, model="two"), SwitchProviders(2)
        )
