"""Work in a thread that ends when its waiter is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from gramophone.core.errors import StorageError


@contextmanager
def cancellable(
    words: str, progress: Callable[[int, int], None] | None
) -> Generator[Callable[[int, int], None]]:
    """A progress callback for work in a thread, which passes calls on to `progress` and raises
    StorageError(`words`) once the block is left."""
    # Cancelling an await does not stop the thread it waits for. The thread reports its progress
    # often, so the report is the place where it can be made to end.
    stopped = threading.Event()

    def report(done: int, total: int) -> None:
        """Pass progress on.

        Raises:
            StorageError: the block was left.
        """
        if stopped.is_set():
            raise StorageError(words)
        if progress is not None:
            progress(done, total)

    try:
        yield report
    finally:
        stopped.set()
