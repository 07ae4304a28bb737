"""What was sent before, and where one is while looking back through it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tui.prompt.draft import Draft

MOST_KEPT = 1_000


class PromptHistory:
    """Oldest first; the place behind the last is the draft that is being written."""

    def __init__(self) -> None:
        self._kept: list[Draft] = []
        self._place = 0
        self._draft = Draft("")
        self._beginning = ""

    def add(self, draft: Draft) -> None:
        """Keep what was sent, once if it was sent twice in a row; back to an empty draft."""
        if not self._kept or self._kept[-1] != draft:
            self._kept.append(draft)
        del self._kept[:-MOST_KEPT]
        self._place, self._draft = len(self._kept), Draft("")

    def remember(self, newest_first: Iterable[Draft]) -> None:
        """Take in what was sent in earlier sittings, before all that is kept."""
        known = {draft.text for draft in self._kept}
        older: list[Draft] = []
        for draft in newest_first:
            if draft.text and draft.text not in known:
                known.add(draft.text)
                older.append(draft)
        del older[max(0, MOST_KEPT - len(self._kept)) :]
        self._kept[:0] = reversed(older)
        self._place += len(older)

    def earlier(self, now: Draft, *, search: bool = False) -> Draft | None:
        """The one before. With `search`, only those that begin as `now` does, if there are any."""
        if self._place == len(self._kept):
            self._draft = now
            fits = search and self._find(range(self._place), now.text) is not None
            self._beginning = now.text if fits else ""
        found = self._find(reversed(range(self._place)), self._beginning)
        return None if found is None else self._go(found)

    def later(self) -> Draft | None:
        """The one after; after the last one, the draft that was left."""
        if self._place == len(self._kept):
            return None
        found = self._find(range(self._place + 1, len(self._kept)), self._beginning)
        return self._go(len(self._kept) if found is None else found)

    def _find(self, places: Iterable[int], beginning: str) -> int | None:
        return next((at for at in places if self._kept[at].text.startswith(beginning)), None)

    def _go(self, place: int) -> Draft:
        self._place = place
        return self._draft if place == len(self._kept) else self._kept[place]
