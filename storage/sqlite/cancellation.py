"""Work in a thread that ends when nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from gramophone.core.errors import StorageError


@contextmanager
def cancellable(
    words: str, tell: Callable[[int, int], None] | None
) -> Generator[Callable[[int, int], None]]:
    """A `tell` for a thread, which raises once the block is left: cancelling an await does not
    stop the thread it waits for."""
    stopped = threading.Event()

    def told(done: int, total: int) -> None:
        if stopped.is_set():
            raise StorageError(words)
        if tell is not None:
            tell(done, total)

    try:
        yield told
    finally:
        stopped.set()
