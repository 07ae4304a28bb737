"""Ends of an answer that are not normal: the cause, and a sentence that says what to do."""

from __future__ import annotations

import pytest

from gramophone.conversation.answer_end import AnswerContent, incomplete_end
from gramophone.conversation.answer_text import MODEL_CUT_OFF
from gramophone.conversation.messages import LlmChunk
from gramophone.core.timeline import (
    AnswerIncomplete,
    Failed,
    ModelFinished,
    NoticeGiven,
    TurnCompleted,
)
from gramophone.ports.language_model import CallPart, ModelChunk
from tests.support.playbook import Make, delta, ended, finish, like
from tests.support.talks import ask

TEXT = AnswerContent(text=True)


@pytest.mark.parametrize(
    ("reason", "content", "cause"),
    [
        ("stop", TEXT, None),
        ("end_turn", TEXT, None),
        ("stop_sequence", TEXT, None),
        ("a word nobody knows", TEXT, None),
        ("length", TEXT, "length"),
        ("MAX_TOKENS", TEXT, "length"),
        ("max_output_tokens", TEXT, "length"),
        ("content_filter", TEXT, "filter"),
        ("content_filter", AnswerContent(), "filter"),
        ("refusal", TEXT, "refusal"),
        ("refusal", AnswerContent(), "refusal"),
        ("stop", AnswerContent(text=True, refused=True), "refusal"),
        ("model_context_window_exceeded", TEXT, "context"),
        ("pause_turn", TEXT, "paused"),
        ("stop", AnswerContent(), "empty"),
        ("length", AnswerContent(), "empty"),
        ("stop", AnswerContent(thoughts=True), "thoughts"),
        ("length", AnswerContent(thoughts=True), "thoughts"),
        ("tool_calls", AnswerContent(text=True, calls=("f",)), "calls"),
        ("stop", AnswerContent(thoughts=True, calls=("f",)), "calls"),
        ("length", AnswerContent(text=True, calls=("f",)), "length"),
    ],
)
def test_the_cause(reason: str, content: AnswerContent, cause: str | None) -> None:
    end = incomplete_end(reason, content)
    assert (end[0] if end is not None else None) == cause


def test_tools_are_named_once_and_briefly() -> None:
    def sentence(*names: str) -> str:
        end = incomplete_end("tool_calls", AnswerContent(calls=names))
        assert end is not None
        return end[1]

    assert "the tool weather, and" in sentence("weather", "weather")
    assert "the tools a, b, c and 2 more, and" in sentence("a", "b", "c", "d", "e")
    assert "the tool ?, and" in sentence("")
    assert len(sentence("x" * 10_000)) < 250
    assert "\x1b" not in sentence("\x1b[2J\nrm")


def test_it_follows_the_end_of_the_model(playbook: Make) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(delta(1, "Well, I")).goes_on()
    play.when(finish(1, "length")).goes_on()
    play.when(ended(1)).gives(
        like(ModelFinished, reason="length"),
        like(AnswerIncomplete, turn=1, cause="length"),
        like(TurnCompleted, text="Well, I", finish_reason="length"),
    )


@pytest.mark.parametrize("text", ["", "Well."])
def test_a_thought_that_was_never_closed_is_offered(playbook: Make, text: str) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(LlmChunk(1, ModelChunk(raw="{}", text=text, thought="Hm. Yes."))).goes_on()
    play.when(LlmChunk(1, ModelChunk(raw="{}", unclosed=True, finish_reason="stop"))).goes_on()
    offer = like(NoticeGiven, turn=1) if text else like(AnswerIncomplete, cause="thoughts")
    play.when(ended(1)).gives(ModelFinished, offer, TurnCompleted)


def test_an_answer_of_white_space_is_empty(playbook: Make) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(delta(1, " \n")).goes_on()
    play.when(finish(1)).goes_on()
    play.when(ended(1)).gives(ModelFinished, like(AnswerIncomplete, cause="empty"), TurnCompleted)


def test_a_call_is_named(playbook: Make) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(LlmChunk(1, ModelChunk(raw="{}", calls=(CallPart(0, name="weather"),)))).goes_on()
    play.when(finish(1)).goes_on()
    play.when(ended(1)).goes_on()
    [incomplete] = play.all_of(AnswerIncomplete)
    assert "weather" in incomplete.detail


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_a_reason_that_is_a_failure_breaks_the_answer_off(playbook: Make, reason: str) -> None:
    play = playbook(has_voice=False)
    play.begin().goes_on()
    ask(play)
    play.when(delta(1, "Well, I")).goes_on()
    play.when(finish(1, reason)).goes_on()
    play.when(ended(1)).gives(
        like(Failed, stage="model", detail=MODEL_CUT_OFF),
        like(TurnCompleted, finish_reason="failed"),
    )
