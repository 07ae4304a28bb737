"""Which answer a question gets."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Protocol

from gramophone.wire.answers import Answer, TextPiece


class Chooser(Protocol):
    """Knows which answer a question gets."""

    def __call__(self, asked: str) -> Answer | None:
        """The answer to what the user said last; None when there is none."""
        ...


class InOrder:
    """Gives each question the answers it was recorded with, one after the other, then again.

    Spaces do not matter. Answers to anything stand in for what was not recorded; the last of
    them stays.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers: dict[str | None, deque[Answer]] = defaultdict(deque)
        for answer in answers:
            asked = None if answer.asked is None else _said(answer.asked)
            self._answers[asked].append(answer)

    def __call__(self, asked: str) -> Answer | None:
        if known := self._answers.get(_said(asked)):
            known.rotate(-1)
            return known[-1]
        anything = self._answers.get(None)
        if not anything:
            return None
        return anything.popleft() if len(anything) > 1 else anything[0]


def _said(text: str) -> str:
    return "".join(text.split())


class Echo:
    """Gives every question back, a word at a time, where there is nothing else to give."""

    def __init__(self, first_word_ms: int = 200, word_ms: int = 30) -> None:
        self._first_word_us = 1000 * first_word_ms
        self._word_us = 1000 * word_ms

    def __call__(self, asked: str) -> Answer | None:
        words = re.findall(r"\s*\S+\s*\Z|\s*\S+", f"You said: {asked}")
        return Answer(
            asked,
            tuple(
                TextPiece(word, self._first_word_us + number * self._word_us)
                for number, word in enumerate(words)
            ),
        )
