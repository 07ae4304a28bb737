"""Completions that the prompt offers, and the chosen one among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from gramophone.core.frozen import frozen

_Item = TypeVar("_Item")


# An offer lives from one edit to the next. Each edit makes a new `CompletionState` from the line
# and the cursor, or none; so it cannot disagree with the text, and nothing has to be kept up to
# date. Another choice is another value. A cursor that leaves `start` to `end` ends it. While there
# is an offer, Up and Down choose, Tab takes, Escape closes. Enter takes what was chosen, or what
# completes a name that means nothing yet; else it sends, so that what is typed in full stays.


@frozen
class Completion:
    """One row of the list: what it is called, a few words about it, what it writes."""

    label: str
    words: str
    text: str


@frozen
class CompletionState:
    """Candidates for the characters `start` to `end` of a line; never without one.

    Where `optional`, those characters may be sent as they are. `touched` says that the user has
    chosen among the candidates.
    """

    start: int
    end: int
    candidates: tuple[Completion, ...]
    index: int = 0
    optional: bool = False
    touched: bool = False

    @property
    def chosen(self) -> Completion:
        return self.candidates[self.index]

    def moved(self, step: int) -> CompletionState:
        """The same with its neighbour chosen; the last one's neighbour is the first."""
        return replace(self, index=(self.index + step) % len(self.candidates), touched=True)

    def at(self, index: int) -> CompletionState:
        return replace(self, index=max(0, min(index, len(self.candidates) - 1)))

    def taken_by_enter(self, line: str) -> bool:
        """Whether Enter takes the chosen one: it was chosen or is needed, and adds to the line."""
        if self.optional and not self.touched:
            return False
        return self.chosen.text.rstrip() != line[self.start : self.end].rstrip()


def first_shown(index: int, count: int, rows: int) -> int:
    """The first row of a window of `rows` in which `index` stands, near its middle."""
    return max(0, min(index - rows // 2, count - rows))


def fitting(typed: str, items: Iterable[_Item], name: Callable[[_Item], str]) -> list[_Item]:
    """The items whose name fits what was typed: itself, then what begins so, then what has it
    within, then what has its letters in this order."""
    folded = typed.casefold()
    ranked = [(_rank(folded, name(item).casefold()), item) for item in items]
    fits = [(rank, item) for rank, item in ranked if rank is not None]
    return [item for _, item in sorted(fits, key=lambda ranked_item: ranked_item[0])]


def _rank(folded: str, name: str) -> int | None:
    if name == folded:
        return 0
    if name.startswith(folded):
        return 1
    if folded in name:
        return 2
    letters = iter(name)
    return 3 if all(letter in letters for letter in folded) else None
