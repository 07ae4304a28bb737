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


class SkippingClock(ManualClock):
    """A clock that jumps to the instant which somebody waits for; `waits_s` has what was waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    async def sleep_until_us(self, deadline_us: int) -> None:
        self.waits_s.append((deadline_us - self.now_us()) / 1e6)
        self.advance_us(max(0, deadline_us - self.now_us()))
        await asyncio.sleep(0)
