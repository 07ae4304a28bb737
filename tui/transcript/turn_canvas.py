"""The rows of a stack of turns, painted at the scroll offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip

from tui.transcript.instant_scroll import InstantScroll
from tui.transcript.row_numbers import ROWS_OF_A_TURN
from tui.transcript.turn_stack import TurnStack

if TYPE_CHECKING:
    from tui.markdown.paint import Painter


class TurnCanvas(InstantScroll):
    """Paints turns under each other; nothing here changes them."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = TurnStack()
        self._painter: Painter | None = None
        self._drawn: dict[int, Strip] = {}
        self._drawn_for: tuple[object, ...] = ()

    # A row is painted once for as long as it looks the same. Textual asks for rows more often
    # than that: its compositor collects one region a frame, and asks every widget between two
    # that have changed for its rows, so with four panes each frame asks for all rows of all of
    # them. `_drawn` holds finished rows by their line in the view; it holds as long as the theme,
    # the selection, the size and the scroll offset do, and `_set_dirty` takes out the lines that
    # a refresh names. Below it each turn keeps strips of its own, which scrolling does not lose.

    def render_lines(self, crop: Region) -> list[Strip]:
        """Give rows to the screen as they are: there is no border and no padding to draw."""
        painter = self._current_painter()
        selection = self.text_selection
        filters = self.get_line_filters()
        background = self.background_colors[1]
        look = painter, selection, tuple(filters), background, self.size, self.scroll_offset
        if look != self._drawn_for:
            self._drawn_for = look
            self._drawn.clear()
        strips: list[Strip] = []
        for y in crop.line_range:
            strip = self._drawn.get(y)
            if strip is None:
                strip = self._strip(y, painter, selection)
                for line_filter in filters:
                    strip = strip.apply_filter(line_filter, background)
                self._drawn[y] = strip
            strips.append(strip)
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._drawn.clear()
        for region in regions:
            for y in region.line_range:
                self._drawn.pop(y, None)

    def render_line(self, y: int) -> Strip:
        return self._strip(y, self._current_painter(), self.text_selection)

    def _strip(self, y: int, painter: Painter, selection: Selection | None) -> Strip:
        turns = self._turns
        line = self.scroll_offset.y + y
        turn = turns.index_at(line)
        index = line - turns.tops[turn] if turn < len(turns.tops) else -1
        if not 0 <= index < (turns.layouts[turn].height if turns.layouts else 0):
            return Strip.blank(self.size.width, painter.style(""))
        span = selection.get_span(turn * ROWS_OF_A_TURN + index) if selection else None
        strip = turns.layouts[turn].strip(index, turn, painter, span)
        return strip.adjust_cell_length(self.size.width, painter.style(""))

    def _current_painter(self) -> Painter:
        from tui.markdown.paint import Painter

        painter = self._painter
        if painter is None or painter.base != self.visual_style:
            painter = self._painter = Painter(self.visual_style, self.selection_style)
            self._turns.repaint()
        return painter

    def notify_style_update(self) -> None:
        self._painter = None
        super().notify_style_update()
