"""History of prompts that were sent, and the position while looking back through it."""

from __future__ import annotations

from collections.abc import Iterable

from tui.prompt.draft import Draft

MOST_KEPT = 1_000


class PromptHistory:
    """Oldest first; the place behind the last is the draft that is being written."""

    def __init__(self) -> None:
        self._drafts: list[Draft] = []
        self._index = 0
        self._draft = Draft("")
        self._beginning = ""

    def add(self, draft: Draft) -> None:
        """Keep what was sent, once if it was sent twice in a row; back to an empty draft."""
        if not self._drafts or self._drafts[-1] != draft:
            self._drafts.append(draft)
        del self._drafts[:-MOST_KEPT]
        self._index, self._draft = len(self._drafts), Draft("")

    def remember(self, newest_first: Iterable[Draft]) -> None:
        """Add prompts of earlier sessions before all others."""
        texts = {draft.text for draft in self._drafts}
        older: list[Draft] = []
        for draft in newest_first:
            if draft.text and draft.text not in texts:
                texts.add(draft.text)
                older.append(draft)
        # Newer ones are worth more: what is over the limit is left out at the old end.
        del older[max(0, MOST_KEPT - len(self._drafts)) :]
        self._drafts[:0] = reversed(older)
        # The position counts from the oldest, so it moves with what was put before it.
        self._index += len(older)

    def earlier(self, now: Draft, *, search: bool = False) -> Draft | None:
        """Prompt before this one; with `search`, one that begins as `now` does, if any does."""
        # The first step back puts the draft aside, and decides for all that follow whether only
        # prompts with the same beginning are visited.
        if self._index == len(self._drafts):
            self._draft = now
            fits = search and self._find(range(self._index), now.text) is not None
            self._beginning = now.text if fits else ""
        index = self._find(reversed(range(self._index)), self._beginning)
        return None if index is None else self._go(index)

    def later(self) -> Draft | None:
        """Prompt after the present one; after the last, the draft that was put aside."""
        if self._index == len(self._drafts):
            return None
        index = self._find(range(self._index + 1, len(self._drafts)), self._beginning)
        return self._go(len(self._drafts) if index is None else index)

    def _find(self, indices: Iterable[int], beginning: str) -> int | None:
        return next(
            (index for index in indices if self._drafts[index].text.startswith(beginning)), None
        )

    def _go(self, index: int) -> Draft:
        self._index = index
        return self._draft if index == len(self._drafts) else self._drafts[index]
