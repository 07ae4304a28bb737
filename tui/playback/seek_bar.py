"""The seek bar: the waveform of the whole session, and the position in it."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.messages import SeekWanted
from tui.playback.eighth_blocks import cell, row_of
from tui.playback.session_waveform import (
    SessionWaveform,
    column_at,
    heights,
    loudness,
    position_at,
    stops,
)
from tui.theme.colour_names import ACCENT, GRID, PLAIN, SOUND, TO_COME

CROWDED = 3
"""Columns that each turn needs. With more turns the marks would be a line: none are drawn."""

_MARK = "╹"


class SeekBar(Widget):
    """Heights in eighth blocks; played solid, the rest dim. Below it, where there is room, a row
    with a tick where each turn begins; in a single row the ticks stand in it."""

    ALLOW_SELECT = False

    DEFAULT_CSS = "SeekBar { height: 3; }"

    def __init__(self) -> None:
        super().__init__()
        self._waveform = SessionWaveform()
        self._position_us = 0
        self._drawn: tuple[object, ...] = ()
        self._heights: tuple[tuple[int, int], list[int]] | None = None

    def show(self, waveform: SessionWaveform, position_us: int) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        if waveform != self._waveform:
            self._waveform, self._heights = waveform, None
        self._position_us = position_us
        drawn = (self._waveform, self._here)
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    @property
    def _here(self) -> int:
        return column_at(self._position_us, self._waveform.duration_us, self.size.width)

    # --- drawing ------------------------------------------------------------------------------

    def render(self) -> Content:
        columns, rows = self.size.width, self.size.height
        if not columns or not rows or not self._waveform.duration_us:
            return Content("")
        marked = self._marked(columns)
        if rows == 1:
            return self._row(0, 1, marked)
        wave = [self._row(row, rows - 1, frozenset()) for row in range(rows - 1)]
        ticks = "".join(_MARK if column in marked else " " for column in range(columns))
        return Content("\n").join([*wave, Content.styled(ticks, ACCENT)])

    def _row(self, row: int, rows: int, marked: frozenset[int]) -> Content:
        """One row of the waveform, counted from the top."""
        column_heights = self._column_heights(rows)
        here = self._here
        above = rows - 1 - row
        pieces: list[tuple[str, str]] = []
        for column, height in enumerate(column_heights):
            mark = cell(height, above)
            style = SOUND if column < here else TO_COME
            if not height and not above:
                mark, style = cell(1, 0), (SOUND if column < here else GRID)
            if column == here:
                mark, style = "┃", f"bold {PLAIN}"
            elif column in marked:
                mark, style = _MARK, ACCENT
            pieces.append((mark, style))
        return row_of(pieces)

    def _column_heights(self, rows: int) -> list[int]:
        size = (self.size.width, rows)
        # The position moves many times a second; the waveform is reduced once for each size.
        if self._heights is None or self._heights[0] != size:
            self._heights = (size, heights(loudness(self._waveform, self.size.width), rows))
        return self._heights[1]

    def _marked(self, columns: int) -> frozenset[int]:
        columns_of_stops = [
            column_at(stop_us, self._waveform.duration_us, columns)
            for stop_us in stops(self._waveform.marks)
        ]
        return frozenset(columns_of_stops if len(columns_of_stops) <= columns // CROWDED else ())

    # --- the mouse ----------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._seek(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._seek(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _seek(self, event: events.MouseEvent) -> None:
        if self._waveform.duration_us:
            column = event.get_content_offset_capture(self).x
            position_us = position_at(column, self._waveform.duration_us, self.size.width)
            self.post_message(SeekWanted(position_us))
