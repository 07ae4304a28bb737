"""An answer that is stopped: what was heard of it, and sound that comes too late."""

from __future__ import annotations

from gramophone.conversation.messages import (
    ConnectTts,
    FinishAudio,
    PlayAudio,
    PlaybackBegan,
    PlaybackDrained,
    PlaybackStopReported,
    StartModel,
    StopAudio,
    StopModel,
)
from gramophone.core.intents import Interrupt, Say, Submit
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    FlushAnswered,
    FlushSent,
    PlaybackStarted,
    RequestSent,
    SessionStarted,
    SpeechConnected,
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
from tests.support.talks import ask, begin_speaking, connected


class TestInterruption:
    def test_what_was_heard_is_what_counts(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(sound(ms=2000)).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(PlaybackBegan(1, 0)).gives(PlaybackStarted)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        # A second of two: nine or ten of nineteen characters, so the word "three" not to its end.
        play.when(PlaybackStopReported(1, 8000)).gives(
            TurnInterrupted(at_us=0, turn=1, heard_text="One two", heard_samples=8000),
            like(
                TurnCompleted,
                text="One two three four. Five ",
                finish_reason="interrupted",
                remembered=7,
            ),
        )
        assert play.conversation.history[-1] == Message("assistant", "One two")
        play.when(Submit("Go on.")).goes_on()
        assert play.all_of(StartModel)[-1].messages[1] == Message("assistant", "One two")

    def test_while_the_service_still_sends(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(Interrupt()).gives(
            StopAudio(1), ClearSent(at_us=0, turn=1), clear(), StopModel(1)
        )
        play.when(PlaybackStopReported(1, 0)).goes_on()
        play.when(sound()).gives(like(AudioReceived, turn=1, offset_bytes=16000, stale=True))
        play.when(cleared()).gives_nothing()

    def test_before_the_first_sound_nothing_was_heard(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Interrupt()).gives(StopAudio, ClearSent, clear(), StopModel)
        play.when(PlaybackStopReported(1, 0)).gives(
            like(TurnInterrupted, heard_text="", heard_samples=0),
            like(
                TurnCompleted,
                text="One two three four. Five ",
                finish_reason="interrupted",
                remembered=0,
            ),
        )
        assert play.conversation.history == [Message("user", "Hello?")]

    def test_what_was_read_is_remembered_whole_where_it_stands_on_a_screen(
        self, playbook: Make
    ) -> None:
        play = begin_speaking(connected(playbook(memory="read")))
        play.when(sound(ms=2000)).gives(AudioReceived, PlayAudio)
        play.when(flushed()).gives(FlushAnswered)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(PlaybackStopReported(1, 8000)).gives(
            TurnInterrupted(at_us=0, turn=1, heard_text="One two", heard_samples=8000),
            like(TurnCompleted, text="One two three four. Five ", remembered=None),
        )
        assert play.conversation.history[-1].text == "One two three four. Five "

    def test_an_answer_that_arrived_whole_keeps_its_text_when_the_next_question_comes(
        self, play: Playbook
    ) -> None:
        begin_speaking(play)
        play.when(sound(ms=2000)).goes_on()
        play.when(flushed()).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).goes_on()
        play.when(Submit("Next?")).goes_on()
        play.when(PlaybackStopReported(1, 8000)).goes_on()
        cut, asked_next = play.all_of(TurnCompleted)[-2:]
        assert (cut.turn, cut.text, cut.remembered) == (1, "One two three four. Five ", 7)
        assert asked_next.text == "Next?"

    def test_before_the_first_word(self, play: Playbook) -> None:
        ask(play)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)

    def test_while_connecting(self, playbook: Make) -> None:
        play = playbook()
        play.begin().gives(SessionStarted, ConnectTts(0))
        ask(play)
        play.when(delta(1, "Hello there. And ")).gives(DeltaReceived)
        play.when(Interrupt()).gives(StopAudio(1), StopModel(1))
        play.when(opened(0)).gives(SpeechConnected)
        play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)
        assert play.sent() == []

    def test_twice_is_once(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Interrupt()).gives(StopAudio, ClearSent, clear(), StopModel)
        play.when(Interrupt()).gives_nothing()
        play.when(PlaybackStopReported(1, 0)).gives(TurnInterrupted, TurnCompleted)
        play.when(Interrupt()).gives_nothing()

    def test_of_nothing_is_nothing(self, play: Playbook) -> None:
        play.when(Interrupt()).gives_nothing()

    def test_what_the_edges_tell_of_a_stopped_turn_changes_nothing(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Interrupt()).goes_on()
        play.when(delta(1, "Five.")).gives_nothing()
        play.when(PlaybackStopReported(1, 0)).goes_on()
        play.when(PlaybackBegan(1, 0)).gives_nothing()
        play.when(PlaybackDrained(1, 10)).gives_nothing()
        play.when(PlaybackStopReported(1, 0)).gives_nothing()

    def test_a_question_interrupts_and_comes_next(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(sound()).gives(AudioReceived, PlayAudio)
        play.when(Submit("Stop. And this?")).gives(StopAudio(1), ClearSent, clear(), StopModel(1))
        play.when(PlaybackStopReported(1, 2400)).gives(
            like(TurnInterrupted, turn=1),
            like(TurnCompleted, turn=1, finish_reason="interrupted"),
            like(TurnStarted, turn=2, role="user", text="Stop. And this?"),
            like(TurnCompleted, turn=2),
            like(TurnStarted, turn=3, role="assistant"),
            like(RequestSent, turn=3, messages=3),
            like(StartModel, turn=3),
        )

    def test_two_questions_at_once_are_both_asked(self, play: Playbook) -> None:
        begin_speaking(play)
        play.when(Submit("A?")).gives(StopAudio(1), ClearSent, clear(), StopModel(1))
        play.when(Submit("B?")).gives_nothing()
        play.when(PlaybackStopReported(1, 0)).gives(
            TurnInterrupted,
            TurnCompleted,
            like(TurnStarted, turn=2, text="A?"),
            TurnCompleted,
            like(TurnStarted, turn=3),
            RequestSent,
            like(StartModel, turn=3),
            StopAudio(3),
            StopModel(3),
        )
        play.when(PlaybackStopReported(3, 0)).gives(
            like(TurnInterrupted, turn=3, heard_text=""),
            like(TurnCompleted, turn=3),
            like(TurnStarted, turn=4, text="B?"),
            TurnCompleted,
            like(TurnStarted, turn=5),
            RequestSent,
            like(StartModel, turn=5),
        )


class TestStaleSound:
    def interrupted(self, play: Playbook) -> Playbook:
        """Turn 1 was cut while sound was on its way; turns 2 and 3 have begun."""
        begin_speaking(play)
        play.when(sound(ms=500)).gives(AudioReceived, PlayAudio)
        play.when(Submit("Next?")).goes_on()
        return play.when(PlaybackStopReported(1, 0)).goes_on()

    def test_it_belongs_to_the_turn_that_was_cleared(self, play: Playbook) -> None:
        self.interrupted(play)
        play.when(delta(3, "Six seven eight. Nine ")).gives(
            DeltaReceived, says("Six seven eight."), like(TextSpoken, turn=3), flush(), FlushSent
        )
        play.when(sound(ms=500)).gives(like(AudioReceived, turn=1, offset_bytes=8000, stale=True))
        play.when(flushed()).gives_nothing()
        play.when(cleared()).gives_nothing()
        play.when(sound(ms=250)).gives(
            like(AudioReceived, turn=3, offset_bytes=0, stale=False), like(PlayAudio, turn=3)
        )
        play.when(flushed()).gives(like(FlushAnswered, turn=3, flush=0, end_samples=2000))

    def test_before_the_first_sound_of_the_turn_it_is_not_the_turns_before(
        self, play: Playbook
    ) -> None:
        """The turn that sounded last is not the one that was interrupted."""
        say_and_hear(play, 0, "Good morning.")
        play.when(Say("Good evening.")).goes_on()
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 0)).goes_on()
        play.when(sound()).gives(like(AudioReceived, turn=1, offset_bytes=0, stale=True))

    def test_each_clear_takes_its_own_turn(self, play: Playbook) -> None:
        for turn, text in enumerate(("One.", "Two.", "Three.")):
            play.when(Say(text)).goes_on()
            if turn < 2:
                play.when(Interrupt()).goes_on()
                play.when(PlaybackStopReported(turn, 0)).goes_on()
        play.when(sound()).gives(like(AudioReceived, turn=0, stale=True))
        play.when(cleared()).gives_nothing()
        play.when(sound()).gives(like(AudioReceived, turn=1, stale=True))
        play.when(cleared()).gives_nothing()
        play.when(sound()).gives(like(AudioReceived, turn=2, stale=False), PlayAudio)

    def test_a_flush_that_is_answered_after_the_cleared_is_not_the_new_ones(
        self, play: Playbook
    ) -> None:
        self.interrupted(play)
        play.when(delta(3, "Six seven eight. Nine ")).goes_on()
        play.when(cleared()).gives_nothing()
        play.when(flushed()).gives_nothing()
        play.when(sound()).gives(like(AudioReceived, turn=3, stale=False), PlayAudio)
        play.when(flushed()).gives(like(FlushAnswered, turn=3))

    def test_sound_that_nobody_waits_for_is_kept_and_not_played(self, play: Playbook) -> None:
        say_and_hear(play, 0, "Good morning.")
        play.when(sound()).gives(like(AudioReceived, turn=0, stale=True))

    def test_sound_after_the_last_flush_was_answered_is_not_played(self, play: Playbook) -> None:
        play.when(Say("Good morning.")).goes_on()
        play.when(sound()).goes_on()
        play.when(flushed()).gives(FlushAnswered, FinishAudio)
        play.when(sound()).gives(like(AudioReceived, turn=0, offset_bytes=16000, stale=True))

    def test_sound_before_any_turn_belongs_nowhere(self, play: Playbook) -> None:
        play.when(sound()).gives_nothing()


def say_and_hear(play: Playbook, turn: int, text: str) -> None:
    """A whole turn of one second."""
    play.when(Say(text)).goes_on()
    play.when(sound()).goes_on()
    play.when(flushed()).goes_on()
    play.when(PlaybackDrained(turn, 8000)).goes_on()
    assert not play.conversation.speaking
