"""Screens that are left while they wait for the library."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from gramophone.core.errors import StorageError
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn
from tui.app import GramophoneApp
from tui.screens.conversation import ConversationScreen
from tui.screens.dialogs.text_input import WriteScreen


async def leave(pilot: Pilot[Any], library: FakeLibrary) -> None:
    """Pop the screen; what it waits for is there as soon as its widgets are gone."""
    screen: Screen[Any] = pilot.app.screen
    pilot.app.pop_screen()
    while screen.query(Static):  # noqa: ASYNC110 (nothing tells of it)
        await asyncio.sleep(0)
    library.answers_held.set()
    await pilot.pause(0.05)


@pytest.mark.parametrize("keys", [["j"], ["p"], ["t", "x", "enter"]], ids=str)
async def test_the_history(keys: list[str]) -> None:
    """Its workers outlive the widgets of a screen by a moment, and an answer may come in it."""
    library = FakeLibrary(kept_session(number) for number in range(60))
    async with GramophoneApp(FakeBackend(library=library)).run_test(size=(120, 30)) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        library.answers_held.clear()
        await pilot.press(keys[0])
        if keys[1:]:
            while not isinstance(pilot.app.screen, WriteScreen):
                await pilot.pause()
            await pilot.press(*keys[1:])
        await pilot.pause(0.1)
        await leave(pilot, library)
        assert isinstance(pilot.app.screen, ConversationScreen)


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("key", ["enter", "r", "w", "v"])
async def test_what_is_opened_from_it(key: str, failing: bool) -> None:
    """One that fails when it was left must not take another screen with it."""
    library = FakeLibrary([kept_session(1)])
    async with GramophoneApp(FakeBackend(library=library)).run_test(size=(120, 30)) as pilot:
        for each in ("f2", *(("enter",) if key in "wv" else ())):
            await pilot.press(each)
            await drawn(pilot)
        below = pilot.app.screen
        library.answers_held.clear()
        await pilot.press(key)
        await pilot.pause()
        assert pilot.app.screen is not below
        if failing:
            library.failure = StorageError("The library is damaged; run gramophone verify.")
        await leave(pilot, library)
        assert pilot.app.screen is below
