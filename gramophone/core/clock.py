"""Clocks: time as an argument. Beside the edges, no other module reads a clock.

`now_us` counts microseconds from the clock's own beginning. `sleep_until_us` waits for an
absolute instant, because relative sleeps drift.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Source of time for code that must run in tests and replays as well."""

    def now_us(self) -> int:
        """Microseconds since this clock began."""
        ...

    async def sleep_until_us(self, deadline_us: int) -> None:
        """Return at `deadline_us`, or at once when it has passed."""
        ...


class SystemClock:
    """The machine's monotonic clock, counted from when this object was made, when it is `start_us`.

    `now_us` may be called from any thread.
    """

    def __init__(self, start_us: int = 0) -> None:
        self._began_ns = time.monotonic_ns() - start_us * 1000

    def now_us(self) -> int:
        return (time.monotonic_ns() - self._began_ns) // 1000

    async def sleep_until_us(self, deadline_us: int) -> None:
        # With nothing left it still yields to the loop, so that no task can keep others waiting.
        left_us = deadline_us - self.now_us()
        await asyncio.sleep(left_us / 1_000_000)
        if left_us > 0 and self.now_us() < deadline_us:
            # The loop woke a little early, by the grain of its own clock.
            await self.sleep_until_us(deadline_us)


class ManualClock:
    """A clock that stands still until it is advanced; for tests and for stepping a stand-in."""

    def __init__(self, now_us: int = 0) -> None:
        self._now_us = now_us
        # Tasks that sleep until the same instant wake in the order in which they fell asleep.
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_us(self) -> int:
        return self._now_us

    async def sleep_until_us(self, deadline_us: int) -> None:
        if deadline_us <= self._now_us:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (deadline_us, next(self._order), woken))
        await woken

    def waited_for_us(self) -> list[int]:
        """Give the instants that tasks sleep until, in order."""
        return sorted(at_us for at_us, _, woken in self._sleepers if not woken.done())

    def advance_us(self, step_us: int) -> None:
        """Move on by `step_us` and wake, in order, every task whose instant has come.

        Raises:
            ValueError: the step is negative.
        """
        if step_us < 0:
            raise ValueError("time does not go back")
        self._now_us += step_us
        while self._sleepers and self._sleepers[0][0] <= self._now_us:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)


def wall_clock() -> datetime:
    """The date and time in UTC; read once a session, for its row."""
    return datetime.now(UTC)
