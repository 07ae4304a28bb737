"""Timeline screen: all events of a session as a table, with a filter."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from gramophone.core.codec import encode_line
from gramophone.core.errors import GramophoneError
from gramophone.core.timeline import Event
from gramophone.ports.backend import Backend
from tui import bindings
from tui.messages import CopyWanted
from tui.prompt.grapheme_input import GraphemeInput
from tui.screens.event import EventScreen
from tui.support.error_toast import notify_error
from tui.support.formatting import counted
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedScreen, is_gone
from tui.timeline.event_rows import EventFilter, TimeMode, escaped
from tui.timeline.event_table import EventChosen, EventHeader, EventTable

FILTER_AFTER_S = 0.12
_EVENTS_AT_ONCE = 1_000


class TimelineScreen(GuardedScreen[None]):
    """Shows each event with its time, kind and fields."""

    CSS_PATH = "timeline.tcss"
    AUTO_FOCUS = "EventTable"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.TIMELINE]

    def __init__(self, backend: Backend, session_id: str, turn: int | None = None) -> None:
        super().__init__()
        self._backend = backend
        self._session_id = session_id
        self._turn = turn
        self._events: list[Event] = []
        self._modes = cycle(TimeMode)
        self._mode = next(self._modes)

    def compose(self) -> ComposeResult:
        yield Static("Timeline", classes="headline", markup=False)
        with Vertical(classes="column"):
            yield GraphemeInput(
                placeholder="Filter: words, kind:Delta, turn:3, -kind:Chunk", compact=True
            )
            yield Static("Reading the timeline…", classes="empty", markup=False)
            yield EventHeader()
            yield EventTable()
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_table(shown=False)
        self._load()

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        try:
            library = await self._backend.open_library()
            self._events = await library.events(self._session_id, with_pcm=False)
        except GramophoneError as error:
            notify_error(self, error)
            if not is_gone(self):
                self.dismiss()
            return
        if is_gone(self):
            return
        table = self.query_one(EventTable)
        table.fill(self._events)
        self._show_or_excuse(len(self._events), "No events.\n\nEsc goes back")
        table.focus()
        if self._turn is not None:
            start = (n for n, e in enumerate(self._events) if getattr(e, "turn", -1) == self._turn)
            self.call_after_refresh(table.go_to_event, next(start, 0))

    def _show_or_excuse(self, count: int, excuse: str) -> None:
        """The table, or the words that stand where there is none; the count in the headline."""
        self.query_one(".empty", Static).update(excuse)
        self._show_table(shown=bool(count))
        whole = counted(len(self._events), "event")
        words = whole if count == len(self._events) else f"{count:,} of {whole}"
        self.query_one(".headline", Static).update(f"Timeline · {words}")
        self.refresh_bindings()

    def _show_table(self, *, shown: bool) -> None:
        self.query_one(".empty").display = not shown
        self.query_one(EventHeader).display = shown
        self.query_one(EventTable).display = shown

    # --- filter -------------------------------------------------------------------------------

    @on(Input.Changed)
    def _filter_changed(self, event: Input.Changed) -> None:
        self._filter(event.value)

    @work(exclusive=True, group="filter")
    async def _filter(self, text: str) -> None:
        """Look through all events in small steps, so that the next key is not kept waiting."""
        await asyncio.sleep(FILTER_AFTER_S if text else 0)
        event_filter = EventFilter(text)
        hits: range | list[int] = range(len(self._events))
        if event_filter:
            hits = []
            for start in range(0, len(self._events), _EVENTS_AT_ONCE):
                hits += event_filter.indexes(self._events, start, start + _EVENTS_AT_ONCE)
                await asyncio.sleep(0)
        if is_gone(self):
            return
        self.query_one(EventTable).show_only(hits)
        self._show_or_excuse(len(hits), "No hits.\n\nEsc clears the filter")

    @on(Input.Submitted)
    def _filter_submitted(self) -> None:
        self.query_one(EventTable).focus()

    # --- actions ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to copy where an event is chosen."""
        if action == "copy":
            return bool(self.query(EventTable)) and self.query_one(EventTable).chosen is not None
        return True

    @on(EventChosen)
    def _event_chosen(self, event: EventChosen) -> None:
        self.app.push_screen(EventScreen(event.event))

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_time(self) -> None:
        """Count from the session's beginning, from the row above, from the question."""
        self._mode = next(self._modes)
        self.query_one(EventTable).count_from(self._mode)
        self.query_one(EventHeader).show(self._mode)

    def action_copy(self) -> None:
        if (event := self.query_one(EventTable).chosen) is not None:
            self.post_message(CopyWanted(escaped(encode_line(event)), "the row"))

    def action_leave(self) -> None:
        """Leave the filter, then the screen."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
            self.query_one(EventTable).focus()
        elif field.has_focus and self._events:
            self.query_one(EventTable).focus()
        else:
            self.dismiss()
