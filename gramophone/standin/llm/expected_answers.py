"""Answers of a source in its order, and a comparison of the questions with those expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gramophone.standin.llm.answer_selection import EchoAnswers, RecordedOrder, runs_of
from gramophone.standin.source.matching import Difference, Expectation
from gramophone.text.spaceless import letters_of, without_spaces
from gramophone.wire.llm.answer import ModelAnswer, ToolPiece
from gramophone.wire.llm.answer_blocks import calls_tools, plain_pieces


class ExpectedAnswers:
    """The answers of a source; `expectation` collects what differs.

    A question is expected as often as it was recorded, and so is each step of it where the model
    calls tools. Answers to any question serve those that the source does not have. Without them,
    another wording of the next question gets its answer, one that comes too often the last answer
    it had, and any other an echo; when `strict`, none of these gets an answer. Neither does then a
    question without the tools that its answer calls; otherwise it gets the answer they lead to.

    A question that was spoken comes as its transcript, which may lack case and signs; where it is
    among the words of `heard`, only letters and digits count.
    """

    def __init__(
        self,
        answers: Sequence[ModelAnswer],
        *,
        strict: bool = False,
        heard: Sequence[str] = (),
    ) -> None:
        runs = [
            (prompt, run)
            for prompt, group in groupby(answers, key=lambda answer: answer.prompt)
            if prompt is not None
            for run in runs_of(group)
        ]
        anything = [answer for answer in answers if answer.prompt is None]
        self._runs = [run for _, run in runs]
        self._lead_to = {
            id(answer): run[-1] for run in [*self._runs, *runs_of(anything)] for answer in run
        }
        self._anything = RecordedOrder(anything) if anything else None
        self._begun: dict[str, list[_Begun]] = {}
        self._strict = strict
        self._echo = EchoAnswers()
        spoken = letters_of(" ".join(heard))
        letters = [(letters_of(prompt), prompt) for prompt, _ in runs]
        self._spoken = {
            bare: prompt for bare, prompt in reversed(letters) if bare and bare in spoken
        }
        self.expectation = Expectation("prompt", [prompt for prompt, _ in runs], by_message=True)

    def __call__(self, prompt: str, step: int, *, offers_tools: bool = True) -> ModelAnswer | None:
        answer = self._answer(prompt, step)
        if answer is None or offers_tools or not calls_tools(answer):
            return answer
        self.expectation.lacks_tools(prompt)
        return None if self._strict else self._lead_to[id(answer)]

    def _answer(self, prompt: str, step: int) -> ModelAnswer | None:
        if self._spoken and not self.expectation.knows(prompt):
            prompt = self._spoken.get(letters_of(prompt), prompt)
        if self._anything is not None and not self.expectation.knows(prompt):
            return self._anything(prompt, step)
        answer = self._first(prompt) if step == 0 else self._next(prompt, step)
        if answer is None and not self._strict:
            begun = self._begun.get(without_spaces(prompt))
            return begun[-1].at(step) if begun else self._echo(prompt, step)
        return answer

    def _first(self, prompt: str) -> ModelAnswer | None:
        """The answer to a new question; None when it is not expected."""
        match = self.expectation.match(0, prompt)
        if not isinstance(match, Difference):
            return self._begin(prompt, self._runs[match.first])
        if not self._strict:
            similar = (run for run in self._runs if run[0].prompt == match.expected)
            if (run := next(similar, None)) is not None:
                return self._begin(prompt, run)
        return None

    def _begin(self, prompt: str, run: list[ModelAnswer]) -> ModelAnswer:
        self._begun.setdefault(without_spaces(prompt), []).append(_Begun(run))
        return run[0]

    def _next(self, prompt: str, step: int) -> ModelAnswer | None:
        """The answer behind calls to tools, of the first conversation that has not had it."""
        for begun in self._begun.get(without_spaces(prompt), ()):
            index = begun.index_of(step)
            if begun.answered <= index < len(begun.run):
                begun.answered = index + 1
                return begun.run[index]
        self.expectation.surplus(prompt)
        return None


@dataclass(slots=True)
class _Begun:
    """A question that was asked: its answers, and the number of them that were given."""

    run: list[ModelAnswer]
    answered: int = 1

    def index_of(self, step: int) -> int:
        """The index of the answer to a step, also for clients that count each call as a step.

        Pipecat 1.14 sends the calls of one answer in messages of their own, each with its result.
        """
        calls = sum(map(_calls_in, self.run[: self.answered]))
        return self.answered if step > self.answered and step == calls else step

    def at(self, step: int) -> ModelAnswer:
        """The answer of this step, or the last."""
        return self.run[min(step, len(self.run) - 1)]


def _calls_in(answer: ModelAnswer) -> int:
    pieces = plain_pieces(answer)
    return len({piece.index for piece in pieces if isinstance(piece, ToolPiece)})
