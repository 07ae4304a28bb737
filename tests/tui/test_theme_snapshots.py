"""Screens on paper white and in the terminal's own colours; the other pictures are dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.scenes import (
    KEPT,
    Compare,
    Steps,
    every_size,
    mid_sound,
    pressing,
    replaying,
    speaking,
)
from tests.support.screen_backend import FakeBackend, FakeLibrary
from tests.support.screen_preferences import FakePreferences
from tests.support.timelines import talked
from tui.app import GramophoneApp

every_theme = pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])


def talking() -> tuple[FakeBackend, Steps]:
    """An answer that is being spoken: the meter's soft part, the word that sounds."""
    backend = speaking()
    return backend, mid_sound(backend.conversation)


def keeping(*keys: str) -> Callable[[], tuple[FakeBackend, Steps]]:
    """A library with sessions, and what is pressed in it."""
    return lambda: (FakeBackend(library=FakeLibrary(KEPT)), pressing(*keys))


SCENES: dict[str, Callable[[], tuple[FakeBackend, Steps]]] = {
    "empty": lambda: (FakeBackend(), pressing()),
    "speaking": talking,
    "history": keeping("f2", "down"),
    "search": keeping("f2", "slash", *"question"),
    "session": keeping("f2", "enter"),
    "replay": replaying,
    "latency": lambda: (talked(), pressing("f2", "enter", "w", "down")),
    "timeline": lambda: (talked(), pressing("f2", "enter", "v", "end", "up")),
    "settings": lambda: (FakeBackend(), pressing("f10", "down")),
    "commands": lambda: (FakeBackend(), pressing("slash")),
    "help": lambda: (FakeBackend(), pressing("f1")),
}


@every_theme
@every_size
@pytest.mark.parametrize("scene", SCENES)
def test_theme(snap_compare: Compare, scene: str, size: tuple[int, int], theme: str) -> None:
    """What is quiet, chosen, heard or wrong can be told apart without our own colours."""
    backend, steps = SCENES[scene]()
    app = GramophoneApp(backend, {}, preferences=FakePreferences())
    app.theme = theme
    assert snap_compare(app, terminal_size=size, run_before=steps)
