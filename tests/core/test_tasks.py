"""Tasks outside a group: named, kept, and heard when they fail."""

from __future__ import annotations

import asyncio
import gc

import pytest

from gramophone.core.tasks import cancel, spawn
from tests.support.deadlines import HANG_S


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_task_has_its_name_and_its_result() -> None:
    async def answer() -> int:
        return 42

    task = spawn(answer(), name="the answer")
    assert task.get_name() == "the answer"
    assert await task == 42


async def test_nobody_needs_to_keep_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        ended.set()

    spawn(work(), name="work")
    gc.collect()
    async with asyncio.timeout(HANG_S):
        await ended.wait()


async def test_an_error_is_logged_with_the_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("spilt")

    task = spawn(fail(), name="milk")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert "task milk failed: ValueError('spilt')" in caplog.text


async def test_a_cancelled_task_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    task = spawn(wait_for_ever(), name="waiting")
    await cancel(task)
    assert task.cancelled()
    assert caplog.text == ""


async def test_cancelling_waits_until_it_has_tidied_up() -> None:
    tidied = False

    async def work() -> None:
        nonlocal tidied
        try:
            await wait_for_ever()
        finally:
            await asyncio.sleep(0)
            tidied = True

    task = spawn(work(), name="work")
    await asyncio.sleep(0)
    await cancel(task)
    assert tidied


async def test_cancelling_what_is_over_or_never_was_is_harmless() -> None:
    async def nothing() -> None: ...

    task = spawn(nothing(), name="nothing")
    await task
    await cancel(task)
    await cancel(None)
    assert task.done()
