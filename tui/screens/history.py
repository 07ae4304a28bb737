"""Everything that was kept, newest first: find, open, hear again, take away, delete."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from gramophone.errors import GramophoneError
from gramophone.ports import Backend
from tui.exporting import export_wav, tell_failure
from tui.facts import counted
from tui.messages import MoreWanted
from tui.screens.confirm import ConfirmScreen
from tui.session_row import title_of
from tui.widgets.key_bar import KeyBar
from tui.widgets.session_list import SessionList

PAGE_ROWS = 50
SEARCH_AFTER_S = 0.12


class HistoryScreen(Screen[None]):
    """A search, a list, and what can be done with the session under the cursor."""

    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "SessionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "replay", "Replay", id="history.replay"),
        Binding("slash", "search", "Search", id="history.search"),
        Binding("e", "export", "Export", id="history.export"),
        Binding("d,delete", "delete", "Delete", id="history.delete"),
        Binding("escape", "leave", "Back", id="history.leave"),
    ]

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self._search = ""
        self._whole = False

    def compose(self) -> ComposeResult:
        yield Static("Sessions", classes="headline", markup=False)
        with Vertical(classes="column"):
            yield Input(placeholder="Search all that was said", compact=True)
            yield Static("", classes="empty", markup=False)
            yield SessionList()
        yield KeyBar()

    def on_mount(self) -> None:
        self._load("")

    # --- loading ------------------------------------------------------------------------------

    @on(Input.Changed)
    def _search_changed(self, event: Input.Changed) -> None:
        self._load(event.value.strip(), after_s=SEARCH_AFTER_S)

    @work(exclusive=True, group="list")
    async def _load(self, search: str, after_s: float = 0.0) -> None:
        """The first page. A newer search cancels this one, waiting or running."""
        await asyncio.sleep(after_s)
        try:
            rows = await self._backend.library.sessions(limit=PAGE_ROWS, search=search)
        except GramophoneError as error:
            tell_failure(self, error)
            return
        self._search = search
        self._whole = len(rows) < PAGE_ROWS
        self.query_one(SessionList).fill(rows)
        self._show_state()

    @on(MoreWanted)
    def _more_wanted(self) -> None:
        rows = self.query_one(SessionList).rows
        loading = any(each.group in ("list", "page") and each.is_running for each in self.workers)
        if rows and not self._whole and not loading:
            self._load_page(rows[-1].id)

    @work(group="page")
    async def _load_page(self, older_than: str) -> None:
        search = self._search
        try:
            rows = await self._backend.library.sessions(
                limit=PAGE_ROWS, older_than=older_than, search=search
            )
        except GramophoneError as error:
            self._whole = True
            tell_failure(self, error)
            return
        listed = self.query_one(SessionList)
        if search != self._search or not listed.rows or listed.rows[-1].id != older_than:
            return
        self._whole = len(rows) < PAGE_ROWS
        listed.extend(rows)
        self._show_state()

    def _show_state(self) -> None:
        listed = self.query_one(SessionList)
        count = len(listed.rows)
        listed.display = bool(count)
        empty = self.query_one(".empty", Static)
        empty.display = not count
        if self._search:
            empty.update("No hits.\n\nEsc clears the search")
        else:
            empty.update("Nothing kept.\n\nEsc, then talk")
        words = counted(count, "hit") if self._search else f"{count:,}"
        more = "" if self._whole else " and more"
        self.query_one(".headline", Static).update(f"Sessions · {words}{more}")

    # --- actions ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs a session is offered only when there is one, and not while one types."""
        if action in ("replay", "export", "delete"):
            listed = self.query(SessionList)
            return bool(listed) and listed.first().chosen is not None
        return True

    @on(OptionList.OptionSelected)
    def _session_selected(self) -> None:
        self._open(replay=False)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()

    @on(Input.Submitted)
    def _search_submitted(self) -> None:
        self.query_one(SessionList).focus()

    def action_replay(self) -> None:
        self._open(replay=True)

    def _open(self, *, replay: bool) -> None:
        from tui.screens.session import SessionScreen

        if (chosen := self.query_one(SessionList).chosen) is not None:
            self.app.push_screen(SessionScreen(self._backend, chosen.id, replay=replay))

    def action_search(self) -> None:
        self.query_one(Input).focus()

    @work(group="export")
    async def action_export(self) -> None:
        if (chosen := self.query_one(SessionList).chosen) is not None:
            await export_wav(self, self._backend.library, chosen)

    @work(group="delete")
    async def action_delete(self) -> None:
        listed = self.query_one(SessionList)
        if (chosen := listed.chosen) is None:
            return
        question = f"Delete “{title_of(chosen)}”?"
        detail = f"{counted(chosen.turns, 'turn')} and their sound go for good."
        if not await self.app.push_screen_wait(ConfirmScreen(question, detail)):
            return
        try:
            await self._backend.library.delete(chosen.id)
        except GramophoneError as error:
            tell_failure(self, error)
            return
        listed.drop(chosen.id)
        self._show_state()
        self.notify("Deleted.", timeout=2)

    def action_leave(self) -> None:
        """First out of the search, then out of its hits, then back to the talk."""
        search = self.query_one(Input)
        if search.value:
            search.value = ""
            self.query_one(SessionList).focus()
        elif search.has_focus and self.query_one(SessionList).rows:
            self.query_one(SessionList).focus()
        else:
            self.dismiss()
