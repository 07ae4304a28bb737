"""Stored sessions, newest first: search, open, replay, tag, archive, delete, export."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.widgets import Input, OptionList, Static

from gramophone.core.errors import FilterError, GramophoneError
from gramophone.library.library import SessionSummary, Totals
from gramophone.library.search_query import words_of
from gramophone.ports.backend import Backend
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.messages import AllRowsWanted, ContinueWanted, MarksChanged, MoreWanted
from tui.sessions import actions
from tui.sessions.export_flow import export_sessions
from tui.sessions.headline import excuse, headline
from tui.sessions.reading_on import MANY_ROWS, read_on
from tui.sessions.search_field import SearchHint, SessionSearch
from tui.sessions.session_list import SessionList
from tui.sessions.session_pages import SessionPages
from tui.sessions.session_preview import SessionPreview
from tui.sessions.suggesters import FilterSuggester
from tui.sessions.undo_stack import UndoStack
from tui.support.error_toast import notify_error
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedScreen, is_gone
from tui.support.today import today_of

PAGE_ROWS = 50
SEARCH_AFTER_S = 0.08
SLOW_AFTER_S = 0.5

_OF_A_SESSION = frozenset(
    {"replay", "continue", "rename", "name_by_model", "tag", "pin", "archive", "export", "delete"}
)


# Four questions to the library run side by side, each a worker in a group of its own: the first
# page ("list"), the next one ("page"), totals and tags ("facts"), and the preview. Answers come in
# any order. A newer search cancels the older; a page that was asked for before it is dropped,
# because its search is not the one that is shown. The list waits for no sums.


class HistoryScreen(GuardedScreen[None]):
    """A search, a list, a preview, and what can be done with sessions."""

    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "SessionList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (100, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.HISTORY]

    def __init__(self, backend: Backend, undo_stack: UndoStack) -> None:
        super().__init__()
        self._backend = backend
        self._undo_stack = undo_stack
        self._search = ""
        self._pages = SessionPages()
        self._totals: Totals | None = None
        self._tags: list[str] = []
        self._trouble = ""
        self._slow = False
        self._to_list = False

    def compose(self) -> ComposeResult:
        yield Static("Sessions", classes="headline", markup=False)
        with Horizontal(classes="columns"):
            with Vertical(classes="column"):
                yield SessionSearch(
                    placeholder="Search all that was said",
                    compact=True,
                    suggester=FilterSuggester(lambda: self._tags),
                )
                yield SearchHint()
                yield Static("", classes="empty", markup=False)
                yield SessionList(lambda: today_of(self))
            yield SessionPreview(self._backend.open_library)
        yield KeyBar()

    def on_mount(self) -> None:
        self._load("")
        self._load_facts()

    @property
    def _listed(self) -> SessionList:
        return self.query_one(SessionList)

    # --- loading ------------------------------------------------------------------------------

    @on(Input.Changed)
    def _search_changed(self, event: Input.Changed) -> None:
        self._trouble = ""
        self._to_list = False
        self._show_hint()
        self._load(event.value, after_s=SEARCH_AFTER_S)

    @work(exclusive=True, group="list")
    async def _load(
        self, search: str, after_s: float = 0.0, rows: int = PAGE_ROWS, go_to: str = ""
    ) -> None:
        """Read the first page; a newer search cancels this one, waiting or running."""
        await asyncio.sleep(after_s)
        slow = self.set_timer(SLOW_AFTER_S, self._show_slow)
        try:
            library = await self._backend.open_library()
            summaries = await library.sessions(limit=rows, search=search)
        except FilterError as error:
            self._trouble = plain_line(str(error))
            self._show_hint()
            return
        except GramophoneError as error:
            notify_error(self, error)
            return
        finally:
            slow.stop()
            self._slow = False
            self._show_headline()
        if is_gone(self):
            return
        listed = self._listed
        if search.strip() != self._search:
            listed.highlighted = None
        self._search = search.strip()
        self._pages.begin(complete=len(summaries) < rows)
        with self.app.batch_update():
            listed.fill(summaries, words_of(search), by_beginning=bool(self._search))
            listed.go_to(go_to)
            self._show_state()
        self._preview()

    def _load_again(self, more: int = 0, go_to: str = "") -> None:
        """Read again as many rows as are listed, and `more`."""
        rows = max(PAGE_ROWS, len(self._listed.rows) + more)
        self._load(self.query_one(SessionSearch).value, rows=rows, go_to=go_to)

    @work(exclusive=True, group="facts")
    async def _load_facts(self) -> None:
        """Read the totals of all sessions, and the tags."""
        try:
            library = await self._backend.open_library()
            self._totals = await library.totals()
            self._tags = [plain_line(tag.name) for tag in await library.tags()]
        except GramophoneError:
            # The list has said it already.
            return
        self._show_headline()
        self._show_hint()

    @on(MoreWanted)
    def _more_wanted(self) -> None:
        loading = any(
            worker.group in ("list", "page") and worker.is_running for worker in self.workers
        )
        if not loading:
            self._load_page()

    async def _read_on(self, rows: int) -> bool:
        opener, listed = self._backend.open_library, self._listed
        went_on = await read_on(self, opener, self._pages, listed, lambda: self._search, rows=rows)
        if went_on:
            self._show_state()
        return went_on

    @work(group="page")
    async def _load_page(self) -> None:
        await self._read_on(PAGE_ROWS)

    @on(AllRowsWanted)
    @work(exclusive=True, group="page")
    async def _read_all(self, event: AllRowsWanted) -> None:
        """Read the rest of the list, then do what waits for it; Escape ends it."""
        self._slow = not self._pages.complete
        try:
            while await self._read_on(MANY_ROWS):
                pass
        finally:
            self._slow = False
        if self._pages.complete and not is_gone(self):
            event.then()

    def _preview(self) -> None:
        if not is_gone(self):
            self.query_one(SessionPreview).preview(self._listed.chosen, words_of(self._search))

    def on_resize(self) -> None:
        self.call_after_refresh(self._preview)

    # --- what is said about it ------------------------------------------------------------------

    def _show_state(self, *, gone: bool = False) -> None:
        listed = self._listed
        if not listed.rows and listed.has_focus:
            # Where all was deleted, the next key may be the one that brings it back.
            self.set_focus(None if gone or not self._search else self.query_one(SessionSearch))
        listed.display = bool(listed.rows)
        if listed.rows and (self._to_list or self.focused is None):
            self._to_list = False
            listed.focus()
        empty = self.query_one(".empty", Static)
        empty.display = not listed.rows
        empty.update(excuse(self._search, undoable=bool(self._undo_stack)))
        self._show_headline()
        self.refresh_bindings()

    def _show_slow(self) -> None:
        self._slow = True
        self._show_headline()

    @on(MarksChanged)
    def _show_headline(self) -> None:
        if is_gone(self):
            return
        listed, whole = self._listed, self._pages.complete
        counts = {"listed": len(listed.rows), "marked": len(listed.marks)}
        line = headline(self._totals, **counts, search=self._search, whole=whole, slow=self._slow)
        self.query_one(".headline", Static).update(line, layout=False)

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _show_hint(self) -> None:
        if not is_gone(self):
            field = self.query_one(SessionSearch)
            self.query_one(SearchHint).show(field, self._tags, error=self._trouble)

    # --- opening ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs a session only when there is one."""
        if action == "search":
            # There it is a letter like any other.
            return not isinstance(self.focused, SessionSearch)
        if action in _OF_A_SESSION:
            listed = self.query(SessionList)
            return bool(listed) and listed.first().chosen is not None
        return True

    @on(OptionList.OptionSelected)
    def _session_selected(self) -> None:
        self._open(replay=False)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()
        self._preview()

    @on(Input.Submitted)
    def _search_submitted(self) -> None:
        if self.focused is self._listed:
            # A second Enter that was under way to the field before the focus had moved.
            self._open(replay=False)
        elif self._listed.rows:
            self.set_focus(self._listed)
        else:
            self._to_list = True

    def action_replay(self) -> None:
        self._open(replay=True)

    def _open(self, *, replay: bool) -> None:
        from tui.screens.session import SessionScreen

        if (chosen := self._listed.chosen) is not None:
            self.app.push_screen(SessionScreen(self._backend, chosen.id, replay=replay))

    def action_continue(self) -> None:
        if (chosen := self._listed.chosen) is not None:
            self.post_message(ContinueWanted(chosen.id))

    def action_search(self) -> None:
        self.set_focus(self.query_one(SessionSearch))

    def action_leave(self) -> None:
        """End one thing at a time: the model's title, the marks, the search, then the screen."""
        search = self.query_one(SessionSearch)
        if any(worker.group == "title" and worker.is_running for worker in self.workers):
            self.workers.cancel_group(self, "title")
        elif self._slow and self._listed.rows:
            self.workers.cancel_group(self, "list")
            self.workers.cancel_group(self, "page")
        elif self._listed.marks:
            self._listed.unmark()
        elif search.value:
            search.value = ""
            self._listed.focus()
        elif search.has_focus and self._listed.rows:
            self._listed.focus()
        else:
            self.dismiss(None)

    # --- keeping in order -----------------------------------------------------------------------

    @work(group="change")
    async def action_rename(self) -> None:
        await actions.rename(self, self._backend.open_library, self._listed)
        self._preview()

    @work(exclusive=True, group="title")
    async def action_name_by_model(self) -> None:
        await actions.name_by_model(self, self._backend, self._listed)
        self._preview()

    @work(group="change")
    async def action_tag(self) -> None:
        await actions.tag(self, self._backend.open_library, self._listed, self._tags)
        self._load_facts()
        self._preview()

    @work(group="change")
    async def action_pin(self) -> None:
        self._pages.moved.update(await actions.pin(self, self._backend.open_library, self._listed))

    @work(group="change")
    async def action_archive(self) -> None:
        if await actions.archive(self, self._backend.open_library, self._listed):
            self._rows_gone()

    @work(group="change")
    async def action_delete(self) -> None:
        if await actions.discard(self, self._backend.open_library, self._listed, self._undo_stack):
            self._rows_gone()

    @work(group="change")
    async def action_undo(self) -> None:
        first = await actions.undo(self, self._backend.open_library, self._undo_stack)
        if first and not is_gone(self):
            self._load_again(more=1, go_to=first)
            self._load_facts()

    def _rows_gone(self) -> None:
        if is_gone(self):
            return
        self._load_facts()
        self._show_state(gone=True)
        self._preview()
        if not self._pages.complete:
            self.post_message(MoreWanted())

    @work(group="export")
    async def action_export(self) -> None:
        rows: list[SessionSummary] = self._listed.meant
        if rows:
            await export_sessions(self, self._backend.open_library, rows)
