"""Dialogue with a question before something is done for good."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui import bindings
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen


class ConfirmScreen(GuardedModalScreen[bool]):
    """Gives True only for a clear yes."""

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CONFIRM]

    def __init__(self, question: str, detail: str) -> None:
        super().__init__()
        self._question = question
        self._detail = detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._question, classes="title", markup=False)
            yield Static(self._detail, classes="detail", markup=False)
        yield KeyBar()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
