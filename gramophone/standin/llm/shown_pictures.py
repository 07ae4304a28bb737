"""Answers about the pictures of a question: they name them, or refuse them."""

from __future__ import annotations

from dataclasses import replace

from gramophone.standin.llm.dialects import Question
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.llm.refusals.pictures import without_eyes


def shown_to(question: Question, answer: ModelAnswer) -> ModelAnswer:
    """The answer as its `pictures` has it: with a line for each picture of the question, if it
    names them.

    Raises:
        RequestRefused: the request has pictures, and the answer is that of a model that takes none.
    """
    if answer.pictures == "refused" and question.pictures.kind:
        raise RequestRefused(without_eyes(question.model, question.pictures.kind))
    shown = question.pictures.of_question if answer.pictures == "named" else ()
    lines = [TextPiece(f"\n[{picture.line}]", answer.due_us) for picture in shown]
    return replace(answer, pieces=(*answer.pieces, *lines)) if lines else answer
