"""Deletions of sessions that can be undone until the app closes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.core.frozen import frozen


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
