"""Which answer a question gets: the one it was recorded with, as long as it is the question that
was expected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from gramophone.standin.answering import Echo, InOrder, runs_of
from gramophone.standin.matching import Difference, Expectation
from gramophone.wire.answers import Answer


class ExpectedAnswers:
    """Gives the answers of a script, and knows in `expectation` what was asked of them.

    A question is expected once, however often the model calls tools for it. Answers to anything
    stand in for what the script does not know. Where there are none, another wording of the next
    question gets its answer, and anything else an echo; when `strict`, neither gets one.
    """

    def __init__(self, answers: Sequence[Answer], *, strict: bool = False) -> None:
        known = [
            (asked, run)
            for asked, group in groupby(answers, key=lambda answer: answer.asked)
            if asked is not None
            for run in runs_of(group)
        ]
        anything = [answer for answer in answers if answer.asked is None]
        self._runs = [run for _, run in known]
        self._anything = InOrder(anything) if anything else None
        self._current: dict[str, list[Answer]] = {}
        self._strict = strict
        self._echo = Echo()
        self.expectation = Expectation("prompt", [asked for asked, _ in known], by_message=True)

    def __call__(self, asked: str, step: int) -> Answer | None:
        if self._anything is not None and not self.expectation.knows(asked):
            return self._anything(asked, step)
        if step == 0:
            self._begin(asked)
        if run := self._current.get(asked):
            return run[min(step, len(run) - 1)]
        return None if self._strict else self._echo(asked, step)

    def _begin(self, asked: str) -> None:
        """Find the run of answers that this question gets, if it gets one."""
        found = self.expectation.came(0, asked)
        self._current.pop(asked, None)
        if not isinstance(found, Difference):
            self._current[asked] = self._runs[found.first]
        elif not self._strict:
            meant = (run for run in self._runs if run[0].asked == found.expected)
            if (run := next(meant, None)) is not None:
                self._current[asked] = run
