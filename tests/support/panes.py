"""The app with several panes, and what their conversations were asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.support.screen_backend import FakeBackend
from tests.support.seeing import press
from tui.app import GramophoneApp
from tui.screens.conversation import ConversationScreen

SIZE = (100, 30)


@asynccontextmanager
async def panes(
    count: int, *keys: str, size: tuple[int, int] = SIZE
) -> AsyncGenerator[tuple[Pilot[Any], FakeBackend]]:
    """The app with so many panes; the last opened is spoken to."""
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test(size=size, notifications=True) as pilot:
        await press(pilot, *["f3"] * (count - 1), *keys)
        yield pilot, backend


def screen_of(pilot: Pilot[Any]) -> ConversationScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ConversationScreen)
    return screen


def posted(backend: FakeBackend) -> list[Sequence[object]]:
    """What each talk was asked, in the order they were opened."""
    return [backend.posted, *(talk.posted for talk in backend.talks[1:])]


def chosen(pilot: Pilot[Any]) -> int:
    return screen_of(pilot).grid.number
