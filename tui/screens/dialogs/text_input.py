"""Dialogue for a text, given only once it is accepted: a title, tags, a setting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.prompt.grapheme_area import GraphemeArea
from tui.prompt.grapheme_input import GraphemeInput
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen


class ValueInput(GraphemeInput):
    """One line."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LINE_INPUT]


class ValueArea(GraphemeArea):
    """Several lines; Enter keeps them, as it sends a prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LINES_INPUT]

    class Submitted(Message):
        """Enter was pressed."""

    def action_keep(self) -> None:
        self.post_message(self.Submitted())

    def action_newline(self) -> None:
        self.insert("\n")


async def _everything(_typed: str) -> str:
    return ""


class WriteScreen(GuardedModalScreen[str | None]):
    """Gives what was typed once `take` has taken it, or None when nothing is to be changed.

    `take` gives a sentence about why it will not do, or nothing; then it can be mended. A
    `secret` is not shown; a `long` text may have several lines.
    """

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.TEXT_DIALOG]

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        detail: str = "",
        take: Callable[[str], Awaitable[str]] = _everything,
        suggester: Suggester | None = None,
        secret: bool = False,
        long: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._value = value
        self._detail = detail
        self._take = take
        self._suggester = suggester
        self._secret = secret
        self._long = long

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._title, classes="title", markup=False)
            if self._long:
                yield ValueArea(self._value, compact=True)
            else:
                yield ValueInput(
                    self._value,
                    compact=True,
                    password=self._secret,
                    select_on_focus=False,
                    suggester=self._suggester,
                )
            yield Static(self._detail, classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        for area in self.query(ValueArea):
            area.move_cursor(area.document.end)

    @on(Input.Submitted)
    @on(ValueArea.Submitted)
    @work(exclusive=True, group="take")
    async def _submitted(self) -> None:
        typed = self.query_one(ValueArea).text if self._long else self.query_one(ValueInput).value
        if trouble := await self._take(typed):
            self.query_one(".detail", Static).update(plain_line(trouble))
        else:
            self.dismiss(typed)

    def action_leave(self) -> None:
        self.dismiss(None)
