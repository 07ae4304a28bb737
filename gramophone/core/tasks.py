"""Tasks outside a TaskGroup: the one place that starts them, names them and hears them fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)
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


def broken(error: BaseException) -> str:
    """The sentence for an error that nobody foresaw."""
    return (
        f"Something in the engine broke ({type(error).__name__}: {error}); what was recorded so "
        "far is kept. Start again, and report this if it happens twice."
    )


async def cancel(task: asyncio.Task[Any] | None) -> None:
    """Cancel `task` and wait until it has really ended."""
    if task is None:
        return
    task.cancel()
    await asyncio.wait([task])
