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
from tui.screens.history import HistoryScreen


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
        for next_key in ("f2", *(("enter",) if key in "wv" else ())):
            await pilot.press(next_key)
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


async def test_a_screen_is_left_once() -> None:
    """Two quick presses of Escape reach the screen that had the focus at the first."""
    library = FakeLibrary(kept_session(number) for number in range(3))
    async with GramophoneApp(FakeBackend(library=library)).run_test() as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        history = pilot.app.screen
        assert isinstance(history, HistoryScreen)
        for _ in range(3):
            history.dismiss(None)
        await drawn(pilot)
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_a_screen_below_a_dialogue_does_not_close_it() -> None:
    library = FakeLibrary(kept_session(number) for number in range(3))
    async with GramophoneApp(FakeBackend(library=library)).run_test() as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        history = pilot.app.screen
        await pilot.press("t")
        while not isinstance(pilot.app.screen, WriteScreen):
            await pilot.pause()
        assert isinstance(history, HistoryScreen)
        history.dismiss(None)
        assert isinstance(pilot.app.screen, WriteScreen)


async def test_a_dialogue_that_waits_while_all_screens_are_left() -> None:
    """Enter in a dialogue asks the library; a key for "go on from there" leaves all screens."""
    has_asked, answered = asyncio.Event(), asyncio.Event()

    async def take(_typed: str) -> str:
        has_asked.set()
        await answered.wait()
        return ""

    library = FakeLibrary(kept_session(number) for number in range(3))
    async with GramophoneApp(FakeBackend(library=library)).run_test() as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.app.push_screen(WriteScreen("A name", take=take))
        await pilot.press("x", "enter")
        await has_asked.wait()
        while not isinstance(pilot.app.screen, ConversationScreen):
            pilot.app.pop_screen()
        # Before Textual takes the widgets of the dialogue away, and its worker with them.
        answered.set()
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConversationScreen)
