"""Turns of the event loop, so that what can run has run."""

from __future__ import annotations

import asyncio


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)
