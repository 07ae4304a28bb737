"""The end of a process that is not a child of the test, also when its parent is killed."""

from __future__ import annotations

import asyncio
import os
import sys


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


async def killed_parent(program: str) -> int:
    """Run Python code that writes the number of its child, and kill it then; give that number."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.communicate()
    return pid
