"""Position in a list of sessions that is read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gramophone.library.library import SessionSummary

# A page is asked for by the session that it follows (keyset paging), not by a number of rows to
# skip: sessions are deleted and recorded while the list is open, and a number would then repeat
# rows or leave some out. The price is that the session named must stand where the library has it.
# One that was pinned or unpinned here still stands at its old place in the list, so it cannot be
# named.


@dataclass(slots=True)
class SessionPages:
    """Pages read so far of a list, newest first."""

    complete: bool = False
    """Whether there is nothing below the last row."""
    moved: set[str] = field(default_factory=set[str])
    """Sessions that the library has at another place by now."""

    def begin(self, *, complete: bool) -> None:
        """Take note of a new first page."""
        self.complete = complete
        self.moved = set()

    def last(self, rows: Sequence[SessionSummary]) -> str:
        """Id of the session that the next page follows; empty where there is no next page."""
        if self.complete:
            return ""
        return next((row.id for row in reversed(rows) if row.id not in self.moved), "")
