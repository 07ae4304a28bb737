"""The lower row of now playing: how loud it is, in eighth blocks."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.colours import MUTED, PLAIN, SOUND, SOUND_SOFT, TROUGH
from tui.widgets.ballistics import Ballistics, decibels

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NUMBER_CELLS = 8


class Meter(Widget):
    """Repaints only while its needles move."""

    DEFAULT_CSS = "Meter { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.needles = Ballistics()
        self._drawn: tuple[int, int, int] = (0, 0, 0)

    def advance(
        self, elapsed_s: float, level: tuple[float, float] | None, *, sounding: bool
    ) -> None:
        """Let time pass; without sound the meter stops at once."""
        needles = self.needles
        if not sounding:
            if needles.at_rest:
                return
            needles.reset()
        elif level is None and needles.at_rest:
            return
        else:
            needles.advance(elapsed_s, level)
        drawn = self._eighths()
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def _eighths(self) -> tuple[int, int, int]:
        cells = max(1, self.size.width - _NUMBER_CELLS)
        needles = self.needles
        return (
            round(needles.rms * cells * 8),
            round(needles.peak * cells * 8),
            round(needles.hold * cells * 8),
        )

    def render(self) -> Content:
        if self.needles.at_rest:
            return Content("")
        cells = max(1, self.size.width - _NUMBER_CELLS)
        return bar(cells, *self._eighths()) + self._number()

    def _number(self) -> Content:
        number = f"{decibels(self.needles.hold):.0f} dB"
        return Content.styled(number.rjust(_NUMBER_CELLS), MUTED)


def bar(cells: int, rms: int, peak: int, hold: int) -> Content:
    """`cells` cells: RMS solid, the way from there to the peak softer, a mark at the hold.

    The three lengths are in eighths of a cell.
    """
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
