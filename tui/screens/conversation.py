"""Conversation screen: one to four panes over one prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.core.intents import EditAndResend, Regenerate, RepeatTurn, StopPlayback, Submit
from gramophone.ports.backend import Backend, ConversationOptions
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.conversation.layout import MOST_PANES
from tui.conversation.pane_grid import PaneGrid, StoredTalk
from tui.conversation.resuming import resume_session
from tui.conversation.slash.actions import run_slash_command
from tui.conversation.slash.conversation_commands import (
    conversation_commands,
)
from tui.conversation.start_screen import TRY, StartScreen
from tui.conversation.status_line import StatusLine
from tui.conversation.talk_pane import TalkPane
from tui.conversation.target_bar import TargetBar
from tui.conversation.welcome import NOT_KEPT, welcome
from tui.messages import (
    AlertRaised,
    CommandGiven,
    EarlierPromptsWanted,
    FollowWanted,
    PaneChanged,
    PanesChanged,
    PromptEmpty,
    PromptRefused,
    PromptSent,
    ScrollWanted,
    TurnWanted,
)
from tui.prompt.draft import Draft
from tui.prompt.prompt import Prompt
from tui.prompt.prompt_box import PromptBox
from tui.sessions.undo_stack import UndoStack
from tui.support.error_toast import notify_error
from tui.support.formatting import counted
from tui.support.key_bar import KeyBar
from tui.transcript.playback_fold import SoundState

_WELCOME_BESIDE = "Nothing said in this pane yet.\n\nF5 goes to the next pane, F4 closes this one."
_PLACEHOLDER = "Say something · Alt+Enter: new line"
_ONE_PANE = "There is one pane only; F3 opens another."

EARLIER_PROMPTS = 200
"""Prompts of earlier sessions that Up finds in the prompt; the history screen has all."""


# Focus. The prompt has it from the start, and gets it back after every action that opens, closes or
# changes a pane, so that one can always type. A transcript has it only to be read by keys. Wherever
# the focus goes within a pane, by Tab or by a click, that pane is spoken to (`TalkPane`): the pane
# of a message from a turn is thus `self.pane` when the message arrives here.


class ConversationScreen(Screen[None]):
    """Panes, the prompt, and the messages between them. The grid knows which pane is spoken to."""

    AUTO_FOCUS = "Prompt"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CONVERSATION]

    def __init__(self, backend: Backend, resume: StoredTalk | None = None) -> None:
        """With `resume` that session goes on in the first pane."""
        super().__init__()
        self._backend = backend
        self.grid = PaneGrid(
            backend, empty=welcome(backend.setup), empty_beside=_WELCOME_BESIDE, resume=resume
        )
        self.slash_commands = conversation_commands(backend.choices, self.provider)
        self._editing: tuple[TalkPane, int] | None = None
        self._start = StartScreen(backend, self.grid.chosen)
        self._undo_stack = UndoStack()

    def compose(self) -> ComposeResult:
        yield StatusLine(self._backend.setup)
        with Vertical(classes="column"):
            yield self.grid
            yield TargetBar()
            yield PromptBox(self.slash_commands)
        yield KeyBar()

    @property
    def backend(self) -> Backend:
        return self._backend

    @property
    def pane(self) -> TalkPane:
        """The pane that is spoken to."""
        return self.grid.chosen

    def provider(self) -> str:
        """Provider that answers in this pane from the next turn on."""
        return self.pane.choice.provider or self._backend.setup.provider

    # --- what is seen -------------------------------------------------------------------------

    @on(PanesChanged)
    def _panes_changed(self) -> None:
        many = self.grid.many
        self.query_one(StatusLine).display = not many
        self.set_class(many, "-many")
        if self._editing is not None and self._editing[0] not in self.grid.panes:
            self._editing = None
        self._show_target()
        self._show_status()

    @on(PaneChanged)
    def _pane_changed(self, event: PaneChanged) -> None:
        if event.model is self.pane.model:
            self._show_status()
        if (refused := event.model.take_refused()) is not None:
            self.query_one(Prompt).give_back(refused.text, tuple(refused.pictures))
        self._excuse()

    @on(AlertRaised)
    def _alert_raised(self, event: AlertRaised) -> None:
        self._start.failed.add(event.alert.stage)
        self._excuse()

    def on_resize(self) -> None:
        self._excuse()

    @work(group="start")
    async def load_start(self) -> None:
        """Show the last talks, once the first frame is drawn."""
        await self._start.load()
        self._excuse()

    def _excuse(self) -> None:
        """Say in the first pane how to begin, and what is missing for it."""
        self._start.show()

    def _show_status(self) -> None:
        self.query_one(StatusLine).show(self.pane.model, muted=self.pane.muted)

    def _show_target(self) -> None:
        grid, line = self.grid, self.query_one(TargetBar)
        if self._editing is not None:
            line.show_editing()
        else:
            line.show_panes(grid.number, len(grid.panes), to_all=grid.to_all)
        to_all = f"Say something to all {counted(len(grid.panes), 'pane')}"
        self.query_one(Prompt).placeholder = to_all if grid.to_all else _PLACEHOLDER

    def notice(self, sentence: str, *, refused: bool = False) -> None:
        """Show one sentence for some seconds."""
        severity = "warning" if refused else "information"
        self.notify(plain_line(sentence), severity=severity, markup=False)

    # --- prompts ------------------------------------------------------------------------------

    @on(PromptSent)
    def _prompt_sent(self, event: PromptSent) -> None:
        if self._editing is not None:
            (pane, turn), self._editing = self._editing, None
            self._show_target()
            pane.transcript.action_follow()
            pane.post(EditAndResend(turn, event.text, event.pictures))
        else:
            self.send(Submit(event.text, event.pictures), self.grid.spoken_to)

    def send(self, question: Submit, panes: Sequence[TalkPane]) -> None:
        """Ask in these panes at once."""
        for pane in panes:
            pane.transcript.action_follow()
            pane.post(question)

    @on(PromptRefused)
    def _prompt_refused(self, event: PromptRefused) -> None:
        self.notice(event.sentence, refused=True)

    @on(PromptEmpty)
    def _prompt_empty(self) -> None:
        if last := self._start.last_talk(self.pane):
            self.continue_session(last)
        else:
            self.notice("Nothing to send yet: type something first.")

    @on(EarlierPromptsWanted)
    @work(group="earlier")
    async def _earlier_prompts_wanted(self) -> None:
        try:
            texts = await (await self._backend.open_library()).prompts(limit=EARLIER_PROMPTS)
        except GramophoneError as error:
            notify_error(self, error)
        else:
            self.query_one(Prompt).remember(texts)

    @on(ScrollWanted)
    def _scroll_wanted(self, event: ScrollWanted) -> None:
        transcript = self.pane.transcript
        transcript.action_page_up() if event.pages < 0 else transcript.action_page_down()

    @on(FollowWanted)
    def _follow_wanted(self) -> None:
        self.pane.transcript.action_follow()

    @on(CommandGiven)
    async def _command_given(self, event: CommandGiven) -> None:
        await run_slash_command(self, event.name, event.argument)

    # --- turns --------------------------------------------------------------------------------

    @on(TurnWanted)
    async def _turn_wanted(self, event: TurnWanted) -> None:
        """Carry out an action on a turn of `self.pane`."""
        match event.action:
            case "edit":
                self.edit(event.turn)
            case "regenerate":
                self.pane.post(Regenerate(event.turn))
            case "fork":
                await self.fork(event.turn)
            case "speak":
                self.speak(event.turn)
            case "hear":
                pass  # Where a stored session is read it plays from there; here it is only a click.

    def edit(self, turn: int) -> None:
        """Put an earlier prompt into the prompt; sending it asks it again."""
        view = self.pane.model.turns.get(turn)
        if view is None or view.voice != "user" or view.withdrawn:
            self.notice("Only a prompt that still counts can be edited.", refused=True)
            return
        self._editing = self.pane, turn
        self.query_one(Prompt).edit_again(view.text, tuple(view.pictures))
        self._show_target()

    def speak(self, turn: int) -> None:
        """Have a turn spoken again."""
        if self.grid.sounding is not self.pane:
            number = self.grid.panes.index(self.grid.sounding) + 1
            self.notice(f"Pane {number} keeps the sound; F7 there lets it go.", refused=True)
        self.pane.post(RepeatTurn(turn))

    async def fork(self, turn: int | None = None) -> None:
        """Go on from a turn of this pane, or from its end, in a session of its own."""
        inherited = self.pane.model.messages(turn)
        if not inherited:
            self.notice("Nothing was said yet to go on from.", refused=True)
        elif not self.grid.full:
            await self.grid.open(inherited=inherited)
        else:
            await self.grid.replace(inherited=inherited)
            before = "kept in its own session" if self.pane.stored else "gone: it was not kept"
            self.notice(
                f"{MOST_PANES} panes are open, so this one goes on from there. "
                f"What was said here before is {before}."
            )
        self.query_one(Prompt).focus()

    # --- sessions -----------------------------------------------------------------------------

    async def open_pane(self, choice: ConversationOptions | None = None) -> None:
        """Open another conversation beside this one."""
        if self.grid.full:
            self.notice(f"{MOST_PANES} panes are open; F4 closes the one spoken to.", refused=True)
        else:
            await self.grid.open(choice)
        self.query_one(Prompt).focus()

    @work(exclusive=True, group="continue")
    async def continue_session(self, session_id: str) -> None:
        """Go on with a stored session in the pane spoken to."""
        await resume_session(self, session_id)
        self.query_one(Prompt).focus()

    # --- actions ------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Stop the answer that is heard, in whatever pane; else those of the panes spoken to."""
        sounding = self.grid.sounding
        is_heard = sounding.model.sound.state is SoundState.SPEAKING
        spoken_to = [pane for pane in self.grid.spoken_to if pane.model.busy]
        if busy := [sounding] if is_heard else spoken_to:
            for pane in busy:
                pane.post(StopPlayback())
            return
        if self._editing is not None:
            self._editing = None
            self.query_one(Prompt).show_draft(Draft(""))
            self._show_target()
        self.query_one(Prompt).focus()

    action_go_on = continue_session

    def action_try_prompt(self, index: int) -> None:
        self.query_one(Prompt).show_draft(Draft(TRY[index]))

    def action_voice(self) -> None:
        self.pane.transcript.action_voice()

    def action_thoughts(self) -> None:
        self.pane.transcript.action_thoughts()

    async def action_new_pane(self) -> None:
        await self.open_pane()

    async def action_close_pane(self) -> None:
        if self.grid.many:
            await self.grid.close()
        else:
            self.notice("This is the only pane; Ctrl+Q leaves Gramophone.")
        self.query_one(Prompt).focus()

    def action_go_pane(self, step: int) -> None:
        if self.grid.many:
            self.grid.go(step)
        else:
            self.notice(_ONE_PANE)
        self.query_one(Prompt).focus()

    def action_to_all(self) -> None:
        if self.grid.many:
            self.grid.speak_to_all(not self.grid.to_all)
        else:
            self.notice(_ONE_PANE)

    def action_pin_sound(self) -> None:
        if self.grid.many:
            self.grid.pin()
        else:
            self.notice("There is one pane only, and it has the sound.")

    def action_turn_panes(self) -> None:
        if not self.grid.many:
            self.notice(_ONE_PANE)
        elif not self.grid.turn():
            self.notice("The terminal is too small for the other layout.")

    def action_mute(self) -> None:
        self.mute(not self.pane.muted)

    def mute(self, muted: bool) -> None:
        """Play nothing of this pane, or play it again; it is recorded all the same."""
        self.pane.mute(muted)
        self.grid.show_headers()
        self._show_status()

    def action_history(self) -> None:
        from tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen(self._backend, self._undo_stack))

    def action_latency(self) -> None:
        """Open the latency of the last answer, which is stored while the conversation goes on."""
        from tui.screens.latency import LatencyScreen

        session_id = self.pane.session_id
        if not session_id:
            self.notice("Nothing answered yet: ask something first.")
        elif not self.pane.stored:
            self.notice(NOT_KEPT, refused=True)
        else:
            self.app.push_screen(LatencyScreen(self._backend, session_id))
