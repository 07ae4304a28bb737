"""Pane: transcript and now-playing bar, fed from one source.

A live conversation and a replay are shown alike: 15 times a second a pane takes the entries of its
feed, folds them, and draws once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from gramophone.core.timeline import Entry
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import Feed
from tui.conversation.find_bar import FindBar
from tui.conversation.ways_back import WaysBack
from tui.messages import AlertRaised, FindWanted, PaneChanged
from tui.playback.now_playing import NowPlaying
from tui.support.alerts import alerts
from tui.transcript.model import TranscriptModel
from tui.transcript.transcript import Transcript

TICK_S = 1 / 15
LONG_WAIT_S = 1.0


class Pane(Vertical):
    """Shows the events of one source: a conversation or a replay."""

    def __init__(
        self, feed: Feed | None = None, *, empty: str = "", strip: NowPlaying | None = None
    ) -> None:
        super().__init__()
        self._strip = strip or NowPlaying()
        self.model = TranscriptModel()
        self._feed = feed
        self._transcript = Transcript()
        self._empty = Static(empty, classes="empty", markup=False)
        self._ways_back = WaysBack(self._transcript)
        self._find_bar = FindBar(self._transcript)
        self.seconds: Callable[[], float] = monotonic
        self._live = feed is not None
        self._ticked_s = self.seconds()
        self._words: str | Content = empty
        self._waited_s = 0.0

    def compose(self) -> ComposeResult:
        yield self._empty
        yield self._transcript
        yield self._find_bar
        yield self._ways_back
        yield self._strip

    def on_mount(self) -> None:
        self._show_or_excuse()
        self._strip.show(self.model)
        self._keep_time()

    def _keep_time(self) -> None:
        self.set_interval(TICK_S, self.tick)

    # --- sources ------------------------------------------------------------------------------

    async def show_record(self, record: SessionRecord) -> None:
        """Show a kept session as it ended; no source is listened to."""
        model = TranscriptModel()
        model.load(record)
        self._show_model(model, None, follow=False)

    async def listen(self, feed: Feed) -> None:
        """Show the events of `feed` instead of what was shown."""
        self._show_model(TranscriptModel(), feed, follow=True)

    def _show_model(self, model: TranscriptModel, feed: Feed | None, *, follow: bool) -> None:
        self._feed, self._live = feed, False
        self.model = model
        self._transcript.clear(follow=follow)
        self._draw()

    # --- drawing ------------------------------------------------------------------------------

    @property
    def transcript(self) -> Transcript:
        return self._transcript

    @property
    def settled(self) -> bool:
        """Whether everything that has come is on the screen."""
        return self._transcript.settled

    async def tick(self) -> None:
        """Fold the entries that have come, and draw once."""
        now_s = self.seconds()
        elapsed_s, self._ticked_s = now_s - self._ticked_s, now_s
        entries = self._feed.take() if self._feed is not None else []
        model = self.model
        # Folded first: whether a failure is an alert depends on whether the model has a turn by
        # now.
        if entries:
            model.apply_all(entries)
            self._raise_alerts(entries)
            self._draw()
        self._show_sound(entries)
        self._waited_s = self._waited_s + elapsed_s if model.progress else 0.0
        self._strip.show_wait(_wait_words(self._waited_s, stoppable=model.busy))
        transcript = self._transcript
        transcript.draw_text()
        transcript.settle()
        self._ways_back.look()
        self._find_bar.look()

    @on(FindWanted)
    def _find_wanted(self) -> None:
        self.find()

    def find(self, words: str = "") -> None:
        """Look for words, to be typed unless they are given."""
        if self._transcript.display:
            self._find_bar.open(words)
        else:
            self.notify("Nothing to look through yet.", severity="warning")

    def _show_sound(self, entries: Sequence[Entry]) -> None:
        """Draw the sound after these entries; nothing here, where a replay draws its own."""

    def _raise_alerts(self, entries: Sequence[Entry]) -> None:
        """Post an alert for each failure; not in a stored session, where it is long past."""
        if self._live:
            for alert in alerts(entries, has_turns=self.spoken):
                self._announce(AlertRaised(self, alert))

    def _draw(self) -> None:
        model = self.model
        self._show_or_excuse()
        self._transcript.forget(model.take_removed())
        self._transcript.show(model.take_changed())
        self._strip.show(model)
        self._announce(PaneChanged(model))

    def _announce(self, message: Message) -> None:
        # On its way up a message ends at a parent that is its sender. The default sender is what
        # handles a message just now, here the grid on its tick: the screen would get nothing.
        self.post_message(message.set_sender(self))

    def excuse(self, words: str | Content) -> None:
        """Text in place of an empty transcript."""
        if words != self._words:
            self._words = words
            self._empty.update(words)

    @property
    def spoken(self) -> bool:
        """Whether there is a turn, or was one that was given back; notices alone are not one."""
        return self.model.gave_back or any(view.turn >= 0 for view in self.model.visible)

    def _show_or_excuse(self) -> None:
        """The transcript, or the words that stand where there is none."""
        has_turns = self.spoken
        self._transcript.display = has_turns
        self._empty.display = not has_turns
        # What is hidden cannot be focused, so a screen whose focus belongs to the transcript has
        # none until now. Where it belongs to the prompt, the first turn may come before the prompt
        # is mounted, and must not take the keys from it.
        screen = self.screen
        if self._transcript.display and screen.focused is None:
            screen.focus_next(screen.AUTO_FOCUS or "*")


def _wait_words(waited_s: float, *, stoppable: bool) -> str:
    """A question that waits for an engine to load can be taken back."""
    if waited_s < LONG_WAIT_S:
        return ""
    return f"{waited_s:.0f} s" + (" · Esc stops" if stoppable else "")
