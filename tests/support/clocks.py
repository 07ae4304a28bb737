"""A clock that stands still and tells when somebody waits for it."""

from __future__ import annotations

import asyncio

from gramophone.core.clock import ManualClock


class WatchedClock(ManualClock):
    """A ManualClock whose sleepers can be waited for, so that no test has to guess."""

    def __init__(self) -> None:
        super().__init__()
        self.deadlines: set[int] = set()
        self._changed = asyncio.Event()
        self.sleeps = 0

    async def sleep_until_us(self, deadline_us: int) -> None:
        self.sleeps += 1
        self.deadlines.add(deadline_us)
        self._changed.set()
        await super().sleep_until_us(deadline_us)

    async def asleep_until(self, deadline_us: int) -> None:
        """Return when somebody waits for this instant."""
        while deadline_us not in self.deadlines:
            self._changed.clear()
            await self._changed.wait()

    async def asleep(self, times: int) -> None:
        """Return when somebody has begun to wait for the `times`th time."""
        while self.sleeps < times:
            self._changed.clear()
            await self._changed.wait()
