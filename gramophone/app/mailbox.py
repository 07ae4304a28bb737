"""Entries from the engine's thread to the screen's, without a lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gramophone.core.timeline import Entry


class Mailbox:
    """A sink on one thread and a feed on another."""

    # A deque needs no lock for this: append and popleft are atomic, and only one thread takes.

    def __init__(self, on_close: Callable[[], None] | None = None) -> None:
        self._entries: deque[Entry] = deque()
        self._on_close = on_close

    def emit(self, entry: Entry) -> None:
        self._entries.append(entry)

    def take(self) -> list[Entry]:
        entries: list[Entry] = []
        while self._entries:
            entries.append(self._entries.popleft())
        return entries

    def clear(self) -> None:
        """Drop entries that were not taken yet."""
        self._entries.clear()

    def close(self) -> None:
        if self._on_close is not None:
            self._on_close()
