"""Dialogue that waits for the key that a binding is to have."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui import bindings
from tui.keys import key_words
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen


class KeyCatcher(Static, can_focus=True):
    """Has the focus, and takes every key but the ones that end it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PRESS_KEY]


class PressKeyScreen(GuardedModalScreen[str | None]):
    """Gives the name of a key, or None. `clash` says what else has it, if something does.

    The first key is taken whatever it is, but for Escape; after it Enter keeps it, and another
    takes its place.
    """

    CSS_PATH = "dialogue.tcss"

    def __init__(self, action: str, present: str, clash: Callable[[str], str]) -> None:
        super().__init__()
        self._action = action
        self._present = present
        self._clash = clash
        self._key = ""
        self._refused = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(f"Another key for “{self._action}”", classes="title", markup=False)
            yield KeyCatcher("Press it now.", markup=False)
            yield Static(f"Now: {self._present}", classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(KeyCatcher).focus()

    def on_key(self, event: events.Key) -> None:
        """Take a key before the catcher's bindings, which come when it has bubbled up."""
        if event.key == "escape" or (event.key == "enter" and self._key and not self._refused):
            return
        event.stop()
        event.prevent_default()
        self._key = event.key
        clash = self._clash(event.key)
        self._refused = bool(clash)
        words = f"{key_words(event.key)}    Enter keeps it."
        self.query_one(KeyCatcher).update(key_words(event.key) if clash else words)
        self.query_one(".detail", Static).update(clash or f"Now: {self._present}")

    def action_keep(self) -> None:
        if self._key and not self._refused:
            self.dismiss(self._key)

    def action_leave(self) -> None:
        self.dismiss(None)
