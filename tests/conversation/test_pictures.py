"""Pictures of questions in a conversation: sent along, inherited, asked again, and refused."""

from __future__ import annotations

import pytest

from gramophone.conversation.conversation import Conversation
from gramophone.conversation.history import merged
from gramophone.conversation.messages import LlmEnded, StartModel
from gramophone.core.attached_pictures import picture_of
from gramophone.core.intents import EditAndResend, Regenerate, Submit
from gramophone.core.timeline import (
    Failed,
    HistoryRewound,
    PictureAttached,
    RequestSent,
    TurnCompleted,
    TurnInherited,
    TurnStarted,
)
from gramophone.ports.language_model import Message
from tests.support.picture_sessions import CAT, DOG, attached
from tests.support.playbook import Make, Playbook, delta, ended, finish, like

BLIND = "Acme takes no pictures."


@pytest.fixture
def play(playbook: Make) -> Playbook:
    """A conversation without a voice."""
    play = playbook(has_voice=False)
    play.begin().goes_on()
    return play


def answered(play: Playbook, turn: int, text: str) -> None:
    play.when(delta(turn, text)).goes_on()
    play.when(finish(turn)).goes_on()
    play.when(ended(turn)).goes_on()


def test_a_question_goes_out_with_its_pictures(play: Playbook) -> None:
    play.when(Submit("Which?", (CAT, DOG))).gives(
        TurnStarted(at_us=0, turn=0, role="user", text="Which?"),
        attached(0, CAT),
        attached(0, DOG),
        like(TurnCompleted, turn=0),
        TurnStarted(at_us=0, turn=1, role="assistant"),
        RequestSent,
        StartModel(1, (Message("user", "Which?", pictures=(CAT, DOG)),)),
    )


def test_an_event_holds_the_whole_picture() -> None:
    assert picture_of(attached(0, CAT)).content == CAT.content
    assert CAT.content.hex() not in repr(attached(0, CAT))


def test_pictures_go_out_again_with_later_questions_and_answers(play: Playbook) -> None:
    play.when(Submit("Which?", (CAT,))).goes_on()
    answered(play, 1, "A cat.")
    shown = Message("user", "Which?", pictures=(CAT,))
    play.when(Regenerate()).gives(
        like(HistoryRewound, to_turn=1), TurnStarted, RequestSent, StartModel(2, (shown,))
    )
    answered(play, 2, "Still a cat.")
    play.when(Submit("Sure?")).goes_on()
    history = play.conversation.history
    assert history == [shown, Message("assistant", "Still a cat."), Message("user", "Sure?")]


def test_a_question_that_is_edited_has_the_pictures_it_names_now(play: Playbook) -> None:
    play.when(Submit("Which?", (CAT,))).goes_on()
    answered(play, 1, "A cat.")
    play.when(EditAndResend(0, "And this?", (DOG,))).goes_on()
    assert play.conversation.history == [Message("user", "And this?", pictures=(DOG,))]


def test_inherited_turns_bring_their_pictures_along(play: Playbook) -> None:
    inherited = Message("user", "Which?", pictures=(CAT,))
    conversation = Conversation(play.conversation.settings, play.conversation.speech, [inherited])
    events = conversation.begin(0)
    kinds = [type(event) for event in events]
    assert kinds.index(PictureAttached) == kinds.index(TurnInherited) + 1
    assert conversation.history == [inherited]


def test_neighbours_of_one_role_show_the_pictures_of_both() -> None:
    questions = [
        Message("user", "This?", pictures=(CAT,)),
        Message("user", "Or this?", pictures=(DOG,)),
    ]
    assert merged(questions) == (Message("user", "This?\n\nOr this?", pictures=(CAT, DOG)),)


def test_a_question_whose_pictures_are_refused_is_given_back(play: Playbook) -> None:
    play.when(Submit("Hello.")).goes_on()
    answered(play, 1, "Hello.")
    play.when(Submit("Which?", (CAT,))).goes_on()
    play.when(LlmEnded(3, BLIND, pictures_refused=True)).gives(
        Failed(at_us=0, stage="model", detail=BLIND),
        like(TurnCompleted, turn=3, finish_reason="failed"),
        HistoryRewound(at_us=0, to_turn=2, refused=True),
    )
    assert play.conversation.history == [Message("user", "Hello."), Message("assistant", "Hello.")]
    play.when(Submit("Which?")).goes_on()
    assert play.conversation.history[-1] == Message("user", "Which?")


def test_any_other_failure_leaves_the_question(play: Playbook) -> None:
    play.when(Submit("Which?", (CAT,))).goes_on()
    play.when(LlmEnded(1, "The network is gone.")).gives(
        Failed(at_us=0, stage="model", detail="The network is gone.", turn=1),
        like(TurnCompleted, turn=1),
    )
    assert play.conversation.history == [Message("user", "Which?", pictures=(CAT,))]
