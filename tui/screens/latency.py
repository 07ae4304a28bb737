"""Latency of an answer as a chart: from submit to its first sample, and on to its end."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from gramophone.analysis.latency import Waterfall, waterfalls
from gramophone.core.errors import GramophoneError
from gramophone.ports.backend import Backend
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.latency.chart import STEP, ZOOM, WaterfallChart
from tui.latency.rows import facts_of
from tui.messages import FootChanged
from tui.support.error_toast import notify_error
from tui.support.facts_line import FactsLine
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedScreen, is_gone


class LatencyScreen(GuardedScreen[None]):
    """One answer of a session at a time, or one over another."""

    CSS_PATH = "latency.tcss"
    AUTO_FOCUS = "Bars"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LATENCY]

    def __init__(self, backend: Backend, session_id: str, turn: int | None = None) -> None:
        super().__init__()
        self._backend = backend
        self._session_id = session_id
        self._turn = turn
        self._falls: tuple[Waterfall, ...] = ()
        self._index = 0
        self._other: Waterfall | None = None

    def compose(self) -> ComposeResult:
        yield Static("Latency", classes="headline", markup=False)
        with Vertical(classes="column"):
            yield Static("Reading the timeline…", classes="empty", markup=False)
            yield FactsLine()
            yield WaterfallChart()
            yield Static("", classes="foot", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_or_excuse()
        self._load()

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        try:
            library = await self._backend.open_library()
            events = await library.events(self._session_id, with_pcm=False)
        except GramophoneError as error:
            notify_error(self, error)
            if not is_gone(self):
                self.dismiss()
            return
        # A third of a second for 100,000 events: too long for the loop that draws.
        self._falls = await asyncio.to_thread(waterfalls, events)
        if is_gone(self):
            return
        self._index = self._index_of(self._turn)
        self.query_one(".empty", Static).update("No answer.\n\nEsc goes back")
        self._show_or_excuse()
        self._show()

    def _index_of(self, turn: int | None) -> int:
        """Index of the answer that is this turn or answers it; without a turn, of the last."""
        last = max(0, len(self._falls) - 1)
        if turn is None:
            return last
        return next((n for n, fall in enumerate(self._falls) if fall.turn >= turn), last)

    # --- drawing ------------------------------------------------------------------------------

    def _show_or_excuse(self) -> None:
        there = bool(self._falls)
        self.query_one(".empty").display = not there
        for kind in (FactsLine, WaterfallChart):
            self.query_one(kind).display = there
        self.query_one(".foot").display = there
        if there:
            self.query_one("Bars").focus()

    def _show(self) -> None:
        if not self._falls:
            return
        fall, other = self._falls[self._index], self._beside
        self.query_one(".headline", Static).update(self._headline(fall, other))
        self.query_one(FactsLine).show(facts_of(fall, other))
        self.query_one(WaterfallChart).show(fall, other)
        self.refresh_bindings()

    @property
    def _beside(self) -> Waterfall | None:
        """Answer to compare with; None where it is the one that is shown."""
        other = self._other
        return None if other is None or other.turn == self._falls[self._index].turn else other

    def _headline(self, fall: Waterfall, other: Waterfall | None) -> str:
        words = ["Latency", f"answer {self._index + 1} of {len(self._falls)}"]
        if other is not None:
            words.append(f"over answer {self._number_of(other)}")
        elif self._other is not None:
            words.append("to be compared: choose another")
        if question := plain_line(fall.question):
            words.append(question)
        return " · ".join(words)

    def _number_of(self, fall: Waterfall) -> int:
        return 1 + next(n for n, candidate in enumerate(self._falls) if candidate.turn == fall.turn)

    @on(FootChanged)
    def _foot_changed(self, event: FootChanged) -> None:
        self.query_one(".foot", Static).update(event.words)

    # --- actions ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs an answer, or a second one, only when there is one."""
        if action in ("compare", "answer"):
            return len(self._falls) > 1
        if action in ("whole", "zoom_in", "zoom_out", "fit", "pan"):
            return bool(self._falls)
        return True

    def action_answer(self, by: int) -> None:
        index = self._index + by
        if 0 <= index < len(self._falls):
            self._index = index
            self._show()

    def action_compare(self) -> None:
        """Hold this answer, to lay others over it; the same answer again lets it go."""
        fall = self._falls[self._index]
        self._other = None if self._other is not None and self._other.turn == fall.turn else fall
        self._show()

    def action_whole(self) -> None:
        chart = self.query_one(WaterfallChart)
        chart.fit(whole=not chart.shows_whole)

    def action_fit(self) -> None:
        self.query_one(WaterfallChart).fit()

    def action_zoom_in(self) -> None:
        self.query_one(WaterfallChart).zoom(ZOOM)

    def action_zoom_out(self) -> None:
        self.query_one(WaterfallChart).zoom(1 / ZOOM)

    def action_pan(self, by: int) -> None:
        self.query_one(WaterfallChart).move(STEP * by)

    def action_timeline(self) -> None:
        from tui.screens.timeline import TimelineScreen

        turn = self._falls[self._index].turn if self._falls else self._turn
        self.app.push_screen(TimelineScreen(self._backend, self._session_id, turn))

    def action_leave(self) -> None:
        self.dismiss()
