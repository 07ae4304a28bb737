"""Every screen and dialog at every terminal size: none is so small that the app ends.

More sizes and longer storms are in the campaign `resizes`.
"""

from __future__ import annotations

import random

import pytest

from tests.support.scenes import KEPT
from tests.support.screen_backend import FakeBackend, FakeLibrary
from tests.support.screens import ORDINARY, SCREENS, app_at, become, press, storm
from tui.app import GramophoneApp
from tui.screens.dialogs.progress import Progress, ProgressScreen

TINY = [(1, 1), (10, 1), (2, 24), (3, 2), (10, 3)]
STORM = 3

every_screen = pytest.mark.parametrize("name", SCREENS)


@every_screen
async def test_a_screen_survives_tiny_terminals_and_storms_of_resizes(name: str) -> None:
    """From 1×1 to 10×24, opened at an ordinary size."""
    app, keys = app_at(name)
    async with app.run_test(size=ORDINARY) as pilot:
        await press(pilot, keys)
        screen = app.screen
        for columns, rows in TINY:
            await become(pilot, columns, rows)
        await storm(pilot, random.Random(1), STORM)
        assert app.screen is screen


@every_screen
async def test_a_screen_opens_in_a_terminal_of_one_cell(name: str) -> None:
    app, keys = app_at(name)
    async with app.run_test(size=(1, 1)) as pilot:
        await press(pilot, keys)
        await become(pilot, 2, 1)
        await become(pilot, *ORDINARY)
        assert app.is_running


async def test_the_progress_of_work_survives_tiny_terminals() -> None:
    app = GramophoneApp(FakeBackend(library=FakeLibrary(KEPT)))
    async with app.run_test(size=ORDINARY) as pilot:
        progress = Progress("Exporting to ~/gramophone", 19, 7, "Why is the sky blue?")
        await app.push_screen(ProgressScreen(progress))
        for columns, rows in TINY:
            await become(pilot, columns, rows)
        assert isinstance(app.screen, ProgressScreen)
