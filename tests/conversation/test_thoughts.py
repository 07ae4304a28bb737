"""Thoughts, calls and items to give back: on the timeline, never spoken and never in the text."""

from __future__ import annotations

from gramophone.conversation.answer_text import QUIET_US
from gramophone.conversation.messages import LlmChunk, PlaybackStopReported, StartModel, StopAudio
from gramophone.core.give_back import GiveBack
from gramophone.core.intents import Interrupt, Submit
from gramophone.core.timeline import (
    AnswerRetracted,
    CallRequested,
    ClearSent,
    DeltaReceived,
    FlushSent,
    GiveBackReceived,
    ModelFinished,
    ModelQuiet,
    NoticeGiven,
    PlaybackStopped,
    RequestSent,
    TextSpoken,
    ThoughtReceived,
    TurnCompleted,
    TurnStarted,
)
from gramophone.ports.language_model import AskedModel, CallPart, Message, ModelChunk
from tests.support.playbook import (
    Make,
    Playbook,
    clear,
    cleared,
    delta,
    ended,
    finish,
    flush,
    like,
    says,
    sound,
)
from tests.support.talks import ask, begin_speaking, connected

PROVIDER, MODEL = "local", "smollm2"
"""The model of a playbook."""


def thought(turn: int, text: str) -> LlmChunk:
    return LlmChunk(turn, ModelChunk(raw="{}", thought=text))


def retracts(turn: int, text: str = "") -> LlmChunk:
    return LlmChunk(turn, ModelChunk(raw="{}", text=text, retracts=True))


def gives_back(turn: int, item: str) -> LlmChunk:
    return LlmChunk(turn, ModelChunk(raw="{}", give_back=item))


def muted(playbook: Make) -> Playbook:
    """A conversation without a voice, whose first question was sent."""
    play = playbook(has_voice=False)
    play.begin().goes_on()
    return ask(play)


def answer_after(play: Playbook, question: str) -> StartModel:
    """The request that this question leads to."""
    play.when(Submit(question)).goes_on()
    return play.all_of(StartModel)[-1]


class TestThoughts:
    def test_they_are_neither_text_nor_spoken(self, play: Playbook) -> None:
        ask(play)
        play.when(thought(1, "Hm, a greeting. I greet. ")).gives(
            ThoughtReceived(at_us=0, turn=1, text="Hm, a greeting. I greet. ")
        )
        play.when(delta(1, "Yes.")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(ModelFinished, says("Yes."), TextSpoken, flush(), FlushSent)
        assert play.conversation.speaking

    def test_they_are_not_in_the_history(self, playbook: Make) -> None:
        play = muted(playbook)
        play.when(thought(1, "Hm.")).goes_on()
        play.when(delta(1, "Yes.")).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).gives(ModelFinished, like(TurnCompleted, text="Yes."))
        assert play.conversation.history == [
            Message("user", "Hello?"),
            Message("assistant", "Yes."),
        ]

    def test_half_a_character_waits_for_its_other_half(self, play: Playbook) -> None:
        ask(play)
        play.when(thought(1, "a\ud83d")).gives(like(ThoughtReceived, text="a"))
        play.when(thought(1, "\ude00")).gives(like(ThoughtReceived, text="😀"))

    def test_text_is_waited_for_while_they_come(self, play: Playbook) -> None:
        ask(play)
        for _ in range(QUIET_US // 1_000_000):
            play.after(1).goes_on()
            play.when(thought(1, "Hm. ")).goes_on()
        assert [event.at_us for event in play.all_of(ModelQuiet)] == [QUIET_US]


class TestCalls:
    def test_parts_are_joined_by_index_and_told_when_whole(self, play: Playbook) -> None:
        ask(play)
        for part in [
            CallPart(0, id="a", name="weather", arguments='{"city":'),
            CallPart(1, id="b", name="clock"),
            CallPart(0, arguments=' "Oslo"}'),
        ]:
            play.when(LlmChunk(1, ModelChunk(raw="{}", calls=(part,)))).gives_nothing()
        play.when(finish(1, "tool_calls")).gives_nothing()
        play.when(ended(1)).goes_on()
        assert play.all_of(CallRequested) == [
            CallRequested(
                at_us=0, turn=1, call=0, id="a", name="weather", arguments='{"city": "Oslo"}'
            ),
            CallRequested(at_us=0, turn=1, call=1, id="b", name="clock", arguments=""),
        ]

    def test_an_answer_that_broke_off_has_no_whole_call(self, play: Playbook) -> None:
        ask(play)
        part = CallPart(0, id="a", name="weather", arguments='{"ci')
        play.when(LlmChunk(1, ModelChunk(raw="{}", calls=(part,)))).goes_on()
        play.when(ended(1, "It broke off.")).goes_on()
        assert play.all_of(CallRequested) == []


class TestItemsToGiveBack:
    def test_they_go_with_the_next_request(self, playbook: Make) -> None:
        play = muted(playbook)
        play.when(gives_back(1, '{"signature":"x"}')).gives(
            GiveBackReceived(
                at_us=0, turn=1, item='{"signature":"x"}', provider=PROVIDER, model=MODEL
            )
        )
        play.when(delta(1, "Yes.")).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).goes_on()
        assert answer_after(play, "Sure?").messages == (
            Message("user", "Hello?"),
            Message(
                "assistant", "Yes.", give_back=(GiveBack('{"signature":"x"}', PROVIDER, MODEL),)
            ),
            Message("user", "Sure?"),
        )

    def test_they_belong_to_the_model_that_answered_instead(self, playbook: Make) -> None:
        play = muted(playbook)
        second = AskedModel("second", "s-1")
        play.when(LlmChunk(1, ModelChunk("", notice="It failed.", instead=second))).gives(
            like(RequestSent, turn=1, provider="second", model="s-1", messages=1), NoticeGiven
        )
        play.when(gives_back(1, "{}")).goes_on()
        play.when(delta(1, "Yes.")).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).goes_on()
        answer = answer_after(play, "Sure?").messages[1]
        assert answer.give_back == (GiveBack("{}", "second", "s-1"),)
        assert play.all_of(RequestSent)[-1].provider == PROVIDER, "the first is asked first again"

    def test_those_of_an_answer_that_was_stopped_do_not(self, playbook: Make) -> None:
        play = muted(playbook)
        play.when(gives_back(1, "{}")).goes_on()
        play.when(delta(1, "Yes, and")).goes_on()
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 0)).goes_on()
        assert not any(message.give_back for message in answer_after(play, "Sure?").messages)

    def test_those_of_an_answer_that_failed_do_not(self, playbook: Make) -> None:
        play = muted(playbook)
        play.when(gives_back(1, "{}")).goes_on()
        play.when(delta(1, "Yes, and")).goes_on()
        play.when(ended(1, "It broke off.")).goes_on()
        assert not any(message.give_back for message in answer_after(play, "Sure?").messages)


class TestTextThatWasAThought:
    def test_text_that_was_not_spoken_yet_is_taken_back(self, play: Playbook) -> None:
        ask(play)
        play.when(delta(1, "Hm")).gives(DeltaReceived)
        play.when(retracts(1, "Yes.")).gives(
            AnswerRetracted(at_us=0, turn=1, text="Hm"), like(DeltaReceived, text="Yes.")
        )
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished,
            says("Yes."),
            like(TextSpoken, chunk=0, source_start=0, source_end=4),
            flush(),
            FlushSent,
        )

    def test_its_sound_stops_and_the_answer_is_spoken_when_whole(self, playbook: Make) -> None:
        play = begin_speaking(connected(playbook()))
        play.when(sound()).goes_on()
        play.when(retracts(1, "Yes, it is. ")).gives(
            like(AnswerRetracted, turn=1, text="One two three four. Five "),
            DeltaReceived,
            StopAudio(1),
            ClearSent,
            clear(),
        )
        play.when(PlaybackStopReported(1, 4000)).gives(
            like(PlaybackStopped, turn=1, played_samples=4000, heard_characters=None)
        )
        play.when(cleared()).gives_nothing()
        play.when(delta(1, "Surely.")).gives(DeltaReceived)
        play.when(finish(1)).gives_nothing()
        play.when(ended(1)).gives(
            ModelFinished,
            like(TurnCompleted, turn=1, text="Yes, it is. Surely.", remembered=None),
            like(TurnStarted, turn=2, text="Yes, it is. Surely.", repeats=1),
            says("Yes,"),
            TextSpoken,
            flush(),
            FlushSent,
            says("it is."),
            TextSpoken,
            says("Surely."),
            TextSpoken,
            flush(),
            FlushSent,
        )
        assert play.conversation.history[-1] == Message("assistant", "Yes, it is. Surely.")

    def test_nothing_is_spoken_again_if_no_answer_follows(self, playbook: Make) -> None:
        play = begin_speaking(connected(playbook()))
        play.when(retracts(1)).goes_on()
        play.when(PlaybackStopReported(1, 0)).goes_on()
        play.when(finish(1)).goes_on()
        play.when(ended(1)).goes_on()
        assert len(play.all_of(TurnStarted)) == 2
        assert not play.conversation.speaking

    def test_nothing_is_spoken_again_after_an_interruption(self, playbook: Make) -> None:
        play = begin_speaking(connected(playbook()))
        play.when(retracts(1, "Yes. ")).goes_on()
        play.when(Interrupt()).goes_on()
        play.when(PlaybackStopReported(1, 0)).goes_on()
        assert len(play.all_of(TurnStarted)) == 2
        assert play.conversation.history[-1] == Message("assistant", "Yes. ")

    def test_nothing_is_retracted_where_there_is_no_text(self, play: Playbook) -> None:
        ask(play)
        play.when(retracts(1)).gives_nothing()
