"""A stored session goes on: its turns count, its numbers go on, and its times never fall."""

from __future__ import annotations

from gramophone.conversation.conversation import Conversation
from gramophone.conversation.history import NOTHING_TO_REGENERATE
from gramophone.conversation.messages import ConnectTts, StartModel
from gramophone.conversation.opening import EarlierTurn, Resumption
from gramophone.core.intents import EditAndResend, Regenerate, Submit
from gramophone.core.timeline import (
    Failed,
    HistoryRewound,
    RequestSent,
    SessionResumed,
    SettingsChanged,
    TurnCompleted,
    TurnStarted,
)
from gramophone.ports.language_model import Message
from tests.support.playbook import Make, Playbook, a_conversation, like

RESUMED_AT = "2026-11-23T08:00:00.000+00:00"
TURNS = (
    EarlierTurn(0, Message("user", "A colour?")),
    EarlierTurn(1, Message("assistant", "Red."), counts=False),
    EarlierTurn(2, Message("assistant", "Green, as I said.", heard_chars=6)),
)


def resumed(*turns: EarlierTurn) -> Playbook:
    conversation = a_conversation(has_voice=False)
    conversation = Conversation(
        settings=conversation.settings,
        speech=conversation.speech,
        resumption=Resumption(
            turns=turns, next_turn=len(turns), next_connection=3, resumed_at=RESUMED_AT
        ),
    )
    play = Playbook(conversation)
    play.now_us = 7_000_000
    return play


def begun(play: Playbook) -> Playbook:
    return play.begin().gives(
        like(SessionResumed, resumed_at=RESUMED_AT, encoding="linear16", sample_rate_hz=8000),
        like(SettingsChanged, provider="local", model="smollm2"),
    )


def test_what_was_said_before_counts_and_numbers_go_on() -> None:
    play = begun(resumed(*TURNS))
    play.when(Submit("And now?")).gives(
        like(TurnStarted, turn=3, role="user", text="And now?"),
        like(TurnCompleted, turn=3),
        like(TurnStarted, turn=4, role="assistant"),
        like(RequestSent, turn=4, messages=3),
        StartModel(
            4,
            (
                Message("user", "A colour?"),
                Message("assistant", "Green,"),
                Message("user", "And now?"),
            ),
        ),
    )
    assert all(output.at_us >= 7_000_000 for output in play.all_of(SessionResumed, TurnStarted))


def test_an_answer_from_before_is_answered_again() -> None:
    play = begun(resumed(*TURNS))
    play.when(Regenerate()).gives(
        like(HistoryRewound, to_turn=1),
        like(TurnStarted, turn=3, role="assistant"),
        like(RequestSent, turn=3, messages=1),
        StartModel(3, (Message("user", "A colour?"),)),
    )


def test_a_question_from_before_is_edited() -> None:
    play = begun(resumed(*TURNS))
    play.when(EditAndResend(0, "A shape?")).gives(
        like(HistoryRewound, to_turn=0),
        like(TurnStarted, turn=3, role="user", text="A shape?"),
        like(TurnCompleted, turn=3),
        like(TurnStarted, turn=4, role="assistant"),
        like(RequestSent, turn=4, messages=1),
        StartModel(4, (Message("user", "A shape?"),)),
    )


def test_a_session_without_turns_goes_on_from_nothing() -> None:
    play = begun(resumed())
    play.when(Regenerate()).gives(like(Failed, detail=NOTHING_TO_REGENERATE))


def test_the_voice_connects_by_the_next_number(playbook: Make) -> None:
    conversation = a_conversation()
    conversation = Conversation(
        settings=conversation.settings,
        speech=conversation.speech,
        resumption=Resumption(turns=TURNS, next_turn=3, next_connection=3, resumed_at=RESUMED_AT),
    )
    Playbook(conversation).begin().gives(SessionResumed, SettingsChanged, ConnectTts(3))
