"""Clocks: one that runs and one that is moved by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from gramophone.core.clock import ManualClock, SystemClock, wall_clock
from gramophone.core.tasks import cancel, spawn
from tests.support.deadlines import HANG_S


class TestSystemClock:
    def test_it_begins_at_zero_and_never_goes_back(self) -> None:
        clock = SystemClock()
        times_us = [clock.now_us() for _ in range(1000)]
        assert 0 <= times_us[0] < 1_000_000
        assert times_us == sorted(times_us)

    async def test_it_never_wakes_early(self) -> None:
        clock = SystemClock()
        for step_us in (0, 1, 137, 2_000):
            deadline_us = clock.now_us() + step_us
            await clock.sleep_until_us(deadline_us)
            assert clock.now_us() >= deadline_us

    async def test_an_instant_that_has_passed_is_not_waited_for(self) -> None:
        clock = SystemClock()
        async with asyncio.timeout(HANG_S):
            await clock.sleep_until_us(-(10**12))


class TestManualClock:
    async def test_it_stands_still_until_it_is_advanced(self) -> None:
        clock = ManualClock(100)
        assert clock.now_us() == 100
        clock.advance_us(50)
        assert clock.now_us() == 150

    async def test_sleepers_wake_in_the_order_of_their_instants(self) -> None:
        clock = ManualClock()
        woken: list[int] = []

        async def sleep(deadline_us: int) -> None:
            await clock.sleep_until_us(deadline_us)
            woken.append(deadline_us)

        async with asyncio.TaskGroup() as group:
            for deadline_us in (30, 10, 20, 10):
                group.create_task(sleep(deadline_us))
            await asyncio.sleep(0)
            clock.advance_us(9)
            await asyncio.sleep(0)
            assert woken == []
            clock.advance_us(11)
            for _ in range(3):
                await asyncio.sleep(0)
            assert woken == [10, 10, 20]
            clock.advance_us(10)

    async def test_an_instant_that_has_passed_is_not_waited_for(self) -> None:
        clock = ManualClock(100)
        async with asyncio.timeout(HANG_S):
            await clock.sleep_until_us(100)
            await clock.sleep_until_us(-5)

    async def test_a_sleeper_that_gave_up_is_no_trouble(self) -> None:
        clock = ManualClock()
        sleeper = spawn(clock.sleep_until_us(10), name="sleeper")
        await asyncio.sleep(0)
        await cancel(sleeper)
        clock.advance_us(10)
        assert sleeper.cancelled()

    def test_time_does_not_go_back(self) -> None:
        with pytest.raises(ValueError, match="does not go back"):
            ManualClock().advance_us(-1)


def test_the_wall_clock_is_in_utc() -> None:
    now = wall_clock()
    assert now.tzinfo is UTC
    assert now.utcoffset() == timedelta(0)
