"""Dialogue with a list of choices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gramophone.core.errors import GramophoneError
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen


class ChoiceList(OptionList):
    """The choices."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CHOICE_LIST]

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)


class ChoiceScreen(GuardedModalScreen[int | None]):
    """Gives the index of the choice, or None. With `hear` a choice can be listened to first."""

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CHOICE]

    def __init__(
        self,
        title: str,
        choices: Sequence[str],
        present: int | None = None,
        hear: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._present = present
        self._hear = hear

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue -list"):
            yield Static(self._title, classes="title", markup=False)
            yield ChoiceList()
            yield Static("", classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        choices = self.query_one(ChoiceList)
        choices.set_options(
            Option(plain_line(words) + ("  (now)" if index == self._present else ""))
            for index, words in enumerate(self._choices)
        )
        choices.highlighted = self._present or 0
        # It is as tall as what it holds, and no taller than the screen.
        self.query_one(".detail").display = self._hear is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to listen where the choices are voices."""
        return action != "hear" or self._hear is not None

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    @work(exclusive=True, group="sample")
    async def action_hear(self) -> None:
        index = self.query_one(ChoiceList).highlighted
        if self._hear is None or index is None:
            return
        self._say("Speaking …")
        try:
            await self._hear(index)
        except GramophoneError as error:
            self._say(plain_line(str(error)))
        else:
            self._say("")

    def _say(self, words: str) -> None:
        self.query_one(".detail", Static).update(words)

    def action_leave(self) -> None:
        self.dismiss(None)
