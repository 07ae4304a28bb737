"""Iterators of the user in threads: asked when wanted, never waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing

import pytest

from gramophone.providers.user_code import iterate_in_thread


async def items(make: Callable[[], Iterable[object]]) -> list[object]:
    """Collect the items, iterated in a thread."""
    return [item async for item in iterate_in_thread(make, name="items")]


async def test_items_come_in_their_order() -> None:
    assert await items(lambda: range(100)) == list(range(100))
    assert await items(list) == []


async def test_all_of_it_happens_in_one_thread() -> None:
    """SQLite's cursors, for example, may only be used in the thread that made them."""
    threads: list[threading.Thread] = []

    def made() -> Iterator[int]:
        try:
            for number in range(3):
                threads.append(threading.current_thread())
                yield number
        finally:
            threads.append(threading.current_thread())

    await items(made)
    assert len(threads) == 4
    assert {thread.name for thread in threads} == {"items"}
    assert len(set(threads)) == 1


async def test_an_item_is_made_when_it_is_wanted() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    async with aclosing(iterate_in_thread(numbers, name="items")) as stream:
        assert await anext(stream) == 0
    assert made == [0]


async def test_errors_are_raised_here() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("of mine")

    stream = iterate_in_thread(broken, name="items")
    assert await anext(stream) == 1
    with pytest.raises(ZeroDivisionError, match="of mine"):
        await anext(stream)


async def test_an_iterator_that_ends_the_program_only_fails() -> None:
    def leaving() -> Iterator[int]:
        raise SystemExit(3)
        yield 1

    with pytest.raises(RuntimeError, match="SystemExit"):
        await items(leaving)


async def test_closing_closes_the_iterator() -> None:
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.set()

    async with aclosing(iterate_in_thread(numbers, name="items")) as stream:
        await anext(stream)
    await asyncio.to_thread(closed.wait)


async def test_nobody_waits_for_an_iterator_that_blocks() -> None:
    blocking, released, closed = threading.Event(), threading.Event(), threading.Event()

    def stuck() -> Iterator[int]:
        try:
            blocking.set()
            released.wait()
            yield 1
        finally:
            closed.set()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(items(stuck))
        await asyncio.to_thread(blocking.wait)
        reading.cancel()
    assert reading.cancelled()
    assert not closed.is_set()
    released.set()
    await asyncio.to_thread(closed.wait)


async def test_a_close_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    closing = threading.Event()

    def rude() -> Iterator[int]:
        try:
            yield 1
        finally:
            closing.set()
            raise OSError("not now")

    async with aclosing(iterate_in_thread(rude, name="items")) as stream:
        await anext(stream)
    await asyncio.to_thread(closing.wait)
    for thread in [thread for thread in threading.enumerate() if thread.name == "items"]:
        await asyncio.to_thread(thread.join)
    assert "not now" in caplog.text
