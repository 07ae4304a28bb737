"""The screen one talks on."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from gramophone.errors import GramophoneError
from gramophone.intents import Interrupt, Submit
from gramophone.ports import Backend
from gramophone.timeline import Stage
from tui.exporting import export_wav, tell_failure
from tui.messages import (
    CommandGiven,
    CopyWanted,
    EarlierPromptsWanted,
    FollowWanted,
    PaneChanged,
    PromptEmpty,
    PromptRefused,
    PromptSent,
    ScrollWanted,
    TroubleTold,
)
from tui.passages import COPYABLE, passage
from tui.slash import declared
from tui.welcome import welcome
from tui.widgets.completions import SHORT_BELOW_ROWS
from tui.widgets.key_bar import KeyBar
from tui.widgets.pane import Pane
from tui.widgets.prompt import Prompt
from tui.widgets.prompt_box import PromptBox
from tui.widgets.status import StatusLine

EARLIER_PROMPTS = 200
"""So many prompts of earlier sittings can be looked back through; history has the rest."""

CONVERSATION_COMMANDS = declared(
    "copy",
    "export",
    "help",
    "history",
    "quit",
    "settings",
    choices={"copy": lambda: tuple(COPYABLE)},
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
        self._failed: set[Stage] = set()

    def compose(self) -> ComposeResult:
        yield StatusLine(self._backend.setup)
        with Vertical(classes="column"):
            yield Pane(self._backend.conversation, empty=welcome(self._backend.setup))
            yield PromptBox(CONVERSATION_COMMANDS)
        yield KeyBar()

    # --- messages -----------------------------------------------------------------------------

    @on(PaneChanged)
    def _pane_changed(self, event: PaneChanged) -> None:
        self.query_one(StatusLine).show(event.model)
        self._excuse()

    @on(TroubleTold)
    def _trouble_told(self, event: TroubleTold) -> None:
        self._failed.add(event.trouble.stage)
        self._excuse()

    def on_resize(self) -> None:
        self._excuse()

    def _excuse(self) -> None:
        """Say how to begin, and what is missing for it."""
        pane = self.query_one(Pane)
        if not pane.spoken:
            short = self.app.size.height < SHORT_BELOW_ROWS
            silent = pane.model.sound.silent
            pane.excuse(welcome(self._backend.setup, self._failed, silent=silent, short=short))

    @on(PromptSent)
    def _prompt_sent(self, event: PromptSent) -> None:
        self.query_one(Pane).transcript.action_follow()
        self._backend.post(Submit(event.text))

    @on(CommandGiven)
    async def _command_given(self, event: CommandGiven) -> None:
        match event.name:
            case "copy":
                self._copy(event.argument)
            case "export":
                self._export()
            case "history":
                self.action_history()
            case "help" | "quit" | "settings" as name:
                await self.run_action(f"app.{name}")
            case _:
                raise ValueError(f"/{event.name} is declared and not handled")

    @on(PromptRefused)
    def _prompt_refused(self, event: PromptRefused) -> None:
        self.notify(event.sentence, severity="warning", markup=False)

    @on(EarlierPromptsWanted)
    @work(group="earlier")
    async def _earlier_prompts_wanted(self) -> None:
        try:
            texts = await self._backend.library.prompts(limit=EARLIER_PROMPTS)
        except GramophoneError as error:
            tell_failure(self, error)
        else:
            self.query_one(Prompt).remember(texts)

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

    # --- commands -----------------------------------------------------------------------------

    def _copy(self, what: str) -> None:
        found = passage(self.query_one(Pane).model.turns.values(), what)
        if isinstance(found, str):
            self.notify(found, severity="warning", markup=False)
        else:
            self.post_message(CopyWanted(found.text, found.what))

    @work(group="export")
    async def _export(self) -> None:
        started = self.query_one(Pane).model.session
        if started is None:
            self.notify("Nothing to export yet: say something first.", timeout=3)
            return
        library = self._backend.library
        try:
            record = await library.session(started.session_id)
        except GramophoneError as error:
            tell_failure(self, error)
        else:
            await export_wav(self, library, record.summary)

    # --- actions ------------------------------------------------------------------------------

    def action_stop(self) -> None:
        if self.query_one(Pane).model.busy:
            self._backend.post(Interrupt())
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
