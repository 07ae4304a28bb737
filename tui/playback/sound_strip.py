"""The strip of sound: a waveform, the position in it, and the level that is heard there.

What was played is solid, what waits is dim, and at the seam between the two stands a needle whose
level is that of the sound. A conversation and a replay show the same strip, of an answer as it
comes or of a whole session; in a replay it is clicked and dragged to seek.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from tui.messages import SeekWanted
from tui.playback.braille import NO_SOUND, highest, needle, wave
from tui.playback.waveform import (
    Waveform,
    amplitude_at,
    amplitudes,
    column_at,
    position_at,
    stops,
)
from tui.theme.colour_names import ACCENT, MUTED, PLAIN, SOUND, TO_COME
from tui.theme.motion import FRAMES_HZ, Motion

INSET: Final = 2
"""Cells at either side: the strip begins where the text does."""
CROWDED: Final = 3
"""Cells that each turn needs. With more turns the marks would be a line: none are drawn."""
JUMP_US: Final = 1_000_000
"""A position that goes further than this, or back, was set: it is seen at once."""

_ROWS_FOR: Final = ((30, 4), (18, 3), (12, 2))
_STILL_FRAMES_HZ: Final = 1
_MARK: Final = "╹"


class Moment(NamedTuple):
    """State of a sound: the position in it, whether it plays now, and whether it is heard."""

    position_us: int = 0
    playing: bool = False
    audible: bool = True


class SoundStrip(Widget):
    """One to four rows by the height of what it stands in; with `seekable`, a row of turns below.

    `show` has to be called with each frame, 15 times a second at most. Only the cells are painted
    that the position has gone over.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = "SoundStrip { height: auto; }"

    def __init__(self, *, seekable: bool = False) -> None:
        super().__init__(classes="-empty")
        self.seekable = seekable
        self.motion = Motion()
        self._waveform = Waveform()
        self._is_new = False
        self._moment = Moment()
        self._credit = 0
        self._drawn: tuple[int, int, bool, bool] = (0, NO_SOUND, False, True)
        self._drawn_size = Size()
        self._wave: tuple[tuple[int, int], list[str]] | None = None
        self._styles: dict[str, RichStyle] = {}

    # --- state --------------------------------------------------------------------------------

    def show(self, waveform: Waveform, moment: Moment) -> None:
        """Take over what is to be seen, and repaint what differs, as often as `motion` allows."""
        before, self._moment = self._moment, moment
        if waveform is not self._waveform and waveform != self._waveform:
            self._waveform, self._wave, self._is_new = waveform, None, True
            self.set_class(not waveform.duration_us, "-empty")
        # A position that only went on is drawn when the next frame is due, all else at once.
        self._credit = min(FRAMES_HZ, self._credit + self._frames_hz)
        went_on = before.playing and 0 <= moment.position_us - before.position_us < JUMP_US
        if went_on and moment.playing:
            if self._credit < FRAMES_HZ:
                return
            self._credit = 0
        self._repaint()

    @property
    def _frames_hz(self) -> int:
        return _STILL_FRAMES_HZ if self.motion.reduced else self.motion.meter_frames_hz

    def _repaint(self) -> None:
        """Draw the cells between the position as it was drawn and as it is now."""
        before, drawn = self._drawn, self._look()
        if self._is_new or drawn[2:] != before[2:]:
            self._drawn, self._is_new = drawn, False
            self.refresh()
            return
        if drawn == before:
            return
        self._drawn = drawn
        first, last = sorted((before[0], drawn[0]))
        self.refresh(Region(INSET + first, 0, last - first + 1, self._wave_rows))

    def _look(self) -> tuple[int, int, bool, bool]:
        """Cell of the position, level there, and whether the sound plays and is heard."""
        moment, waveform, cells = self._moment, self._waveform, self._cells
        if not waveform.duration_us:
            return 0, NO_SOUND, False, True
        cell = column_at(moment.position_us, waveform.duration_us, cells)
        level = NO_SOUND
        if moment.playing and moment.audible and not self.motion.reduced:
            level = amplitude_at(waveform, moment.position_us, highest(self._wave_rows))
        return cell, level, moment.playing, moment.audible

    # --- size ---------------------------------------------------------------------------------

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows that there is room for, and one for the turns of a session."""
        rows = next((rows for height, rows in _ROWS_FOR if container.height >= height), 1)
        return rows + (self.seekable and rows > 1)

    @property
    def _cells(self) -> int:
        return max(0, self.size.width - 2 * INSET)

    @property
    def _wave_rows(self) -> int:
        rows = self.size.height
        return max(1, rows - (self.seekable and rows > 1))

    # --- drawing ------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give rows to the screen as they are: there is no border and no padding to draw."""
        filters, background = self.get_line_filters(), self.background_colors[1]
        strips: list[Strip] = []
        for y in crop.line_range:
            strip = self.render_line(y)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, background)
            strips.append(strip)
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        if self._drawn_size != self.size:
            # Cell and level are counted in the size they were drawn at, maybe a larger one.
            self._drawn, self._drawn_size = self._look(), self.size
        width, cells, rows = self.size.width, self._cells, self._wave_rows
        margin = Segment(" " * min(INSET, width), self._style(""))
        if y < rows:
            segments = self._wave_row(y, rows)
        else:
            marked = self._marked(cells)
            ticks = "".join(_MARK if cell in marked else " " for cell in range(cells))
            segments = [Segment(ticks, self._style(ACCENT))]
        strip = Strip([margin, *segments])
        return strip.adjust_cell_length(width, self._style(""))

    def _wave_row(self, row: int, rows: int) -> list[Segment]:
        cells = self._wave_cells(rows)[row]
        cell, level, playing, audible = self._drawn
        solid = SOUND if audible and (playing or self.seekable) else MUTED
        played, to_come = self._style(solid), self._style(TO_COME)
        if not self._waveform.duration_us:
            return [Segment(cells, to_come)]
        segments = [Segment(cells[:cell], played), Segment(cells[cell + 1 :], to_come)]
        if playing or self.seekable:
            mark = needle(level, rows)[row]
            segments.insert(1, Segment(mark, self._style(f"bold {PLAIN}")))
        else:
            segments.insert(1, Segment(cells[cell : cell + 1], played))
        marked = self._marked(self._cells) if self.seekable and rows == 1 else frozenset[int]()
        return segments if not marked else self._with_marks(segments, marked)

    def _with_marks(self, segments: list[Segment], marked: frozenset[int]) -> list[Segment]:
        """Write the beginnings of turns into the row itself, which is the only one."""
        accent = self._style(ACCENT)
        result: list[Segment] = []
        at = 0
        for number, segment in enumerate(segments):
            for character in segment.text:
                is_marked = at in marked and number != 1
                result.append(
                    Segment(_MARK, accent) if is_marked else Segment(character, segment.style)
                )
                at += 1
        return list(Segment.simplify(result))

    def _wave_cells(self, rows: int) -> list[str]:
        # The position moves many times a second; the waveform is reduced once for each size.
        size = (self._cells, rows)
        if self._wave is None or self._wave[0] != size:
            columns = amplitudes(self._waveform, 2 * self._cells, highest(rows))
            self._wave = (size, wave(columns, rows))
        return self._wave[1]

    def _marked(self, cells: int) -> frozenset[int]:
        cell_of = partial(column_at, duration_us=self._waveform.duration_us, columns=cells)
        starts = [cell_of(stop_us) for stop_us in stops(self._waveform.marks)]
        return frozenset(starts if len(starts) <= cells // CROWDED else ())

    def _style(self, ink: str) -> RichStyle:
        style = self._styles.get(ink)
        if style is None:
            style = self._styles[ink] = (self.visual_style + Style.parse(ink)).rich_style
        return style

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    # --- the mouse ----------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.seekable:
            self.capture_mouse()
            self._seek(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._seek(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _seek(self, event: events.MouseEvent) -> None:
        if self._waveform.duration_us:
            cell = event.get_content_offset_capture(self).x - INSET
            position_us = position_at(cell, self._waveform.duration_us, self._cells)
            self.post_message(SeekWanted(position_us))
