"""Asks for one line: a title, tags, a directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from tui.widgets.key_bar import KeyBar


class LineInput(Input):
    """One line with a word or two in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Done", id="line.done"),
    ]


class LineScreen(ModalScreen[str | None]):
    """Gives the line, or None when nothing is to be changed."""

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="line.leave"),
    ]

    def __init__(
        self,
        question: str,
        value: str = "",
        *,
        detail: str = "",
        suggester: Suggester | None = None,
        refused: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`refused` says why a line will not do, or nothing."""
        super().__init__()
        self._question = question
        self._value = value
        self._detail = detail
        self._suggester = suggester
        self._refused = refused

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._question, classes="title", markup=False)
            yield LineInput(
                self._value, compact=True, select_on_focus=False, suggester=self._suggester
            )
            yield Static(self._detail, classes="detail", markup=False)
        yield KeyBar()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        if trouble := self._refused(event.value):
            self.query_one(".detail", Static).update(trouble)
        else:
            self.dismiss(event.value)

    def action_leave(self) -> None:
        self.dismiss(None)
