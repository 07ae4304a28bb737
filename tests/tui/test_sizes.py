"""Every screen and dialog at every terminal size: none is so small that the app ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from tests.tui.backend import FakeBackend, FakeLibrary
from tests.tui.preferences import FakePreferences
from tests.tui.scenes import KEPT, TIDY, replaying, speaking
from tests.tui.seeing import seen
from tests.tui.timelines import talked
from tui.app import GramophoneApp
from tui.screens.progress import Progress, ProgressScreen
from tui.widgets.pane import Pane

Make: TypeAlias = Callable[[], FakeBackend]

TINY = [(columns, rows) for rows in (1, 2, 3, 24) for columns in (1, 2, 3, 5, 10)]
ORDINARY = (80, 24)


def _kept() -> FakeBackend:
    return FakeBackend(library=FakeLibrary(KEPT))


def _tidy() -> FakeBackend:
    return FakeBackend(library=FakeLibrary(TIDY))


def _replaying() -> FakeBackend:
    return replaying()[0]


SCREENS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "conversation": (FakeBackend, ()),
    "speaking": (speaking, ()),
    "typed": (speaking, (*"Two words", "ctrl+j", *"more")),
    "commands": (speaking, ("slash", "down")),
    "panes": (speaking, ("f3", "f3", "f3", "f6")),
    "transcript": (speaking, ("shift+tab", "j")),
    "help": (FakeBackend, ("f1",)),
    "palette": (FakeBackend, ("ctrl+p",)),
    "conversation-latency": (speaking, ("ctrl+l",)),
    "history": (_kept, ("f2", "down")),
    "history-empty": (FakeBackend, ("f2",)),
    "history-search": (_tidy, ("f2", "m", "slash", *"question")),
    "history-refused": (_tidy, ("f2", "slash", *"has:nothing ")),
    "rename": (_tidy, ("f2", "n")),
    "tags": (_tidy, ("f2", "down", "t")),
    "delete-several": (_tidy, ("f2", "m", "m", "d")),
    "export": (_kept, ("f2", "e")),
    "session": (_kept, ("f2", "enter")),
    "replay": (_replaying, ("f2", "r")),
    "latency": (talked, ("f2", "enter", "w", "down")),
    "latency-compared": (
        talked,
        ("f2", "enter", "w", "left_square_bracket", "c", "right_square_bracket", "z"),
    ),
    "timeline": (talked, ("f2", "enter", "v", "end", "up")),
    "timeline-filter": (talked, ("f2", "enter", "v", "slash", *"kind:chunk")),
    "event": (talked, ("f2", "enter", "v", "end", "enter")),
    "settings": (FakeBackend, ("f10", "down")),
    "settings-choice": (FakeBackend, ("f10", "right", "enter")),
    "settings-line": (FakeBackend, ("f10", "down", "down", "enter")),
    "settings-keys": (FakeBackend, ("f10", "left", "down")),
    "settings-press-key": (FakeBackend, ("f10", "left", "down", "enter", "f1")),
}

every_screen = pytest.mark.parametrize("name", SCREENS)


def _app(name: str) -> tuple[GramophoneApp, tuple[str, ...]]:
    make, keys = SCREENS[name]
    return GramophoneApp(make(), {}, preferences=FakePreferences()), keys


async def _press(pilot: Pilot[Any], keys: tuple[str, ...]) -> None:
    """A dialog's worker waits for its answer, so nothing here waits for workers."""
    for key in keys:
        await pilot.press(key)
        await _tick(pilot)


async def _tick(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    for pane in pilot.app.screen.query(Pane):
        await pane.tick()
    await pilot.pause()


async def _become(pilot: Pilot[Any], columns: int, rows: int) -> None:
    """Drawn whole: what is not seen is not wrapped."""
    await pilot.resize_terminal(columns, rows)
    seen(pilot)


@every_screen
async def test_a_screen_survives_tiny_terminals(name: str) -> None:
    """From 1×1 to 10×24, opened at an ordinary size."""
    app, keys = _app(name)
    async with app.run_test(size=ORDINARY) as pilot:
        await _press(pilot, keys)
        screen = app.screen
        for columns, rows in TINY:
            await _become(pilot, columns, rows)
        await _become(pilot, *ORDINARY)
        assert app.screen is screen


@every_screen
async def test_a_screen_opens_in_a_terminal_of_one_cell(name: str) -> None:
    app, keys = _app(name)
    async with app.run_test(size=(1, 1)) as pilot:
        await _press(pilot, keys)
        await _become(pilot, 2, 1)
        await _become(pilot, *ORDINARY)
        assert app.is_running


@every_screen
@pytest.mark.parametrize("seed", [1])
async def test_a_screen_survives_a_storm_of_resizes(name: str, seed: int) -> None:
    """Sizes follow each other faster than they are drawn, as while a window is dragged."""
    chance = random.Random(seed)
    app, keys = _app(name)
    async with app.run_test(size=ORDINARY) as pilot:
        await _press(pilot, keys)
        for _ in range(15):
            await pilot.resize_terminal(chance.randint(1, 120), chance.randint(1, 40))
            if chance.random() < 0.3:
                await _tick(pilot)
        await _become(pilot, *ORDINARY)
        assert app.is_running


async def test_the_progress_of_work_survives_tiny_terminals() -> None:
    app = GramophoneApp(_kept())
    async with app.run_test(size=ORDINARY) as pilot:
        progress = Progress("Exporting to ~/gramophone", 19, 7, "Why is the sky blue?")
        await app.push_screen(ProgressScreen(progress))
        for columns, rows in TINY:
            await _become(pilot, columns, rows)
        assert isinstance(app.screen, ProgressScreen)
