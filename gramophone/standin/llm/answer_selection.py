"""Choice of the answer to a question: in the recorded order, or an echo."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from gramophone.text.spaceless import without_spaces
from gramophone.wire.llm.answer import ModelAnswer, TextPiece, ToolPiece
from gramophone.wire.llm.answer_blocks import plain_pieces

_MOST_ECHOED = 100_000
"""Characters; a piece for each word of a question takes up a hundred times its room."""


class AnswerSelector(Protocol):
    """Chooser of the answer to a question."""

    def __call__(self, prompt: str, step: int, *, offers_tools: bool = True) -> ModelAnswer | None:
        """The answer to the user's last text; None when there is none.

        `step` is the number of answers with calls to tools that it has had already;
        `offers_tools` says whether the answer may have such calls.
        """
        ...


class RecordedOrder:
    """Recorded answers by question, one after the other, then from the first again.

    Spaces do not matter. Answers with calls to tools are kept with the one they lead to, so that
    each conversation gets the step it has come to; where no tools are offered, it is that one.
    Answers to any question serve those that were not recorded; the last of them is repeated.
    """

    def __init__(self, answers: Sequence[ModelAnswer]) -> None:
        by_question: dict[str | None, list[ModelAnswer]] = defaultdict(list)
        for answer in answers:
            by_question[None if answer.prompt is None else without_spaces(answer.prompt)].append(
                answer
            )
        self._fresh = {
            question: deque(runs_of(answers)) for question, answers in by_question.items()
        }
        self._current = {question: runs[0] for question, runs in self._fresh.items()}

    def __call__(self, prompt: str, step: int, *, offers_tools: bool = True) -> ModelAnswer | None:
        question = without_spaces(prompt)
        question = question if question in self._fresh else None
        if question not in self._fresh:
            return None
        if step == 0:
            runs = self._fresh[question]
            self._current[question] = runs[0]
            if question is not None:
                runs.rotate(-1)
            elif len(runs) > 1:
                runs.popleft()
        run = self._current[question]
        return run[min(step, len(run) - 1)] if offers_tools else run[-1]


def runs_of(answers: Iterable[ModelAnswer]) -> Iterator[list[ModelAnswer]]:
    """The answers in runs: those that call tools together with the one that follows."""
    run: list[ModelAnswer] = []
    for answer in answers:
        run.append(answer)
        if not any(isinstance(piece, ToolPiece) for piece in plain_pieces(answer)):
            yield run
            run = []
    if run:
        yield run


class EchoAnswers:
    """Answers that repeat the question, a word at a time, and name its pictures, for a stand-in
    without a source."""

    def __init__(self, first_word_ms: int = 200, word_ms: int = 30) -> None:
        self._first_word_us = 1000 * first_word_ms
        self._word_us = 1000 * word_ms

    def __call__(self, prompt: str, step: int, *, offers_tools: bool = True) -> ModelAnswer | None:
        question = prompt if len(prompt) <= _MOST_ECHOED else f"{prompt[:_MOST_ECHOED]}…"
        words = re.findall(r"\s*\S+\s*\Z|\s*\S+", f"You said: {question}")
        return ModelAnswer(
            prompt,
            tuple(
                TextPiece(word, self._first_word_us + number * self._word_us)
                for number, word in enumerate(words)
            ),
            pictures="named",
        )
