"""Line above the prompt: where the prompt goes, and the keys that change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.support.formatting import counted
from tui.theme.colour_names import ACCENT, MUTED

Keys: TypeAlias = Sequence[tuple[str, str]]
"""Ids of bindings, each with what it does in a word or two."""

_TO_ONE: Final[Keys] = (
    ("conversation.all", "to all"),
    ("conversation.next-pane", "next"),
    ("conversation.new-pane", "new"),
    ("conversation.close-pane", "close"),
    ("conversation.turn-panes", "turn"),
    ("conversation.pin-sound", "pin the sound"),
    ("conversation.mute", "mute"),
    ("app.commands", "commands"),
)
_TO_ALL: Final[Keys] = (("conversation.all", "to one"), *_TO_ONE[1:])
_EDITING: Final[Keys] = (("prompt.send", "asks it again"), ("conversation.stop", "leaves it"))


class TargetBar(Widget):
    """Gone while there is nothing to say. Its keys can be clicked."""

    DEFAULT_CSS = """
    TargetBar {
        height: 1;
        padding: 0 2;
        display: none;
        link-style: not underline;
        link-color: $foreground 60%;
        link-background: transparent;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self._keys: Keys = ()
        self._lifted = False

    def show_editing(self) -> None:
        """Say that the prompt replaces an earlier one."""
        self._show("editing an earlier prompt", _EDITING, lifted=True)

    def show_panes(self, number: int, count: int, *, to_all: bool) -> None:
        """Say which of `count` panes the prompt goes to: the one of this number, or all."""
        if to_all:
            self._show(f"to all {counted(count, 'pane')}", _TO_ALL, lifted=True)
        elif count > 1:
            self._show(f"to pane {number} of {count}", _TO_ONE, lifted=False)
        else:
            self._show("", (), lifted=False)

    def _show(self, words: str, keys: Keys, *, lifted: bool) -> None:
        """Keys that do not fit are left out from the end. `lifted` must not be overlooked."""
        self._words, self._keys, self._lifted = words, keys, lifted
        self.display = bool(words)
        self.set_class(lifted, "-lifted")
        self.refresh()

    def render(self) -> Content:
        line = Content.styled(self._words, f"bold {ACCENT}" if self._lifted else MUTED)
        active = self.screen.active_bindings.values()
        by_id = {row.binding.id: row.binding for row in active}
        for binding_id, words in self._keys:
            binding = by_id.get(binding_id)
            if binding is None:
                continue
            key = self.app.get_key_display(binding)
            item = Content.assemble((key, "bold"), f" {words}").stylize_before(
                Style.from_meta({"@click": f"app.simulate_key({binding.key!r})"})
            )
            longer = line + Content.styled(" · ", MUTED) + item
            if longer.cell_length > self.content_size.width:
                break
            line = longer
        return line.truncate(self.content_size.width, ellipsis=True)
