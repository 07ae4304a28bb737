"""Words found in the texts of a transcript; nothing of the screen is in it.

Letters are compared folded, as the search of the history compares them: no case, no accents. Words
match anywhere, one after another; signs of Markdown between them do not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from gramophone.text.folding import folded, folded_with_places
from tui.markdown.styles import CURRENT_HIT, HIT, HitSpan
from tui.transcript.turn_view import LONGEST_PROMPT_SHOWN, TurnView

MOST_CHARACTERS: Final = 200
"""Longest text that is looked for."""
# Bounded, so that a text full of such signs is read in linear time.
_BETWEEN_WORDS: Final = r"[\s*_`~|>#]{1,8}"


class Hit(NamedTuple):
    """Characters of a turn's text, from `start` to before `end`."""

    turn: int
    start: int
    end: int


class _Searched(NamedTuple):
    """Number of characters of a turn that were looked through, and the hits in them."""

    characters: int
    rewrites: int
    hits: tuple[Hit, ...]


class Finder:
    """Finds the words in every turn it is shown; goes from hit to hit."""

    def __init__(self, words: str) -> None:
        self.words = " ".join(words.split())[:MOST_CHARACTERS]
        self.current: Hit | None = None
        parts = folded(self.words).split()
        self._first_word = parts[0] if parts else ""
        self._pattern = re.compile(_BETWEEN_WORDS.join(map(re.escape, parts)))
        self._searched: dict[int, _Searched] = {}

    @property
    def hits(self) -> list[Hit]:
        """Hits in the order of their turns."""
        return [hit for turn in sorted(self._searched) for hit in self.hits_of(turn)]

    def hits_of(self, turn: int) -> Sequence[Hit]:
        searched = self._searched.get(turn)
        return searched.hits if searched is not None else ()

    def spans_of(self, turn: int) -> tuple[HitSpan, ...]:
        """The hits of a turn as they are marked."""
        return tuple(
            HitSpan(hit.start, hit.end, CURRENT_HIT if hit == self.current else HIT)
            for hit in self.hits_of(turn)
        )

    # --- looking through ----------------------------------------------------------------------

    def search(self, view: TurnView) -> bool:
        """Look through what is new in the text of a turn.

        Returns:
            Whether it has other hits than before.
        """
        text = view.text if view.voice != "user" else view.text[:LONGEST_PROMPT_SHOWN]
        if view.hidden or not self._first_word:
            text = ""
        before = self._searched.get(view.turn, _Searched(0, view.rewrites, ()))
        if before[:2] == (len(text), view.rewrites):
            return False
        grown = before.rewrites == view.rewrites and before.characters <= len(text)
        # A hit may have begun before what is new; two signs may be needed for one letter of it.
        start = max(0, before.characters - 8 * (len(self.words) + 8)) if grown else 0
        kept = tuple(hit for hit in before.hits if hit.start < start) if grown else ()
        hits = (*kept, *self._hits_in(view.turn, text[start:], start))
        self._searched[view.turn] = _Searched(len(text), view.rewrites, hits)
        if self.current is not None and self.current.turn == view.turn and self.current not in hits:
            self.current = None
        return hits != before.hits

    def forget(self, turn: int) -> None:
        """Take note that a turn is no more."""
        self._searched.pop(turn, None)
        if self.current is not None and self.current.turn == turn:
            self.current = None

    def _hits_in(self, turn: int, text: str, offset: int) -> list[Hit]:
        if self._first_word not in folded(text):
            return []
        within, starts, ends = folded_with_places(text)
        return [
            Hit(turn, offset + starts[match.start()], offset + ends[match.end() - 1])
            for match in self._pattern.finditer(within)
        ]

    # --- going --------------------------------------------------------------------------------

    def go_near(self, turn: int, character: int) -> Hit | None:
        """Go to the first hit from there on, else to the last before it."""
        hits = self.hits
        after = (hit for hit in hits if (hit.turn, hit.start) >= (turn, character))
        self.current = next(after, hits[-1] if hits else None)
        return self.current

    def step(self, step: int) -> Hit | None:
        """Go so many hits on, or back; behind the last comes the first."""
        hits = self.hits
        if not hits:
            return None
        index = self._index_in(hits)
        index = min(0, step) if index is None else index + step
        self.current = hits[index % len(hits)]
        return self.current

    def _index_in(self, hits: Sequence[Hit]) -> int | None:
        """The index of the current hit, if there is one."""
        current = self.current
        return hits.index(current) if current is not None and current in hits else None

    @property
    def position_words(self) -> str:
        """Number of the current hit, and of all."""
        hits = self.hits
        if not hits:
            return "not found" if self.words else ""
        index = self._index_in(hits)
        number = f"{index + 1:,} of " if index is not None else ""
        return f"{number}{len(hits):,}"
