"""The application: screens over a backend. It draws and posts intents, nothing else.

Heavy machinery (Markdown, its parser) is imported after the first frame.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType

from gramophone.core.clock import wall_clock
from gramophone.core.errors import GramophoneError
from gramophone.ports.backend import Backend, ScreenSettings
from gramophone.ports.preferences import Preferences
from gramophone.text.sanitize import plain, plain_line
from tui import bindings
from tui.conversation.pane import Pane
from tui.keys import here_and_elsewhere, key_groups, key_words
from tui.messages import AlertRaised, ContinueWanted, CopyWanted, LongAnswerEnded
from tui.prompt.prompt import Prompt
from tui.screens.conversation import ConversationScreen
from tui.settings.keymap import WrongKeys, checked
from tui.support.finish_notice import notice_sequence
from tui.support.garbage import collector
from tui.support.terminal_keys import teach_alt_enter
from tui.support.toasts import toast_s
from tui.theme import cell_widths
from tui.theme.ascii_fallback import write_lookalikes
from tui.theme.motion import motion
from tui.theme.palette import colourless, inks

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.screen import Screen
    from textual.widget import Widget

    from tui.conversation.pane_grid import StoredTalk
    from tui.screens.command_palette import Chosen

QUIT_WITHIN_S = 2.0
REPEAT_AFTER_S = 12.0
TERMINAL_LOOK_S = 1.0
MOST_RECENT = 5
"""Actions that the palette lists first, because they were chosen in it last."""
DEFAULT_THEME = "textual-dark"
_DEFAULTS = ScreenSettings()


# Threads. The main thread runs the loop that draws and handles keys. Only it touches widgets, and
# whatever holds it up is felt as keys that hang. The engine has a loop in a thread of its own:
# intents go over to it, and its events wait in a feed until a pane takes them on its tick, so that
# neither waits for the other. What blocks for short (a directory, a file, a fold over a long
# session) runs in a thread that a worker awaits (`asyncio.to_thread`), and returns a value.
#
# Workers. A method marked `@work` is a task of the screen or widget that started it, and is
# cancelled with it. A group is exclusive where a newer run makes an older one pointless: a search,
# a preview, a page of settings. Changes of the library are not, since a second key would cancel the
# first one half-way. An answer may come when the screen is gone: `is_gone` is asked after an await.


class GramophoneApp(App[None]):
    """The full-screen client of one backend."""

    TITLE = "Gramophone"
    # The first screen's stylesheet stands here because a default screen's own is not read.
    CSS_PATH = "screens/conversation.tcss"
    ENABLE_COMMAND_PALETTE = False  # Textual's; ours is `screens/command_palette.py`.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal")]  # noqa: RUF012 (as declared)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012 (as declared)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.EVERYWHERE]

    def __init__(
        self,
        backend: Backend,
        environment: Mapping[str, str] = os.environ,
        *,
        screen: ScreenSettings = _DEFAULTS,
        now: Callable[[], datetime] | None = None,
        keep_theme: Callable[[str], None] | None = None,
        preferences: Preferences | None = None,
        resume: StoredTalk | None = None,
        trouble: str = "",
    ) -> None:
        teach_alt_enter()
        cell_widths.mend()
        write_lookalikes(sys.__stderr__)  # What Textual draws on.
        self._environment = environment
        super().__init__()
        self._choose_motion(screen)
        self._notify_kind = screen.notify
        # Nothing slides: over a slow link an animated scroll is only late.
        self.animation_level = "none"
        self._backend = backend
        self._resume = resume
        self.now = now or wall_clock
        self._keep_theme = keep_theme
        self._preferences = preferences
        self._adopted_theme = ""
        self._quit_armed = False
        self._recent_alerts: set[str] = set()
        self._recent_actions: list[str] = []
        self._troubles = [trouble] if trouble else []
        if not environment.get("TEXTUAL_THEME"):
            self._choose_theme(screen.theme)
        self._choose_keys(screen.keys)

    def _choose_motion(self, screen: ScreenSettings) -> None:
        self.motion = motion(
            self._environment, reduced=screen.reduced_motion, meter_frames_hz=screen.meter_frames_hz
        )

    def adopt(self, screen: ScreenSettings) -> None:
        """Apply changed settings of the screen; `adopt_key` applies keys."""
        self._choose_motion(screen)
        theme = screen.theme or DEFAULT_THEME
        if theme in self.available_themes and not self._environment.get("TEXTUAL_THEME"):
            # It stands in the file already.
            self._adopted_theme = theme
            self.theme = theme

    def adopt_key(self, binding_id: str, keys: str) -> None:
        """Give a binding other keys, separated by commas, or its own again where empty."""
        others = {name: value for name, value in self._keymap.items() if name != binding_id}
        self.set_keymap(others | ({binding_id: keys} if keys else {}))

    def _choose_theme(self, name: str) -> None:
        if name in self.available_themes:
            self.theme = name
        elif name:
            self._troubles.append(
                f"There is no theme {name!r}: the usual one is used. "
                "Ctrl+P, then Another theme, shows which there are."
            )

    def _theme_chosen(self, name: str) -> None:
        adopted, self._adopted_theme = self._adopted_theme, ""
        if self._keep_theme is None or name == adopted:
            return
        try:
            self._keep_theme(name)
        except GramophoneError as error:
            words = plain_line(f"The theme is not kept: {error}")
            self.notify(words, severity="warning", markup=False)

    def _choose_keys(self, keys: Mapping[str, str]) -> None:
        if not keys:
            return
        try:
            self.set_keymap(checked(keys))
        except WrongKeys as error:
            self._troubles.append(f"{error} The usual keys are used.")

    def get_css_variables(self) -> dict[str, str]:
        """Variables of the theme, and the colours of our own text."""
        variables = super().get_css_variables()
        return variables | inks(
            variables,
            ansi=self.current_theme.ansi,
            colourless=colourless(self._environment),
        )

    def get_default_screen(self) -> Screen[None]:
        return ConversationScreen(self._backend, self._resume)

    def on_ready(self) -> None:
        self.call_after_refresh(self._after_first_frame)

    def watch_app_focus(self, focused: bool) -> None:
        """Give the focus to a widget of a screen that was opened without the terminal's focus.

        The first screen in a web page is such a one; its keys would go nowhere.
        """
        if focused and self.screen.focused is None:
            # Textual sets the focus of a new screen only while the terminal has it.
            self.screen.focus_next(self.screen.AUTO_FOCUS or "*")

    def _after_first_frame(self) -> None:
        self._backend.start()
        if isinstance(self.screen, ConversationScreen):
            self.screen.load_start()
        # From here on it is the user who changes it.
        self.watch(self, "theme", self._theme_chosen, init=False)
        for trouble in self._troubles:
            self.notify(plain_line(trouble), title="Settings", severity="warning", markup=False)
        self.run_worker(self._warm_up, thread=True, name="warm-up", exit_on_error=False)
        if not (self.is_headless or self.is_web):
            self.set_interval(TERMINAL_LOOK_S, self._end_without_terminal)

    def _end_without_terminal(self) -> None:
        """Leave when the terminal is gone.

        The kernel tells only the leader of a session that its terminal hung up. A shell passes that
        on; `make`, or another program that leads, does not.
        """
        if sys.__stdin__ is None or not sys.__stdin__.isatty():
            self.exit()

    def _warm_up(self) -> None:
        """Load what the first answer needs before it comes."""
        importlib.import_module("tui.markdown.warm_up").warm_up()
        if not self.is_headless:
            # What is loaded stays: looking through it for garbage again and again holds up keys.
            gc.collect()
            gc.freeze()
            collector.begin()
        gc.enable()

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or key_words(binding.key)

    @on(AlertRaised)
    def _alert_raised(self, event: AlertRaised) -> None:
        """Notify of a failure, once at a time, unless the user sees it in the conversation."""
        # The conversation's screen has had this message before, because messages go from the pane
        # up through its parents; they do even while another screen lies above it. So an alert is
        # seen wherever the user is. One that the conversation itself shows at the end that is in
        # view would say it twice. A provider that is down fails every turn with the same sentence,
        # which comes once in `REPEAT_AFTER_S`.
        alert = event.alert
        in_view = alert.shown and _in_view(event.pane, self.screen)
        if in_view or alert.sentence in self._recent_alerts:
            return
        self._recent_alerts.add(alert.sentence)
        self.set_timer(REPEAT_AFTER_S, lambda: self._recent_alerts.discard(alert.sentence))
        self.notify(
            alert.sentence,
            title=alert.title,
            severity=alert.severity,
            markup=False,
        )

    @on(ContinueWanted)
    def _continue_wanted(self, event: ContinueWanted) -> None:
        while not isinstance(self.screen, ConversationScreen) and len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, ConversationScreen):
            self.screen.continue_session(event.session_id)

    @on(LongAnswerEnded)
    def _long_answer_ended(self, event: LongAnswerEnded) -> None:
        if not self.app_focus:
            words = f"{event.model} has answered."
            sequence = notice_sequence(self._notify_kind, words, self._environment)
            if sequence and self._driver is not None:
                self._driver.write(sequence)

    @on(CopyWanted)
    def _copy_wanted(self, event: CopyWanted) -> None:
        self._copy(event.text, event.text_name)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a selection; Textual's own widgets call this."""
        self._copy(text, "the selection")

    def _copy(self, text: str, subject: str) -> None:
        self._clipboard = plain(text)
        self.run_worker(
            partial(self._copy_out, self._clipboard, subject), group="copy", exclusive=True
        )

    async def _copy_out(self, text: str, subject: str) -> None:
        write = self._driver.write if self._driver is not None else None
        from tui.support import clipboard

        outcome = await clipboard.copy(text, os.environ, sys.platform, write)
        severity = "information" if outcome.sure or outcome.perhaps else "warning"
        words = plain_line(clipboard.sentence(subject, outcome))
        self.notify(words, severity=severity, markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast at the top right; without a timeout, for as long as it takes to read."""
        shown_s = toast_s(title + message) if timeout is None else timeout
        super().notify(message, title=title, severity=severity, timeout=shown_s, markup=markup)

    # --- actions ------------------------------------------------------------------------------

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            groups = key_groups(self._keymap)
            here = here_and_elsewhere(groups, self.screen)
            self.push_screen(HelpScreen(*here, stored=self._backend.setup.stored))

    def action_command_palette(self) -> None:
        from tui.palette_entries import entries
        from tui.screens.command_palette import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            lines = entries(self.screen)
            self.push_screen(CommandPalette(lines, self._recent_actions), self._run_chosen)

    def _run_chosen(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        name = chosen.entry.name
        others = [other for other in self._recent_actions if other != name]
        self._recent_actions = [name, *others][:MOST_RECENT]
        self.call_later(partial(chosen.entry.run, chosen.argument))

    def action_settings(self) -> None:
        from tui.screens.settings import SettingsScreen

        if self._preferences is None:
            self.notify("There are no settings to change here.", severity="warning")
        elif not any(isinstance(screen, SettingsScreen) for screen in self.screen_stack):
            self.push_screen(SettingsScreen(self._preferences, self))

    def action_picture(self) -> None:
        # The palette that may have asked for it must be off the screen first.
        self.call_after_refresh(self._save_picture)

    def _save_picture(self) -> None:
        from tui.sessions.export_flow import shown
        from tui.support.screenshot import save_picture

        try:
            path = save_picture(self.export_screenshot(), self.now())
        except OSError as error:
            why = (
                f"No picture was saved: {error.strerror}. Start from a directory you can write to."
            )
            self.notify(plain_line(why), severity="error", markup=False)
        else:
            self.notify(f"Written to {plain_line(shown(path))}", title="Picture", markup=False)

    def action_copy_or_quit(self) -> None:
        """Copy what is selected; with nothing selected, a second press quits."""
        focused = self.focused
        if isinstance(focused, Prompt):
            selected = focused.selected_whole
        else:
            selected = getattr(focused, "selected_text", "")
        if selected := selected or self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        elif self._quit_armed:
            self.exit()
        else:
            self._quit_armed = True
            self.set_timer(QUIT_WITHIN_S, self._disarm_quit)
            self.notify("Press Ctrl+C again to quit.", timeout=QUIT_WITHIN_S)

    def _disarm_quit(self) -> None:
        self._quit_armed = False


def _in_view(pane: Widget, screen: Screen[object]) -> bool:
    return isinstance(pane, Pane) and pane.screen is screen and pane.transcript.end_in_view
