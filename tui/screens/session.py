"""A kept session: read it, hear it again, take it away."""

from __future__ import annotations

from itertools import cycle
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from gramophone.errors import GramophoneError
from gramophone.ports import Backend, Feed, SessionRecord
from tui.exporting import export_wav, tell_failure
from tui.messages import PaneChanged
from tui.session_row import facts_of, title_of
from tui.widgets.key_bar import KeyBar
from tui.widgets.pane import Pane

SPEEDS = (1.0, 1.5, 2.0, 0.5)


class SessionScreen(Screen[None]):
    """The pane of the conversation, listening to a replay when asked to."""

    CSS_PATH = "session.tcss"
    AUTO_FOCUS = "Transcript"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,r", "replay", "Replay", id="session.replay"),
        Binding("s", "speed", "Speed", id="session.speed"),
        Binding("e", "export", "Export", id="session.export"),
        Binding("w", "latency", "Latency", id="session.latency", show=False),
        Binding("v", "timeline", "Timeline", id="session.timeline", show=False),
        Binding("escape", "stop_or_leave", "Stop, back", id="session.stop"),
    ]

    def __init__(self, backend: Backend, session_id: str, *, replay: bool = False) -> None:
        super().__init__()
        self._backend = backend
        self._session_id = session_id
        self._replay_at_once = replay
        self._record: SessionRecord | None = None
        self._feed: Feed | None = None
        self._speeds = cycle(SPEEDS)
        self._speed = next(self._speeds)

    def compose(self) -> ComposeResult:
        yield Static("", classes="headline", markup=False)
        with Vertical(classes="column"):
            yield Pane(empty="Nothing said here.\n\nEsc goes back")
        yield KeyBar()

    def on_mount(self) -> None:
        self._open()

    @work(exclusive=True, group="open")
    async def _open(self) -> None:
        try:
            self._record = await self._backend.library.session(self._session_id)
        except GramophoneError as error:
            self.app.pop_screen()
            tell_failure(self, error)
            return
        self._show_header()
        await self.query_one(Pane).show_record(self._record)
        if self._replay_at_once:
            await self._start()

    def _show_header(self) -> None:
        if self._record is None:
            return
        words = [title_of(self._record.summary), facts_of(self._record.summary)]
        if self._speed != 1.0:
            words.insert(0, f"{self._speed:g}×")
        self.query_one(".headline", Static).update(" · ".join(words))

    # --- replay -------------------------------------------------------------------------------

    @work(exclusive=True, group="replay")
    async def action_replay(self) -> None:
        await self._start()

    async def _start(self) -> None:
        if self._record is None:
            self._replay_at_once = True
            return
        self._close_feed()
        self._feed = self._backend.replay(self._session_id, speed=self._speed)
        await self.query_one(Pane).listen(self._feed)

    @on(PaneChanged)
    def _pane_changed(self, event: PaneChanged) -> None:
        """The replay is at its end with the session's, or with the last turn that was kept."""
        model, record = event.model, self._record
        if self._feed is None or record is None or model is not self.query_one(Pane).model:
            return
        last = model.turns.get(record.turns[-1].turn) if record.turns else None
        if model.ended or (last is not None and last.over and not model.busy):
            self._close_feed()

    def _close_feed(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()

    @work(exclusive=True, group="replay")
    async def action_stop_or_leave(self) -> None:
        """Stop the replay and show the whole text again; with nothing to stop, go back."""
        if self._feed is None or self._record is None:
            self.dismiss()
            return
        self._close_feed()
        await self.query_one(Pane).show_record(self._record)

    def on_unmount(self) -> None:
        self._close_feed()

    # --- the rest -----------------------------------------------------------------------------

    def action_speed(self) -> None:
        self._speed = next(self._speeds)
        self._show_header()
        self.notify(f"{self._speed:g}× from the next replay on.", timeout=2)

    @work(group="export")
    async def action_export(self) -> None:
        if self._record is not None:
            await export_wav(self, self._backend.library, self._record.summary)

    def action_latency(self) -> None:
        from tui.screens.latency import LatencyScreen

        self.app.push_screen(LatencyScreen(self._backend, self._session_id))

    def action_timeline(self) -> None:
        from tui.screens.timeline import TimelineScreen

        self.app.push_screen(TimelineScreen(self._backend, self._session_id))
