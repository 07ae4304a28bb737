"""The row above the strip of sound: state in words, place in the sound, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from gramophone.core.timeline import MUTED as MUTED_DEVICE
from tui.support.formatting import clock, seconds
from tui.theme.colour_names import ACCENT, MUTED, PLAIN, SOUND
from tui.transcript.model import TranscriptModel
from tui.transcript.playback_fold import SoundState, SoundView

_STATES = {
    SoundState.IDLE: ("○ idle", MUTED),
    SoundState.SPEAKING: ("▶ speaking", f"bold {SOUND}"),
    SoundState.STOPPED: ("■ stopped", PLAIN),
}

_LOADS = "… "
AUDIBLE_GAP_S = 0.5
"""Missing sound of an answer that a listener has noticed; less is for the latency view."""


class NowPlaying(Widget):
    """State of the speaker in words, and facts at the right; `show` has to be called on changes."""

    DEFAULT_CSS = "NowPlaying { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._left = Content("")
        self._right: list[str] = []
        self._controls: list[Content] = []
        self._wait = ""

    def show(self, model: TranscriptModel) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        self.take_over(_left(model), _right(model.sound, stored=model.stored))

    def take_over(self, left: Content, right: list[str], controls: Sequence[Content] = ()) -> None:
        """Show these words from now on; repaints only if they differ.

        `controls` are ways to write the same, the longest first; facts make room for them.
        """
        content = (left, right, list(controls))
        if content != (self._left, self._right, self._controls):
            self._left, self._right, self._controls = content
            self.refresh()

    def show_wait(self, words: str) -> None:
        """Show for how long something has been loading, where that is long enough to wonder."""
        if words != self._wait:
            self._wait = words
            self.refresh()

    def render(self) -> Content:
        left = self._left
        if self._wait and left.plain.startswith(_LOADS):
            left += Content.styled(f"  {self._wait}", MUTED)
        words = [Content.styled(fact, MUTED) for fact in self._right]
        for controls in ([control] for control in self._controls):
            if (row := self._row(left, words, controls)) is not None:
                return row
        return self._row(left, words, []) or left.truncate(self.size.width, ellipsis=True)

    def _row(self, left: Content, facts: list[Content], controls: list[Content]) -> Content | None:
        """A row with as many facts as there is room for; None where not even the controls fit."""
        for count in range(len(facts), -1, -1):
            right = Content("  ").join([*facts[:count], *controls])
            gap = self.size.width - left.cell_length - right.cell_length
            if right and gap >= 2:
                return left + Content(" " * gap) + right
        return None


def _left(model: TranscriptModel) -> Content:
    sound = model.sound
    if sound.state is SoundState.IDLE and model.progress:
        subject, detail = next(reversed(model.progress.items()))
        return Content.styled(_LOADS, ACCENT) + Content(f"{subject}: {detail}")
    words, style = _STATES[sound.state]
    left = Content.styled(words, style)
    if sound.state is not SoundState.IDLE and sound.turn is not None:
        left += Content(f"  {clock(sound.position_s)} / {clock(sound.known_s)}")
    return left


def _right(sound: SoundView, *, stored: bool) -> list[str]:
    facts: list[str] = []
    if sound.muted:
        unheard = "recorded, not heard" if stored else "not heard"
        facts.append("muted" if sound.device_detail == MUTED_DEVICE else unheard)
    elif sound.silent and sound.device_detail:
        facts.append("no sound device: silent")
    if sound.missing_s >= AUDIBLE_GAP_S:
        facts.append(f"gaps of {seconds(sound.missing_s)}")
    return facts
