"""Screen with all of one event as JSON."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from gramophone.core.timeline import Event
from tui import bindings
from tui.messages import CopyWanted
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen
from tui.timeline.event_rows import event_json


class EventScreen(GuardedModalScreen[None]):
    """A page to read, and to copy."""

    CSS_PATH = "event.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.EVENT]

    def __init__(self, event: Event) -> None:
        super().__init__()
        self._text = event_json(event)
        self._kind = type(event).__name__

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._kind, classes="title", markup=False)
            yield Static(self._text, markup=False)
        yield KeyBar()

    def action_copy(self) -> None:
        self.post_message(CopyWanted(self._text, "the event"))

    def action_leave(self) -> None:
        self.dismiss()
