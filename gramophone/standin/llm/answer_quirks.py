"""Answers with a quirk: a scenario names it, and the answer goes out as such a server sends it."""

from __future__ import annotations

from dataclasses import replace

from gramophone.standin.llm.dialects import Question
from gramophone.wire.llm.answer import ModelAnswer
from gramophone.wire.llm.quirks import QUIRKS, quirky_answer, quirky_body, quirky_events
from gramophone.wire.sse import Timed


def with_quirk(question: Question, answer: ModelAnswer) -> tuple[Question, ModelAnswer]:
    """The question with writers that have the answer's quirk, and the answer as they take it."""
    name = answer.quirk
    if not name:
        return question, answer

    def events(answer: ModelAnswer, ordinal: int) -> list[Timed]:
        return quirky_events(question.events(answer, ordinal), name)

    def whole(answer: ModelAnswer, ordinal: int) -> bytes:
        return quirky_body(question.whole(answer, ordinal), name)

    stream = question.stream and not QUIRKS[name].whole
    return replace(question, stream=stream, events=events, whole=whole), quirky_answer(answer)
