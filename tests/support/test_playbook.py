"""The playbook itself: a transcript that does not hold must not pass."""

from __future__ import annotations

import pytest

from gramophone.conversation.messages import ConnectTts
from gramophone.core.intents import Submit
from gramophone.core.timeline import Failed, SessionStarted
from tests.support.playbook import Blank, Playbook, a_conversation, like


@pytest.fixture
def play() -> Playbook:
    return Playbook(a_conversation())


def test_what_came_out_may_be_named_by_type_value_or_fields(play: Playbook) -> None:
    play.begin().gives(SessionStarted, ConnectTts(0))
    play.when(Submit(" ")).gives(like(Failed, stage="session"))


def test_a_difference_is_shown_line_by_line(play: Playbook) -> None:
    with pytest.raises(AssertionError) as failure:
        play.begin().gives(like(SessionStarted, voice="aura-2-zeus-en"), ConnectTts(1))
    report = str(failure.value)
    assert "After begin" in report
    assert "- ConnectTts(connection=1)" in report
    assert "+ ConnectTts(connection=0)" in report
    assert "- SessionStarted(voice='aura-2-zeus-en')" in report


def test_something_missing_is_a_difference(play: Playbook) -> None:
    with pytest.raises(AssertionError, match="ConnectTts"):
        play.begin().gives(SessionStarted)


def test_what_nobody_asserted_fails_at_the_next_step(play: Playbook) -> None:
    play.begin()
    with pytest.raises(AssertionError, match=r"After begin, nobody asserted:\n +SessionStarted"):
        play.when(Submit("Hello?"))


def test_what_nobody_asserted_fails_at_the_end(play: Playbook) -> None:
    play.begin()
    with pytest.raises(AssertionError, match="nobody asserted"):
        play.close()


def test_a_blank_is_learnt_once(play: Playbook) -> None:
    number = Blank()
    play.begin().gives(SessionStarted, like(ConnectTts, connection=number))
    assert number.value == 0
    assert number.fits(0)
    assert not number.fits(1)
