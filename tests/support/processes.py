"""Waiting for the end of a process that is no child of the test."""

from __future__ import annotations

import asyncio
import os


async def gone(pid: int) -> None:
    """Return when the process, a child of whomever, has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watched, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)
