"""Asides of answers, from the events of a session: everything of an answer that is not its text.

Thoughts, the sentence about an end that is not normal, and the items that a provider wants back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gramophone.core.frozen import frozen
from gramophone.core.give_back import GiveBack
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    Event,
    GiveBackReceived,
    ThoughtReceived,
)
from gramophone.text.redaction import MARK

ASIDE_EVENTS = (AnswerIncomplete, AnswerRetracted, GiveBackReceived, ThoughtReceived)
"""The kinds of events that `answer_asides` reads."""


@frozen
class AnswerAside:
    """Aside of one answer.

    Attributes:
        thoughts: the model's reasoning, as it came.
        thought_from_us: time of the first thought, since the session began; None where that was
            text at first, which came from the beginning of the answer on.
        thought_until_us: time of the last thought.
        incomplete: one sentence about an end that is not normal; empty for a normal one.
        give_back: items for the provider, unchanged; one in which a secret was redacted is not
            what came, and is left out.
    """

    thoughts: str = ""
    thought_from_us: int | None = None
    thought_until_us: int = 0
    incomplete: str = ""
    give_back: tuple[GiveBack, ...] = ()


NO_ASIDE = AnswerAside()


@dataclass(slots=True)
class _AsideProgress:
    thoughts: list[str] = field(default_factory=list[str])
    thought_from_us: int | None = None
    thought_until_us: int = 0
    incomplete: str = ""
    give_back: list[GiveBack] = field(default_factory=list[GiveBack])

    def read(self, event: Event) -> None:
        match event:
            case ThoughtReceived() | AnswerRetracted():
                if not self.thoughts and isinstance(event, ThoughtReceived):
                    self.thought_from_us = event.at_us
                self.thoughts.append(event.text)
                self.thought_until_us = event.at_us
            case AnswerIncomplete():
                self.incomplete = event.detail
            case GiveBackReceived() if not MARK.search(event.item):
                self.give_back.append(GiveBack(event.item, event.provider, event.model))
            case _:
                pass

    def finished(self) -> AnswerAside:
        thoughts = "".join(self.thoughts)
        return AnswerAside(
            thoughts=thoughts,
            thought_from_us=self.thought_from_us,
            thought_until_us=self.thought_until_us,
            incomplete=self.incomplete,
            give_back=tuple(self.give_back),
        )


def answer_asides(events: Iterable[Event]) -> dict[int, AnswerAside]:
    """Give the asides by turn, of the turns that have one."""
    progress: dict[int, _AsideProgress] = {}
    for event in events:
        if isinstance(event, ASIDE_EVENTS):
            progress.setdefault(event.turn, _AsideProgress()).read(event)
    return {turn: aside.finished() for turn, aside in progress.items()}
