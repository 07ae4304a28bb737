"""Code of the user, run in threads of its own: a function that blocks must not stop the sound.

Plain iterators have a thread each (`iterate_in_thread`), coroutines an event loop in a thread
(`WorkerLoop`). The threads are daemons, and nobody waits for one: code that never returns stays
behind, and ends with the program.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from gramophone.core.frozen import frozen
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line

T = TypeVar("T")

BLOCKED_AFTER_S: Final = 1.0
"""Time after which a loop that does not answer counts as blocked."""

_MOST_REASON_CHARACTERS: Final = 200
_log = logging.getLogger(__name__)
_unfinished: set[Future[Any]] = set()


def user_code_failure(subject: str, error: BaseException) -> str:
    """Sentence about an error of the user's code, whose own words may hold anything."""
    reason = cut(plain_line(f"{type(error).__name__}: {error}"), _MOST_REASON_CHARACTERS)
    return f"{subject} failed ({reason.rstrip(': ')}); correct it, and try again."


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
        while not isinstance(outcome := await running.next(), _Ended):
            yield outcome
        if outcome.error is not None:
            raise outcome.error
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


class WorkerLoop:
    """An event loop in a thread, for the coroutines of one user.

    It is the same one for all answers, because connections belong to the loop that opened them. A
    loop that is blocked when the next answer is wanted is left to itself, and replaced.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop, from any thread; cancelling the future cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._started_loop())
        # A loop keeps weak references to tasks only: one whose owner is gone would be torn apart.
        _unfinished.add(future)
        future.add_done_callback(_unfinished.discard)
        return future

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the loop soon, from any thread; the order of the calls is kept."""
        self._started_loop().call_soon_threadsafe(function, *arguments)

    async def iterate(self, make: Callable[[], AsyncIterator[T]]) -> AsyncGenerator[T]:
        """Yield what an iterator yields that is made and iterated on the loop.

        It is asked for one item at a time, when that is wanted. Closing the generator returns at
        once; the iterator is cancelled and closed on its loop. Its errors are raised here.
        """
        loop = await self._ready_loop()
        running = _LoopedIteration[T](make, loop)
        done = self.submit(running.run())
        try:
            while not isinstance(outcome := await running.next(), _Ended):
                yield outcome
            if outcome.error is not None:
                raise outcome.error
        finally:
            done.cancel()

    def close(self) -> None:
        """Let the loop end, once the code on it lets go of it."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    async def _ready_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is not None and not await _answers(self._loop):
            self.close()
        return self._started_loop()

    def _started_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_default_executor(_DaemonThreads())
                serving = threading.Thread(
                    target=_serve, args=(self._loop,), name=self._name, daemon=True
                )
                serving.start()
            return self._loop


class _LoopedIteration(Generic[T]):
    """An asynchronous iterator on another loop, and the queues between both loops."""

    def __init__(
        self, make: Callable[[], AsyncIterator[T]], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._make = make
        self._theirs = loop
        self._ours = asyncio.get_running_loop()
        self._wanted: asyncio.Queue[None] = asyncio.Queue()
        self._outcomes: asyncio.Queue[T | _Ended] = asyncio.Queue()

    async def next(self) -> T | _Ended:
        """Ask for the next item, and wait for it."""
        self._theirs.call_soon_threadsafe(self._wanted.put_nowait, None)
        return await self._outcomes.get()

    async def run(self) -> None:
        """Iterate while items are wanted; runs on the other loop, until it is cancelled."""
        iterator: AsyncIterator[T] | None = None
        try:
            iterator = self._make()
            while True:
                await self._wanted.get()
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    self._deliver(_Ended())
                    return
                self._deliver(item)
        except Exception as error:
            self._deliver(_Ended(error))
        finally:
            if isinstance(iterator, AsyncGenerator):
                await iterator.aclose()

    def _deliver(self, outcome: T | _Ended) -> None:
        with suppress(RuntimeError):  # our loop is closed: nobody waits any more
            self._ours.call_soon_threadsafe(self._outcomes.put_nowait, outcome)


async def _answers(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop in another thread runs, and is not blocked."""
    answered = asyncio.Event()
    loop.call_soon_threadsafe(asyncio.get_running_loop().call_soon_threadsafe, answered.set)
    try:
        async with asyncio.timeout(BLOCKED_AFTER_S):
            await answered.wait()
    except TimeoutError:
        return False
    return True


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, then end what is still on it."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


class _DaemonThreads(ThreadPoolExecutor):
    """Executor with a thread for each call, which nobody waits for at the end of the program."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=call, name="user code", daemon=True).start()
        return future
