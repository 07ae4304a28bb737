"""The lower rows of now playing: a level meter, and above it the waveform of the last seconds.

There is as much of it as there is room for: the bar alone, or with one or two rows of waveform.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.playback.ballistics import Ballistics, decibels
from tui.playback.waveform import UNDERRUN, Level, Waveform
from tui.theme.colour_names import MUTED, PLAIN, SOUND, SOUND_SOFT, TROUGH
from tui.theme.motion import Motion

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NUMBER_CELLS = 8
_ROWS_FOR_ONE = 18
_ROWS_FOR_TWO = 30
WORDS_EVERY_S = 1.0


class Meter(Widget):
    """Repaints only while something moves, and no more often than `motion` allows.

    With reduced motion it takes no room: `words` is all of it, for the strip.
    """

    DEFAULT_CSS = "Meter { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.needles = Ballistics()
        self.waveform = Waveform()
        self.motion = Motion()
        self.words = ""
        self._sounding = False
        self._just_changed = False
        self._underruns = 0
        self._since_frame_s = 0.0
        self._since_words_s = WORDS_EVERY_S
        self._stale = False

    def keep_to(self, motion: Motion) -> None:
        """Move as much as `motion` allows from now on."""
        if motion != self.motion:
            self.motion = motion
            self.words = ""
            self.refresh(layout=True)

    # --- what was heard -----------------------------------------------------------------------

    def advance(
        self,
        elapsed_s: float,
        levels: Sequence[Level] = (),
        *,
        sounding: bool,
        underruns: int = 0,
    ) -> None:
        """Let time pass, in which `levels` were measured; without sound the meter stops at once.

        `underruns` is the count so far in what sounds.
        """
        self._move_needles(elapsed_s, levels, sounding=sounding)
        self._remember(levels, underruns, sounding=sounding)
        if self.motion.reduced:
            self._say(elapsed_s)
        else:
            self._draw(elapsed_s)

    def _move_needles(self, elapsed_s: float, levels: Sequence[Level], *, sounding: bool) -> None:
        needles = self.needles
        before = needles.positions
        if not sounding:
            needles.reset()
        elif levels:
            # No peak of the tick may be missed; of RMS, which is a mean, the newest says it.
            needles.advance(elapsed_s, (max(peak for peak, _ in levels), levels[-1][1]))
        elif not needles.at_rest:
            needles.advance(elapsed_s)
        self._stale |= needles.positions != before

    def _remember(self, levels: Sequence[Level], underruns: int, *, sounding: bool) -> None:
        if sounding:
            for peak, _ in levels:
                self.waveform.add(peak)
            if underruns > self._underruns:
                self.waveform.add(UNDERRUN)
            self._stale |= bool(levels) or underruns > self._underruns
        self._underruns = underruns
        self._just_changed |= sounding is not self._sounding
        self._sounding = sounding

    def _draw(self, elapsed_s: float) -> None:
        self._since_frame_s += elapsed_s
        # Half a tick early is on time: the ticks themselves come a little late or early.
        due = self._since_frame_s + elapsed_s / 2 >= 1 / self.motion.meter_frames_hz
        # That sound begins or ends is seen at once, and not with the next level.
        if self._just_changed or (self._stale and (due or not self._sounding)):
            self._just_changed = self._stale = False
            self._since_frame_s = 0.0
            self.refresh()

    def _say(self, elapsed_s: float) -> None:
        # Words that changed with every tick could not be read.
        self._since_words_s += elapsed_s
        if self.needles.at_rest:
            self.words = ""
            self._since_words_s = WORDS_EVERY_S
        elif self._since_words_s >= WORDS_EVERY_S:
            self._since_words_s = 0.0
            self.words = _decibels(self.needles.hold)

    # --- drawing ------------------------------------------------------------------------------

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The bar, and what of the waveform its pane has room for."""
        if self.motion.reduced:
            return 0
        return 1 + (container.height >= _ROWS_FOR_ONE) + (container.height >= _ROWS_FOR_TWO)

    def render(self) -> Content:
        width, height = self.content_size
        cells = max(1, width - _NUMBER_CELLS)
        rows = self.waveform.rows(cells, height - 1, sounding=self._sounding) if height > 1 else []
        if self.needles.at_rest:
            return Content("\n").join([*rows, Content("")])
        eighths = [round(position * cells * 8) for position in self.needles.positions]
        number = Content.styled(_decibels(self.needles.hold).rjust(_NUMBER_CELLS), MUTED)
        return Content("\n").join([*rows, bar(cells, *eighths) + number])


def _decibels(position: float) -> str:
    return f"{decibels(position):.0f} dB"


def bar(cells: int, rms: int, peak: int, hold: int) -> Content:
    """A bar of `cells` cells: RMS solid, from there to the peak softer, a mark at the hold.

    The three lengths are in eighths of a cell.
    """
    # A cell has one foreground and one background. The last cell of RMS needs its foreground for
    # the eighths that are solid, so the peak, which would share that cell, shows as background
    # only; and the peak ends at a whole cell, for there is no third colour to divide one.
    solid, part = divmod(rms, 8)
    peak_cells = max(solid + (1 if part else 0), -(-peak // 8))
    pieces: list[tuple[str, str]] = [("█" * solid, SOUND)]
    used = solid
    if part:
        behind = SOUND_SOFT if peak_cells > solid + 1 else TROUGH
        pieces.append((_EIGHTHS[part], f"{SOUND} on {behind}"))
        used += 1
    if peak_cells > used:
        soft = min(peak_cells, cells) - used
        pieces.append((" " * soft, f"on {SOUND_SOFT}"))
        used += soft
    mark = min(cells - 1, hold // 8)
    if hold and mark >= used:
        pieces.append((" " * (mark - used), f"on {TROUGH}"))
        pieces.append(("▏", f"{PLAIN} on {TROUGH}"))
        used = mark + 1
    pieces.append((" " * (cells - used), f"on {TROUGH}"))
    return Content.assemble(*(piece for piece in pieces if piece[0]))
