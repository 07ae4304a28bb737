"""Screen of a stored session: its text, its replay, and its export."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import ClassVar, Concatenate, ParamSpec

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from gramophone.audio.peaks import PEAKS_PER_SECOND
from gramophone.core.errors import GramophoneError
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import Backend, ReplayState
from tui import bindings
from tui.conversation.pane import TICK_S, Pane
from tui.messages import ContinueWanted, SeekWanted, TurnWanted
from tui.playback.replay_bar import ReplayBar
from tui.playback.replay_control import ReplayControl
from tui.playback.sound_strip import Moment, SoundStrip
from tui.playback.waveform import Waveform
from tui.sessions.export_flow import export_sessions
from tui.sessions.session_row import facts_of, title_of
from tui.support.error_toast import notify_error
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedScreen, is_gone
from tui.theme.motion import motion_of

P = ParamSpec("P")


def when_read(
    ask: Callable[Concatenate[SessionScreen, ReplayControl, P], object],
) -> Callable[Concatenate[SessionScreen, P], None]:
    """Give an action the control of the replay: at once, or as soon as the session is read."""

    @wraps(ask)
    def later(screen: SessionScreen, *args: P.args, **kwargs: P.kwargs) -> None:
        screen.do_when_read(lambda control: ask(screen, control, *args, **kwargs))

    return later


# Stored text is shown as soon as the session is read; a replay needs its whole timeline, which
# takes longer for a long session. Keys that are pressed before it is ready wait in `_early`, and
# are done in their order. Text and replay share one pane: whoever fills it holds `_changing`.


class SessionScreen(GuardedScreen[None]):
    """Pane with the stored text, or with the replay once that is played."""

    CSS_PATH = "session.tcss"
    AUTO_FOCUS = "Transcript"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION]

    def __init__(self, backend: Backend, session_id: str, *, replay: bool = False) -> None:
        super().__init__()
        self._backend = backend
        self._session_id = session_id
        self._early: list[Callable[[ReplayControl], object]] = []
        if replay:
            self._early.append(lambda _: self._go_on())
        self._loaded = asyncio.Event()
        self._record: SessionRecord | None = None
        self._control: ReplayControl | None = None
        self._listening = False
        self._state = ReplayState()
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
            yield SoundStrip(seekable=True)
        yield KeyBar()

    def on_mount(self) -> None:
        self._open()
        self.set_interval(TICK_S, self.look)

    @work(exclusive=True, group="open")
    async def _open(self) -> None:
        try:
            library = await self._backend.open_library()
            record = self._record = await library.session(self._session_id)
        except GramophoneError as error:
            notify_error(self, error)
            self.dismiss()
            return
        if is_gone(self):
            return
        words = [title_of(record.summary), facts_of(record.summary)]
        self.query_one(".headline", Static).update(" · ".join(words))
        self._control = ReplayControl(self._backend.replay(self._session_id, playing=False))
        await self.query_one(Pane).show_record(record)
        self._loaded.set()
        self._load_peaks()

    @work(exclusive=True, group="peaks")
    async def _load_peaks(self) -> None:
        try:
            library = await self._backend.open_library()
            self._peaks = await library.peaks(self._session_id, buckets_per_second=PEAKS_PER_SECOND)
        except GramophoneError as error:
            notify_error(self, error)
        if not is_gone(self):
            self.look(redraw=True)

    # --- the replay ---------------------------------------------------------------------------

    def do_when_read(self, ask: Callable[[ReplayControl], object]) -> None:
        """Do it now, or as soon as the session has been read."""
        if self._control is not None and self._state.ready:
            ask(self._control)
            return
        self._early.append(ask)
        if self._state.refusal:
            self._tell_refusal()
        else:
            self._show_strip()

    def _do_early(self, control: ReplayControl) -> None:
        early, self._early = self._early, []
        for ask in early:
            ask(control)

    def look(self, *, redraw: bool = False) -> None:
        """Read the state of the replay and draw it; nothing is drawn while it stands still."""
        control, record = self._control, self._record
        if control is None or record is None:
            return
        state = control.state
        # The same object as long as nothing moves, so it need not be compared field by field.
        if state is self._state and not redraw:
            return
        self._state = state
        self._show_strip()
        waveform = Waveform(state.duration_us, state.passages, state.marks, self._peaks)
        strip = self.query_one(SoundStrip)
        strip.motion = motion_of(self.app)  # pyright: ignore[reportUnknownArgumentType]
        strip.show(waveform, Moment(state.position_us, state.playing))
        if state.refusal and state.refusal != self._refusal:
            self._refusal = state.refusal
            self._tell_refusal()
            self._read_again()
        if state.ready and self._early:
            self._do_early(control)

    def _show_strip(self) -> None:
        strip = self.query_one(ReplayBar)
        strip.show_state(self._state, begun=self._listening, waiting=bool(self._early))

    def _tell_refusal(self) -> None:
        self.notify(self._state.refusal, severity="warning", markup=False)

    async def _play(
        self, control: ReplayControl, turn: int | None = None, character: int = 0
    ) -> None:
        """Go on; with a turn, from where its character is spoken."""
        self._refusal = ""
        control.play(turn, character)
        if not self._listening:
            self._listening = True
            await self.query_one(Pane).listen(control.feed)
        self.look(redraw=True)

    @work(group="replay")
    async def _read_again(self) -> None:
        async with self._changing:
            await self._read()

    async def _read(self) -> None:
        """Show the whole text again; the replay waits, without its sound, where it was."""
        if self._control is None or self._record is None:
            return
        self._control.feed.suspend()
        self._listening = False
        pane = self.query_one(Pane)
        await pane.show_record(self._record)
        self.look(redraw=True)

    @on(SeekWanted)
    def _seek_wanted(self, event: SeekWanted) -> None:
        if self._control is not None and self._state.ready:
            self._control.seek(event.position_us)

    @on(TurnWanted)
    def _turn_wanted(self, event: TurnWanted) -> None:
        if event.action == "hear":
            event.stop()
            self._hear(event.turn, event.character)

    @when_read
    @work(group="replay")
    async def _hear(self, control: ReplayControl, turn: int, character: int) -> None:
        async with self._changing:
            await self._play(control, turn, character)

    def on_unmount(self) -> None:
        if self._control is not None:
            self._control.feed.close()

    # --- actions ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the arrow keys to a field in which words are typed."""
        return not (action == "skip" and isinstance(self.focused, Input))

    def action_play_pause(self) -> None:
        if self._control is not None and self._control.expected.playing:
            self._control.pause()
        else:
            self._go_on()

    @when_read
    @work(group="replay")
    async def _go_on(self, control: ReplayControl) -> None:
        async with self._changing:
            await self._play(control)

    @when_read
    def action_skip(self, control: ReplayControl, seconds: int) -> None:
        control.skip(seconds)

    @when_read
    def action_tenth(self, control: ReplayControl, tenth: int) -> None:
        control.seek_tenth(tenth)

    @when_read
    def action_next_turn(self, control: ReplayControl) -> None:
        control.next_turn()

    @when_read
    def action_turn_before(self, control: ReplayControl) -> None:
        control.turn_before()

    @when_read
    def action_speed(self, control: ReplayControl, steps: int) -> None:
        control.change_speed(steps)

    @when_read
    def action_skip_silence(self, control: ReplayControl) -> None:
        control.toggle_skip_silence()

    @when_read
    def action_loop(self, control: ReplayControl) -> None:
        control.toggle_loop()

    @when_read
    def action_hear(self, control: ReplayControl) -> None:
        """Play from the turn under the cursor, or from the beginning of the one that plays."""
        turn = self._turn_here
        if turn is None and self._state.marks:
            turn = self._state.marks[0].turn
        if turn is not None:
            self._hear(turn, 0)

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
        await self._loaded.wait()
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
        """Turn under the cursor, else that of the seek bar; None at the very beginning, where
        nothing was chosen."""
        pointed = self.query_one(Pane).transcript.pointed
        if pointed is not None or self._control is None:
            return pointed
        return self._control.turn
