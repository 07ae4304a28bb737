"""Which answer a question gets: the one it was recorded with, as long as it is the question that
was expected."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.standin.answering import Echo, InOrder
from gramophone.standin.matching import Difference, Expectation
from gramophone.wire.answers import Answer


class ExpectedAnswers:
    """Gives the answers of a script, and knows in `expectation` what was asked of them.

    Answers to anything stand in for what the script does not know. Where there are none, another
    wording of the next question gets its answer, and anything else an echo; when `strict`, neither
    gets one.
    """

    def __init__(self, answers: Sequence[Answer], *, strict: bool = False) -> None:
        known = [(answer.asked, answer) for answer in answers if answer.asked is not None]
        anything = [answer for answer in answers if answer.asked is None]
        self._answers = [answer for _, answer in known]
        self._anything = InOrder(anything) if anything else None
        self._strict = strict
        self._echo = Echo()
        self.expectation = Expectation("prompt", [asked for asked, _ in known], by_message=True)

    def __call__(self, asked: str) -> Answer | None:
        if self._anything is not None and not self.expectation.knows(asked):
            return self._anything(asked)
        found = self.expectation.came(0, asked)
        if not isinstance(found, Difference):
            return self._answers[found.first]
        if self._strict:
            return None
        meant = next((each for each in self._answers if each.asked == found.expected), None)
        return meant or self._echo(asked)
