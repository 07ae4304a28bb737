"""Time of day of a stand-in, by which its answers are dated: of the machine, or a manual clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from gramophone.core.clock import Clock, SystemClock, wall_clock
from gramophone.wire.llm.deterministic_ids import CREATED_S

WallTime: TypeAlias = Callable[[], datetime]
"""Gives the date and time in UTC."""

_MANUAL_BEGINNING: Final = datetime.fromtimestamp(CREATED_S, UTC)


def wall_time(clock: Clock) -> WallTime:
    """The time of day that goes with this clock.

    A manual clock begins with the first second of 2026, so that answers are the same in every run.
    """
    if isinstance(clock, SystemClock):
        return wall_clock
    return lambda: _MANUAL_BEGINNING + timedelta(microseconds=clock.now_us())
