"""The application: screens over a backend. It draws and posts intents, nothing else.

Heavy machinery (Markdown, its parser) is imported after the first frame.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType

from gramophone.ports import Backend
from tui.keys import key_words
from tui.messages import CopyWanted
from tui.motion import motion
from tui.screens.conversation import ConversationScreen
from tui.terminal_keys import teach_alt_enter

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.screen import Screen

QUIT_WITHIN_S = 2.0


def _commands() -> type[Provider]:
    from tui.commands import BindingCommands

    return BindingCommands


class GramophoneApp(App[None]):
    """The full-screen client of one backend."""

    TITLE = "Gramophone"
    # The first screen's stylesheet stands here because a default screen's own is not read.
    CSS_PATH = "screens/conversation.tcss"
    COMMAND_PALETTE_DISPLAY = "Ctrl+P"
    COMMANDS = App.COMMANDS | {_commands}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal")]  # noqa: RUF012 (as declared)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012 (as declared)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit"),
        Binding("ctrl+p", "command_palette", "Commands", id="app.commands", show=False),
        Binding(
            "ctrl+c",
            "copy_or_quit",
            "Copy the selection; twice: quit",
            id="app.copy-or-quit",
            show=False,
            priority=True,
        ),
    ]

    def __init__(self, backend: Backend, environment: Mapping[str, str] = os.environ) -> None:
        teach_alt_enter()
        super().__init__()
        self.motion = motion(environment)
        # Nothing slides: over a slow link an animated scroll is only late.
        self.animation_level = "none"
        self._backend = backend
        self._quit_armed = False

    def get_default_screen(self) -> Screen[None]:
        return ConversationScreen(self._backend)

    def on_ready(self) -> None:
        self.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        self._backend.start()
        self.run_worker(_warm_up, thread=True, name="warm-up", exit_on_error=False)

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or key_words(binding.key)

    @on(CopyWanted)
    def _copy(self, event: CopyWanted) -> None:
        self.copy_to_clipboard(event.text)
        self.notify(f"Copied: {event.what}.", timeout=2)

    # --- actions ------------------------------------------------------------------------------

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_copy_or_quit(self) -> None:
        """Copy what is selected; with nothing selected, a second press quits."""
        selected = getattr(self.focused, "selected_text", "") or self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.notify("Copied.", timeout=2)
        elif self._quit_armed:
            self.exit()
        else:
            self._quit_armed = True
            self.set_timer(QUIT_WITHIN_S, self._disarm_quit)
            self.notify("Press Ctrl+C again to quit.", timeout=QUIT_WITHIN_S)

    def _disarm_quit(self) -> None:
        self._quit_armed = False


def _warm_up() -> None:
    """Have the first answer's machinery at hand before it is wanted."""
    importlib.import_module("tui.widgets.answer")
