"""A value to be typed, kept only when it is accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from gramophone.errors import GramophoneError
from gramophone.plain import plain_line
from tui.settings_rows import NotAValue
from tui.widgets.key_bar import KeyBar


class ValueInput(Input):
    """One line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", id="write.keep"),
    ]


class ValueArea(TextArea):
    """Several lines; Enter keeps them, as it sends a prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Keep", id="write.keep-lines", priority=True),
        Binding("alt+enter,ctrl+j", "newline", "New line", id="write.newline", priority=True),
    ]

    class Submitted(Message):
        """Enter was pressed."""

    def action_keep(self) -> None:
        self.post_message(self.Submitted())

    def action_newline(self) -> None:
        self.insert("\n")


class WriteScreen(ModalScreen[bool]):
    """Gives True once `keep` has taken what was typed; what it refuses can be mended.

    A `secret` is not shown, nor is the one there was; a `long` text may have several lines.
    """

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="write.leave"),
    ]

    def __init__(
        self,
        title: str,
        words: str,
        value: str,
        keep: Callable[[str], Awaitable[None]],
        *,
        secret: bool = False,
        long: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._value = value
        self._keep = keep
        self._secret = secret
        self._long = long

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._title, classes="title", markup=False)
            if self._long:
                yield ValueArea(self._value, compact=True)
            else:
                yield ValueInput(
                    self._value, compact=True, password=self._secret, select_on_focus=False
                )
            yield Static(self._words, classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        for area in self.query(ValueArea):
            area.move_cursor(area.document.end)

    @on(Input.Submitted)
    @on(ValueArea.Submitted)
    @work(exclusive=True, group="keep")
    async def _submitted(self) -> None:
        typed = self.query_one(ValueArea).text if self._long else self.query_one(ValueInput).value
        try:
            await self._keep(typed)
        except (GramophoneError, NotAValue) as error:
            self.query_one(".detail", Static).update(plain_line(str(error)))
        else:
            self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)
