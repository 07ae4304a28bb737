"""The history of a library, as keys lead through it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn
from tui.app import GramophoneApp
from tui.screens.dialogs.text_input import WriteScreen
from tui.screens.export import ExportScreen
from tui.sessions.session_list import SessionList


def library_of(count: int) -> FakeLibrary:
    return FakeLibrary(kept_session(number) for number in range(count))


@asynccontextmanager
async def history(
    library: FakeLibrary,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    backend: FakeBackend | None = None,
) -> AsyncGenerator[Pilot[Any]]:
    """The history of a library, after some keys."""
    app = GramophoneApp(backend or FakeBackend(library=library))
    async with app.run_test(size=size, notifications=True) as pilot:
        for key in ("f2", *keys):
            await pilot.press(key)
            await drawn(pilot)
        yield pilot


async def ask(pilot: Pilot[Any], key: str) -> Input:
    """Press a key that asks for a line; its worker waits for the answer."""
    await pilot.press(key)
    while not isinstance(pilot.app.screen, WriteScreen | ExportScreen):
        await pilot.pause()
    return pilot.app.screen.query_one(Input)


async def answer(pilot: Pilot[Any], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await drawn(pilot)


def listed(pilot: Pilot[Any]) -> SessionList:
    return pilot.app.screen.query_one(SessionList)


def titles(pilot: Pilot[Any]) -> list[str]:
    return [row.title for row in listed(pilot).rows]


def under_cursor(pilot: Pilot[Any]) -> str:
    chosen = listed(pilot).chosen
    return chosen.title if chosen else ""
