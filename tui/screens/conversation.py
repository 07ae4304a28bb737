"""The screen one talks on."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from gramophone.intents import Hush, Submit
from gramophone.ports import Backend
from tui.messages import FollowWanted, PaneChanged, PromptEmpty, PromptSent, ScrollWanted
from tui.widgets.key_bar import KeyBar
from tui.widgets.pane import Pane
from tui.widgets.prompt import Prompt
from tui.widgets.status import StatusLine

_WELCOME = (
    "Nothing said yet.\n\n"
    "Type below and press Enter; the answer is shown, spoken and kept.\n"
    "Escape stops the sound. F2 opens what was kept. F1 is help."
)


class ConversationScreen(Screen[None]):
    """One pane, and a prompt that has the focus."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="conversation.stop"),
        Binding("f2,ctrl+r", "history", "History", id="conversation.history"),
        Binding("ctrl+l", "latency", "Latency", id="conversation.latency", show=False),
    ]

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self._talk = backend.open_talk()

    def compose(self) -> ComposeResult:
        yield StatusLine(self._backend.setup)
        with Vertical(classes="column"):
            yield Pane(self._talk.feed, empty=_WELCOME)
            yield Prompt()
        yield KeyBar()

    # --- messages -----------------------------------------------------------------------------

    @on(PaneChanged)
    def _pane_changed(self, event: PaneChanged) -> None:
        self.query_one(StatusLine).show(event.model)

    @on(PromptSent)
    def _prompt_sent(self, event: PromptSent) -> None:
        self.query_one(Pane).transcript.action_follow()
        self._talk.post(Submit(event.text))

    @on(PromptEmpty)
    def _prompt_empty(self) -> None:
        self.notify("Nothing to send yet: type something first.", timeout=3)

    @on(ScrollWanted)
    def _scroll_wanted(self, event: ScrollWanted) -> None:
        transcript = self.query_one(Pane).transcript
        if event.pages < 0:
            transcript.scroll_page_up(animate=False)
        else:
            transcript.scroll_page_down(animate=False)

    @on(FollowWanted)
    def _follow_wanted(self) -> None:
        self.query_one(Pane).transcript.action_follow()

    # --- actions ------------------------------------------------------------------------------

    def action_stop(self) -> None:
        if self.query_one(Pane).model.busy:
            self._talk.post(Hush())
        else:
            self.query_one(Prompt).focus()

    def action_history(self) -> None:
        from tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen(self._backend))

    def action_latency(self) -> None:
        """Where the time of the last answer went: the library has it while the talk goes on."""
        from tui.screens.latency import LatencyScreen

        session = self.query_one(Pane).model.session
        if session is None:
            self.notify("Nothing answered yet: ask something first.", timeout=3)
        else:
            self.app.push_screen(LatencyScreen(self._backend, session.session_id))
