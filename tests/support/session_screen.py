"""The screen of a kept session, opened over a scripted replay."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from gramophone.ports.backend import AudibleSpan, ReplayState, TurnMark
from tests.support.screen_backend import FakeBackend, FakeLibrary, FakeReplay, kept_session
from tests.support.seeing import drawn
from tui.app import GramophoneApp


def exchanges(count: int) -> ReplayState:
    """As many exchanges as that, ten seconds each, paused at the beginning."""
    marks: list[TurnMark] = []
    for number in range(count):
        start_us = 10_000_000 * number
        marks.append(TurnMark(2 * number, "user", start_us, start_us))
        marks.append(TurnMark(2 * number + 1, "assistant", start_us, start_us + 9_000_000))
    passages = [AudibleSpan(m.turn, m.start_us + 500_000, m.end_us, 0) for m in marks if m.turn % 2]
    return ReplayState(
        ready=True,
        duration_us=10_000_000 * count,
        marks=tuple(marks),
        passages=tuple(passages),
    )


def backend_of(count: int = 1, state: ReplayState | None = None) -> FakeBackend:
    backend = FakeBackend(library=FakeLibrary(kept_session(number) for number in range(count)))
    backend.replay_feed = FakeReplay(state=state or exchanges(3))
    return backend


@asynccontextmanager
async def opened(
    backend: FakeBackend, *keys: str, size: tuple[int, int] = (80, 24)
) -> AsyncGenerator[Pilot[Any]]:
    """The session's screen, after these keys."""
    async with GramophoneApp(backend).run_test(notifications=True, size=size) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        for key in keys:
            await pilot.press(key)
            await drawn(pilot)
        yield pilot
