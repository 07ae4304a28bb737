"""The upper row of now playing: state in words, place in the sound, what went wrong."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.colours import ACCENT, MUTED, PLAIN, SOUND
from tui.facts import clock, counted
from tui.transcript_model import SoundState, SoundView, TranscriptModel

_STATES = {
    SoundState.IDLE: ("○ idle", MUTED),
    SoundState.SPEAKING: ("▶ speaking", f"bold {SOUND}"),
    SoundState.STOPPED: ("■ stopped", PLAIN),
}

_LOADS = "… "


class Strip(Widget):
    """Drawn from a model; told when it has changed."""

    DEFAULT_CSS = "Strip { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._left = Content("")
        self._right: list[str] = []
        self._level = ""
        self._wait = ""

    def show(self, model: TranscriptModel) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        self.take_over(_left(model), _right(model.sound))

    def take_over(self, left: Content, right: list[str]) -> None:
        """These words from now on; repaints only if they differ."""
        if left != self._left or right != self._right:
            self._left, self._right = left, right
            self.refresh()

    def show_level(self, words: str) -> None:
        """How loud it is, where no meter shows it."""
        if words != self._level:
            self._level = words
            self.refresh()

    def show_wait(self, words: str) -> None:
        """How long something loads by now, where it takes long enough to wonder."""
        if words != self._wait:
            self._wait = words
            self.refresh()

    def render(self) -> Content:
        left = self._left
        if self._wait and left.plain.startswith(_LOADS):
            left += Content.styled(f"  {self._wait}", MUTED)
        facts = [*self._right, *([self._level] if self._level else [])]
        while facts:
            right = "  ".join(facts)
            gap = self.size.width - left.cell_length - len(right)
            if gap >= 2:
                return left + Content(" " * gap) + Content.styled(right, MUTED)
            facts.pop()
        return left.truncate(self.size.width, ellipsis=True)


def _left(model: TranscriptModel) -> Content:
    sound = model.sound
    if sound.state is SoundState.IDLE and model.progress:
        what, detail = next(reversed(model.progress.items()))
        return Content.styled(_LOADS, ACCENT) + Content(f"{what}: {detail}")
    words, style = _STATES[sound.state]
    left = Content.styled(words, style)
    if sound.state is not SoundState.IDLE and sound.turn is not None:
        left += Content(f"  {clock(sound.position_s)} / {clock(sound.known_s)}")
    return left


def _right(sound: SoundView) -> list[str]:
    facts: list[str] = []
    if sound.silent and sound.device_detail:
        facts.append("no sound device: silent")
    if sound.underruns:
        facts.append(counted(sound.underruns, "underrun"))
    return facts
