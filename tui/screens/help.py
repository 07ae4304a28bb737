"""Help: every key there is, place by place."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.colours import ACCENT, MUTED
from tui.keys import key_groups
from tui.widgets.key_bar import KeyBar

_KEY_CELLS = 28


class HelpScreen(ModalScreen[None]):
    """A page to read; any of its keys closes it."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close", id="help.leave"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(help_text(), markup=False)
        yield KeyBar()

    def action_leave(self) -> None:
        self.dismiss()


def help_text() -> Content:
    """The page."""
    lines = [
        Content.styled("Type, press Enter, listen. Everything is kept.", "bold"),
        Content.styled("Every key can be changed, and is in the palette (Ctrl+P) too.", MUTED),
    ]
    for group in key_groups():
        lines += [Content(""), Content.styled(group.title, f"bold {ACCENT}")]
        for key in group.keys:
            names = Content(", ".join(key.keys).ljust(_KEY_CELLS))
            lines.append(names + Content(" ") + Content.styled(key.words, MUTED))
    return Content("\n").join(lines)
