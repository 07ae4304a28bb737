"""Places at which a sentence may be broken before it ends: clauses, words, spaceless writing.

A long sentence, or one that a waiting listener needs the beginning of, is broken where a speaker
would pause. Every place is an index into the tokens of the sentence that is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gramophone.core.frozen import frozen
from gramophone.text.characters import (
    BARE_CLAUSE_MARKS,
    CLOSERS,
    DASHES,
    OPENERS,
    SPACED_CLAUSE_MARKS,
    TIGHT,
    splits_between,
)
from gramophone.text.markdown.tokens import SPACE, SpokenToken

_STRONG_BONUS = 80
_NESTED_PENALTY = 200


@frozen
class ClauseBreak:
    """A clause boundary before the token at `index`.

    `depth` counts the quotes and brackets that are open there; `strong` marks a semicolon, a
    colon or a dash, where a voice pauses longer than at a comma.
    """

    index: int
    depth: int
    strong: bool


class BreakPoints:
    """Break points of the sentence that is held, noted token by token.

    `blank` is the index of the last space, `wide` that of the last place within spaceless
    writing; 0 for none.
    """

    def __init__(self) -> None:
        self.clauses: list[ClauseBreak] = []
        self.words: list[int] = []
        self.blank = 0
        self.wide = 0

    def note(
        self,
        held: Sequence[SpokenToken],
        token: SpokenToken,
        gap: str,
        gap_guard: int,
        depth: int,
    ) -> bool:
        """Note the place between `held`, which is not empty, and `token`; give whether a clause
        ends there.

        `gap` is not empty where a space stands between the two, guarded by `gap_guard`.
        """
        last = held[-1]
        if token.guard or last.guard or gap_guard:
            # In code, a label or an address a comma is part of a name; only its edges are words.
            apart = gap and not (token.guard and last.guard) and not gap_guard
            if apart and token.text.isalpha():
                self.note_word(len(held), last)
            return False
        if _is_clause(held, token, gap):
            strong = last.text not in ",，、،"
            self.clauses.append(ClauseBreak(len(held), depth, strong))
            return True
        if gap:
            # Before a digit or a mark, the two may belong together.
            if token.text.isalpha():
                self.note_word(len(held), last)
        elif splits_between(last.text, token.text):
            self.wide = len(held)
        return False

    def note_word(self, index: int, last: SpokenToken) -> None:
        """Note a word that begins at `index`, after `last` and a space."""
        # What stands after a full stop or an opening mark belongs to what stands before.
        if last.text not in ".…" and last.text not in OPENERS and index not in self.words[-1:]:
            self.words.append(index)

    def best(self, floor: int) -> int | None:
        """Give the best break at `floor` (1 or more) or later: a clause, a word, or in spaceless
        writing; None for none.

        A late clause leaves the fewest scraps. A strong mark is worth `_STRONG_BONUS` characters
        of that; a clause inside a quotation or bracket is broken only for lack of another.
        """
        clauses = [clause for clause in self.clauses if clause.index >= floor]
        if clauses:
            return max(clauses, key=_worth).index
        if self.words and self.words[-1] >= floor:
            return self.words[-1]
        return self.wide if self.wide >= floor else None

    def latest(self) -> list[int]:
        """Give the clauses outside quotes and brackets, latest first, and the last word."""
        outside = [clause.index for clause in reversed(self.clauses) if clause.depth == 0]
        return [*outside, *self.words[-1:]]

    def forget_up_to(self, index: int) -> None:
        """Forget clauses and words up to `index`: that text has been given."""
        self.clauses = [clause for clause in self.clauses if clause.index > index]
        self.words = [word for word in self.words if word > index]

    def shift(self, count: int) -> None:
        """Follow the loss of the first `count` tokens."""
        self.blank = max(0, self.blank - count)
        self.wide = max(0, self.wide - count)
        self.words = [word - count for word in self.words if word > count]
        self.clauses = [
            replace(clause, index=clause.index - count)
            for clause in self.clauses
            if clause.index > count
        ]

    def clear(self) -> None:
        """Begin another sentence."""
        self.clauses.clear()
        self.words.clear()
        self.blank = self.wide = 0


def _worth(clause: ClauseBreak) -> int:
    return clause.index + _STRONG_BONUS * clause.strong - _NESTED_PENALTY * (clause.depth > 0)


def _is_clause(held: Sequence[SpokenToken], token: SpokenToken, gap: str) -> bool:
    """Say whether a clause ends between `held` and `token`."""
    if token.text in TIGHT:
        return False
    last = held[-1].text
    before_last = held[-2].text if len(held) >= 2 else ""
    numeric = token.text.isdigit() and before_last.isdigit()
    if last in BARE_CLAUSE_MARKS:
        return not numeric and token.text not in CLOSERS
    if not gap:
        return False
    if last in SPACED_CLAUSE_MARKS:
        return not numeric and before_last != "."
    return last in DASHES and last != "-" and before_last == SPACE
