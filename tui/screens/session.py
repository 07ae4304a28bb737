"""A kept session: read it, hear it again, take it away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from gramophone.core.errors import GramophoneError
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import Backend, ReplayFeed, ReplayState
from tui import bindings
from tui.conversation.pane import TICK_S, Pane
from tui.messages import ContinueWanted, SeekWanted, TurnWanted
from tui.playback.replay_bar import ReplayBar
from tui.playback.seek_bar import SeekBar
from tui.playback.session_waveform import BUCKETS_PER_SECOND, Shape, stops
from tui.sessions.export_flow import export_sessions
from tui.sessions.session_row import facts_of, title_of
from tui.support.error_toast import notify_error
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import left

SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
INTO_TURN_US = 1_500_000
"""Further into a turn than this, "back" means its beginning."""


P = ParamSpec("P")


def when_read(
    ask: Callable[Concatenate[SessionScreen, P], object],
) -> Callable[Concatenate[SessionScreen, P], None]:
    """What is asked for before the session has been read is done as soon as it has been."""

    @wraps(ask)
    def asked(screen: SessionScreen, *args: P.args, **kwargs: P.kwargs) -> None:
        screen.do_when_read(lambda: ask(screen, *args, **kwargs))

    return asked


class SessionScreen(Screen[None]):
    """The pane of the conversation; it shows the kept text until a replay is listened to."""

    CSS_PATH = "session.tcss"
    AUTO_FOCUS = "Transcript"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION]

    def __init__(self, backend: Backend, session_id: str, *, replay: bool = False) -> None:
        super().__init__()
        self._backend = backend
        self._session_id = session_id
        self._early: list[Callable[[], object]] = [self._go_on] if replay else []
        self._known = asyncio.Event()
        self._record: SessionRecord | None = None
        self._feed: ReplayFeed | None = None
        self._listening = False
        self._state = ReplayState()
        self._asked: tuple[ReplayState, ReplayState] | None = None
        self._refusal = ""
        self._peaks: dict[int, bytes] = {}
        # One after another, none cut off: a pane whose emptying is cancelled stays half empty.
        self._changing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield Static("", classes="headline", markup=False)
        pane = Pane(empty="Nothing said yet.\n\nSpace plays, Esc goes back", strip=ReplayBar())
        # At once: the transcript's own keys, which ask for other things, are the screen's here.
        pane.transcript.clickable_words = True
        with Vertical(classes="column"):
            yield pane
            yield SeekBar()
        yield KeyBar()

    def on_mount(self) -> None:
        self._listens(False)
        self._open()
        self.set_interval(TICK_S, self.look)

    @work(exclusive=True, group="open")
    async def _open(self) -> None:
        try:
            library = await self._backend.open_library()
            record = self._record = await library.session(self._session_id)
        except GramophoneError as error:
            notify_error(self, error)
            if not left(self):
                self.app.pop_screen()
            return
        if left(self):
            return
        words = [title_of(record.summary), facts_of(record.summary)]
        self.query_one(".headline", Static).update(" · ".join(words))
        self._feed = self._backend.replay(self._session_id, playing=False)
        await self.query_one(Pane).show_record(record)
        self._known.set()
        self._load_peaks()

    @work(exclusive=True, group="peaks")
    async def _load_peaks(self) -> None:
        try:
            library = await self._backend.open_library()
            self._peaks = await library.peaks(
                self._session_id, buckets_per_second=BUCKETS_PER_SECOND
            )
        except GramophoneError as error:
            notify_error(self, error)
        if not left(self):
            self.look(anew=True)

    # --- the replay ---------------------------------------------------------------------------

    def do_when_read(self, asked: Callable[[], object]) -> None:
        """Do it now, or as soon as the session has been read."""
        if self._state.ready:
            asked()
            return
        self._early.append(asked)
        if self._state.refusal:
            self._tell_refusal()
        else:
            self._show_strip()

    def _do_what_waits(self) -> None:
        early, self._early = self._early, []
        for each in early:
            each()

    def look(self, *, anew: bool = False) -> None:
        """See where the replay is; nothing is drawn while it stands still."""
        feed, record = self._feed, self._record
        if feed is None or record is None:
            return
        state = feed.state()
        if state is self._state and not anew:
            return
        self._state = state
        self.query_one(Pane).still = not state.playing
        self._show_strip()
        shape = Shape(
            state.duration_us, state.passages, state.marks, self._peaks, record.sample_rate_hz
        )
        self.query_one(SeekBar).show(shape, state.position_us)
        if state.refusal and state.refusal != self._refusal:
            self._refusal = state.refusal
            self._tell_refusal()
            self._read_again()
        if state.ready and self._early:
            self._do_what_waits()

    def _show_strip(self) -> None:
        strip = self.query_one(ReplayBar)
        strip.show_state(self._state, begun=self._listening, asked=bool(self._early))

    def _tell_refusal(self) -> None:
        self.notify(self._state.refusal, severity="warning", markup=False)

    async def _play(self, turn: int | None = None, character: int = 0) -> None:
        """Go on; with a turn, from where its character is spoken."""
        feed = self._feed
        if feed is None:
            return
        self._refusal = ""
        self._expect(playing=True)
        if turn is None:
            feed.play()
        else:
            feed.play_from(turn, character)
        if not self._listening:
            self._listens(True)
            await self.query_one(Pane).listen(feed)
        self.look(anew=True)

    @work(group="replay")
    async def _read_again(self) -> None:
        async with self._changing:
            await self._read()

    async def _read(self) -> None:
        """Show the whole text again; the replay waits, without its sound, where it was."""
        if self._feed is None or self._record is None:
            return
        self._feed.suspend()
        self._listens(False)
        pane = self.query_one(Pane)
        await pane.show_record(self._record)
        self.look(anew=True)

    def _listens(self, listening: bool) -> None:
        """To be listened to, or to be read: then the meter's rows are the text's."""
        self._listening = listening
        self.set_class(not listening, "-reading")

    def _seek(self, position_us: int) -> None:
        if self._feed is not None and self._state.ready:
            position_us = min(max(0, position_us), self._state.duration_us)
            self._expect(position_us=position_us)
            self._feed.seek(position_us)

    def _expect(self, **changes: Any) -> None:
        """The replay is being asked for this; the next key counts from there."""
        if self._feed is not None:
            self._asked = (self._feed.state(), replace(self._ahead, **changes))

    @property
    def _ahead(self) -> ReplayState:
        """Where it is, or will be when it has done what it was asked a moment ago."""
        state = self._feed.state() if self._feed is not None else self._state
        if self._asked is not None and self._asked[0] is state:
            return self._asked[1]
        return state

    @on(SeekWanted)
    def _seek_wanted(self, event: SeekWanted) -> None:
        self._seek(event.position_us)

    @on(TurnWanted)
    def _turn_wanted(self, event: TurnWanted) -> None:
        if event.action == "hear":
            event.stop()
            self._hear(event.turn, event.character)

    @when_read
    @work(group="replay")
    async def _hear(self, turn: int, character: int) -> None:
        async with self._changing:
            await self._play(turn, character)

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.close()

    # --- actions ------------------------------------------------------------------------------

    def action_play_pause(self) -> None:
        if self._feed is not None and self._ahead.playing:
            self._expect(playing=False)
            self._feed.pause()
        else:
            self._go_on()

    @when_read
    @work(group="replay")
    async def _go_on(self) -> None:
        async with self._changing:
            await self._play()

    @when_read
    def action_skip(self, seconds: int) -> None:
        self._seek(self._ahead.position_us + seconds * 1_000_000)

    @when_read
    def action_tenth(self, tenth: int) -> None:
        self._seek(self._state.duration_us * tenth // 10)

    @when_read
    def action_next_turn(self) -> None:
        here_us = self._ahead.position_us
        later = [stop_us for stop_us in stops(self._state.marks) if stop_us > here_us]
        self._seek(later[0] if later else self._state.duration_us)

    @when_read
    def action_turn_before(self) -> None:
        here_us = self._ahead.position_us
        limit_us = here_us - INTO_TURN_US if self._state.playing else here_us
        before = [stop_us for stop_us in stops(self._state.marks) if stop_us < limit_us]
        self._seek(before[-1] if before else 0)

    @when_read
    def action_speed(self, steps: int) -> None:
        """The next speed of the ladder, heard at once."""
        if self._feed is None:
            return
        now = self._ahead.speed
        place = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - now))
        speed = SPEEDS[min(len(SPEEDS) - 1, max(0, place + steps))]
        self._expect(speed=speed)
        self._feed.set_speed(speed)

    @when_read
    def action_skip_silence(self) -> None:
        if self._feed is not None:
            skip = not self._ahead.skipping
            self._expect(skipping=skip)
            self._feed.skip_silence(skip)

    @when_read
    def action_hear(self) -> None:
        """Play from the turn under the cursor, or from the beginning of the one that plays."""
        turn = self._turn_here
        if turn is None and self._state.marks:
            turn = self._state.marks[0].turn
        if turn is not None:
            self._hear(turn, 0)

    @when_read
    def action_loop(self) -> None:
        """Play the turn again and again that is being played, or stop doing so."""
        if self._feed is None:
            return
        here_us = self._ahead.position_us
        begun = [mark for mark in self._state.marks if mark.start_us <= here_us]
        turn = None if self._ahead.loop is not None or not begun else begun[-1].turn
        self._expect(loop=turn)
        self._feed.loop(turn)

    @work(group="replay")
    async def action_stop_or_leave(self) -> None:
        """Stop the replay and show the whole text again; with nothing to stop, go back."""
        async with self._changing:
            if self._listening:
                await self._read()
            elif self.is_current:
                self.dismiss()

    @work(group="export")
    async def action_export(self) -> None:
        await self._known.wait()
        if self._record is not None:
            rows = [self._record.summary]
            await export_sessions(self, self._backend.open_library, rows, turn=self._turn_here)

    def action_continue(self) -> None:
        self.post_message(ContinueWanted(self._session_id))

    def action_latency(self) -> None:
        from tui.screens.latency import LatencyScreen

        turn = self._turn_here
        self.app.push_screen(LatencyScreen(self._backend, self._session_id, turn))

    def action_timeline(self) -> None:
        from tui.screens.timeline import TimelineScreen

        turn = self._turn_here
        self.app.push_screen(TimelineScreen(self._backend, self._session_id, turn))

    @property
    def _turn_here(self) -> int | None:
        """The turn under the cursor, else that of the seek bar; None at the very beginning, where
        nothing was chosen."""
        pointed = self.query_one(Pane).transcript.pointed
        if pointed is not None:
            return pointed
        here_us = self._ahead.position_us
        begun = [mark.turn for mark in self._state.marks if mark.start_us <= here_us]
        return begun[-1] if begun and here_us else None
