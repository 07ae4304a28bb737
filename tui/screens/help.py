"""Help: all keys by group, those of the present screen first, and the slash commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui import bindings
from tui.conversation.slash.conversation_commands import CONVERSATION_COMMANDS
from tui.keys import KeyGroup, key_groups
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen
from tui.theme.colour_names import ACCENT, MUTED

_KEY_CELLS = 30
_WIDE = 72


class HelpScreen(GuardedModalScreen[None]):
    """A page to read; any of its keys closes it."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.HELP]

    def __init__(
        self,
        here: Sequence[KeyGroup] | None = None,
        elsewhere: Sequence[KeyGroup] = (),
        *,
        stored: bool = True,
    ) -> None:
        super().__init__()
        self._stored = stored
        self._here = key_groups() if here is None else here
        self._elsewhere = elsewhere

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._text(self.app.size.width), markup=False)
        yield KeyBar()

    def on_resize(self, event: events.Resize) -> None:
        self.query_one(Static).update(self._text(event.size.width))

    def _text(self, width: int) -> Content:
        return help_text(width, self._here, self._elsewhere, stored=self._stored)

    def action_leave(self) -> None:
        self.dismiss()


def help_text(
    width: int = 80,
    here: Sequence[KeyGroup] | None = None,
    elsewhere: Sequence[KeyGroup] = (),
    *,
    stored: bool = True,
) -> Content:
    """Text of the page in `width` cells: keys in a column before their words where it is wide."""
    what_stays = "Everything is kept." if stored else "Nothing of it is kept this time."
    lines = [
        Content.styled(f"Type, press Enter, listen. {what_stays}", "bold"),
        Content.styled("Every key can be changed, and is in the palette (Ctrl+P) too.", MUTED),
    ]
    for group in key_groups() if here is None else here:
        lines += _group_lines(group, width)
    lines += [Content(""), Content.styled("Commands typed into the prompt", f"bold {ACCENT}")]
    for command in CONVERSATION_COMMANDS:
        lines.append(_line(command.usage, command.words, width))
    if elsewhere:
        lines += [Content(""), Content.styled("On other screens:", MUTED)]
    for group in elsewhere:
        lines += _group_lines(group, width)
    return Content("\n").join(lines)


def _group_lines(group: KeyGroup, width: int) -> list[Content]:
    lines = [Content(""), Content.styled(group.title, f"bold {ACCENT}")]
    lines += [_line(", ".join(key.keys), key.words, width) for key in group.keys]
    return lines


def _line(left: str, words: str, width: int) -> Content:
    if width < _WIDE:
        return Content(f"{left}  ") + Content.styled(words, MUTED)
    return Content(left.ljust(_KEY_CELLS) + " ") + Content.styled(words, MUTED)
