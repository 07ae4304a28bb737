"""Every screen and dialog of the app, and how a test gets there and resizes its terminal."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeAlias

from textual.pilot import Pilot

from tests.support.scenes import KEPT, TIDY, replaying, speaking
from tests.support.screen_backend import FakeBackend, FakeLibrary
from tests.support.screen_preferences import FakePreferences
from tests.support.seeing import screen_text
from tests.support.timelines import talked
from tui.app import GramophoneApp
from tui.conversation.pane import Pane

Make: TypeAlias = Callable[[], FakeBackend]

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


def app_at(name: str) -> tuple[GramophoneApp, tuple[str, ...]]:
    """The app, and the keys that lead to the screen of this name."""
    make, keys = SCREENS[name]
    return GramophoneApp(make(), {}, preferences=FakePreferences()), keys


async def press(pilot: Pilot[Any], keys: tuple[str, ...]) -> None:
    """Press keys one by one; not waiting for workers, as a dialog's worker waits for its answer."""
    for key in keys:
        await pilot.press(key)
        await _tick(pilot)


async def _tick(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    for pane in pilot.app.screen.query(Pane):
        await pane.tick()
    await pilot.pause()


async def become(pilot: Pilot[Any], columns: int, rows: int) -> None:
    """Give the terminal this size, drawn whole: what is not seen is not wrapped."""
    await pilot.resize_terminal(columns, rows)
    screen_text(pilot)


async def storm(pilot: Pilot[Any], chance: random.Random, count: int) -> None:
    """Resize so often, faster than it is drawn, as while a window is dragged."""
    for _ in range(count):
        await pilot.resize_terminal(chance.randint(1, 120), chance.randint(1, 40))
        if chance.random() < 0.3:
            await _tick(pilot)
    await become(pilot, *ORDINARY)
