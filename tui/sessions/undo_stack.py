"""Deletions of sessions that can be undone until the app closes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.core.frozen import frozen

# Nothing is asked before sessions are deleted, because deleting can be undone: the library hides
# them (`SessionDeletion.discard`), and removes rows and files when the app closes (`purge`). So an
# entry here needs ids only. The conversation's screen owns the stack, since the history's screen is
# made anew each time it is opened. What was deleted together comes back together.


@frozen
class Discard:
    """Sessions that were deleted together, and what they are called."""

    ids: tuple[str, ...]
    words: str


@dataclass(slots=True)
class UndoStack:
    """The last one comes back first."""

    stack: list[Discard] = field(default_factory=list[Discard])

    def add(self, discard: Discard) -> None:
        self.stack.append(discard)

    def take(self) -> Discard | None:
        return self.stack.pop() if self.stack else None

    def __bool__(self) -> bool:
        return bool(self.stack)
