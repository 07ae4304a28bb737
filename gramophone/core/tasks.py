"""Tasks outside a TaskGroup: started and named here alone, and logged when they fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)
# The loop keeps weak references to tasks only: one that nobody awaits could be collected.
_running: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
    """Start `work` as a task of this name; an error it dies of is logged, never lost."""
    task = asyncio.create_task(work, name=name)  # noqa: TID251
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task %s failed: %r", task.get_name(), error)


def internal_error_message(error: BaseException) -> str:
    """Give the sentence for the user about an error of the program."""
    return (
        f"Something in the engine broke ({type(error).__name__}: {error}); what was recorded so "
        "far is kept. Start again, and report this if it happens twice."
    )


async def cancel(task: asyncio.Task[Any] | None) -> None:
    """Cancel `task` and wait until it has really ended."""
    if task is None:
        return
    task.cancel()
    # Not `await task`: it would raise the error of the task, or a cancellation that is not ours.
    await asyncio.wait([task])
