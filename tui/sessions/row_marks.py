"""Marks of listed sessions: one by one, all of them, or a range that grows and shrinks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RowMarks:
    """Ids of the marked sessions, in the order in which they were marked."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._anchor = -1
        self._before: dict[str, None] = {}
        self.every = False
        """Whether all sessions of the list are marked."""

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def turn(self, session_id: str) -> None:
        """Mark a session, or no longer."""
        self.every = False
        if session_id in self._ids:
            del self._ids[session_id]
        else:
            self._ids[session_id] = None

    def turn_all(self, ids: Iterable[str]) -> None:
        """Mark all of these; where exactly these are marked, none."""
        every = dict.fromkeys(ids)
        self.every = self._ids.keys() != every.keys()
        self._ids = every if self.every else {}

    def extend(self, ids: Sequence[str], cursor: int, target: int) -> None:
        """Mark from where the range began to `target`, both indices of `ids`; it begins at the
        cursor unless it has begun."""
        if self._anchor < 0:
            self._anchor, self._before = cursor, dict(self._ids)
        self.every = False
        first, last = sorted((self._anchor, target))
        self._ids = self._before | dict.fromkeys(ids[first : last + 1])

    def end_range(self) -> None:
        """The next range begins where the cursor is then."""
        self._anchor = -1

    def remove(self, ids: Iterable[str]) -> None:
        for session_id in ids:
            self._ids.pop(session_id, None)

    def keep(self, ids: Iterable[str]) -> None:
        """Forget the marks of sessions that are not among these."""
        self.remove(self._ids.keys() - set(ids))

    def clear(self) -> None:
        self._ids, self.every = {}, False
        self.end_range()
