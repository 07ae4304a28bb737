"""Code of the user, run in threads of its own: a function that blocks must not stop the sound.

The threads are daemons, and nobody waits for one: code that never returns stays behind, and ends
with the program.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from gramophone.core.frozen import frozen

T = TypeVar("T")

_log = logging.getLogger(__name__)


@frozen
class _Ended:
    """The iterator has ended, with an error or without."""

    error: Exception | None = None


async def iterate_in_thread(make: Callable[[], Iterable[T]], *, name: str) -> AsyncGenerator[T]:
    """Yield what an iterable yields that is made and iterated in one thread.

    It is asked for one item at a time, when that is wanted. Closing the generator returns at once;
    the iterator is closed, in its thread, as soon as it lets go of it. Its errors are raised here.
    """
    running = _ThreadedIteration[T](make)
    threading.Thread(target=running.run, name=name, daemon=True).start()
    try:
        while True:
            outcome = await running.next()
            if not isinstance(outcome, _Ended):
                yield outcome
            elif outcome.error is not None:
                raise outcome.error
            else:
                return
    finally:
        running.stop()


class _ThreadedIteration(Generic[T]):
    """An iterator in a thread, and the two queues between that and the event loop."""

    def __init__(self, make: Callable[[], Iterable[T]]) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._outcomes: asyncio.Queue[T | _Ended] = asyncio.Queue()

    async def next(self) -> T | _Ended:
        """Ask for the next item, and wait for it."""
        self._wanted.put(True)
        return await self._outcomes.get()

    def stop(self) -> None:
        """Have the thread end when the iterator gives it the time."""
        self._wanted.put(False)

    def run(self) -> None:
        """Iterate while items are wanted; the body of the thread."""
        iterator = None
        try:
            iterator = iter(self._make())
            while self._wanted.get():
                try:
                    item = next(iterator)
                except StopIteration:
                    self._deliver(_Ended())
                    return
                self._deliver(item)
        except Exception as error:
            self._deliver(_Ended(error))
        except BaseException as error:
            # SystemExit is the user's wish for another program than this one.
            self._deliver(_Ended(RuntimeError(f"it raised {type(error).__name__}")))
        finally:
            _close(iterator)

    def _deliver(self, outcome: T | _Ended) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._outcomes.put_nowait, outcome)


def _close(iterator: Any) -> None:
    close = getattr(iterator, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception as error:
        _log.warning("the text's iterator failed while it was closed: %r", error)
