"""Turns one under the other; follows the end unless the user reads above.

One widget draws all of them, line by line: what streams never asks Textual for a layout.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.support.garbage import collector
from tui.transcript.row_numbers import ALL, ROWS_OF_A_TURN
from tui.transcript.turn_view import TurnView

if TYPE_CHECKING:
    from tui.markdown.paint import Painter
    from tui.transcript.turn_layout import TurnLayout


class TurnScroll(ScrollView):
    """Draws the turns it is shown. Those far from the view are at rest."""

    DEFAULT_CSS = "TurnScroll { overflow-x: hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self._sheets: list[TurnLayout] = []
        self._places: dict[int, int] = {}
        self._tops: list[int] = []
        self._height = 0
        self._width = 0
        self._lead = 0
        self._growing: dict[int, None] = {}
        self._awake: dict[int, None] = {}
        self._follows = True
        self._moving = False
        self._hidden = False
        self._height_when_left = 0
        self._settled_for: tuple[object, ...] | None = None
        self._painter: Painter | None = None
        self._drawn: dict[int, Strip] = {}
        self._drawn_for: tuple[object, ...] = ()

    # --- turns --------------------------------------------------------------------------------

    def show(self, changed: Sequence[TurnView]) -> None:
        """Draw what has changed."""
        # With the first turn, not with the first frame.
        from tui.transcript.turn_layout import TurnLayout

        first, row = len(self._sheets), ALL
        for view in changed:
            place = self._places.setdefault(view.turn, len(self._sheets))
            if place == len(self._sheets):
                self._sheets.append(TurnLayout(view, self._width))
                changed_from = 0
            elif self._sheets[place].view is not view:
                self._sheets[place] = TurnLayout(view, self._width)
                changed_from = 0
            else:
                changed_from = self._sheets[place].refresh()
            if rows := self._sheets[place].hear():
                self._repaint(place, *rows)
            if not self._sheets[place].settled:
                self._growing[place] = None
            if changed_from != ALL and place <= first:
                first, row = place, changed_from if place < first else min(row, changed_from)
        if row != ALL:
            self._redraw(first, row)

    def forget(self, gone: Sequence[int]) -> None:
        """Take these turns away: the source went back to before them."""
        places = {self._places.pop(turn) for turn in gone if turn in self._places}
        if not places:
            return
        kept = [place for place in range(len(self._sheets)) if place not in places]
        now = {old: new for new, old in enumerate(kept)}
        self._sheets = [self._sheets[place] for place in kept]
        self._places = {turn: now[place] for turn, place in self._places.items()}
        self._growing = {now[place]: None for place in self._growing if place in now}
        self._awake = {now[place]: None for place in self._awake if place in now}
        for sheet in self._sheets[min(places) :]:
            sheet.repaint()
        self._settled_for = None
        self._redraw(min(places), 0)

    def draw_text(self) -> None:
        """One step of bringing text on the screen, for the turns that have some to come."""
        for place in list(self._growing):
            sheet = self._sheets[place]
            anchor = self._anchor(place)
            row = sheet.draw_text()
            self._awake[place] = None
            if sheet.settled:
                del self._growing[place]
            if row != ALL:
                self._measure(place)
                self._stay(place, anchor)
                self._redraw(place, row)

    def clear(self, *, follow: bool) -> None:
        """Begin anew: at the end as it grows, or at the top to be read."""
        self._sheets.clear()
        self._places.clear()
        self._growing.clear()
        self._awake.clear()
        self._settled_for = None
        collector.text_has_ended()
        self._follows = follow
        self._redraw(0, 0)

    def on_unmount(self) -> None:
        """Let go of the rows now: a screen that is left ends only when the collector finds it."""
        self._sheets.clear()
        collector.text_has_ended()

    @property
    def settled(self) -> bool:
        """Whether all text that has come is on the screen."""
        return not self._growing

    @property
    def at_hand(self) -> list[int]:
        """The turns that are not at rest."""
        return [self._sheets[place].view.turn for place in self._awake]

    # --- heights ------------------------------------------------------------------------------

    def _redraw(self, place: int, row: int) -> None:
        """From this row of this turn on, things are different."""
        self._measure(place)
        if not self.size.height:
            self._hidden = True
            return
        self._move(self._height if self._follows else None)
        if self._wake_the_view():
            self.refresh()
            return
        first = self._tops[place] + row if place < len(self._tops) else self._height
        top = max(0, first - self.scroll_offset.y)
        if top < self.size.height:
            self.refresh(Region(0, top, self.size.width, self.size.height - top))

    def _repaint(self, place: int, first: int, last: int) -> None:
        """These rows of this turn look different; nothing has moved."""
        if place < len(self._tops):
            above = self._tops[place] - self.scroll_offset.y
            top, bottom = max(0, above + first), min(self.size.height, above + last + 1)
            if top < bottom:
                self.refresh(Region(0, top, self.size.width, bottom - top))

    def _measure(self, place: int) -> None:
        """Where the turns from `place` on stand."""
        tops = self._tops
        if not place:
            bottom = self._lead
        else:
            bottom = tops[place] if place < len(tops) else self._height
        del tops[place:]
        for sheet in self._sheets[place:]:
            tops.append(bottom)
            bottom += sheet.height
        self._height = bottom

    def _move(self, y: float | None) -> None:
        """Take over the height, and go to `y` without this being the user's doing."""
        self._moving = True
        size = Size(self.size.width, self._height)
        if size != self.virtual_size:
            # Assigned, it would ask for a layout of the whole screen.
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]
            self._scroll_update(size)
        if y is not None:
            self.scroll_target_y = self.scroll_y = y
        self._moving = False

    def _wake_the_view(self) -> bool:
        """Have the rows in view at hand. Heights were guesses: whether one was wrong."""
        place = self._place_at(self.scroll_offset.y)
        found = False
        while place < len(self._sheets):
            if self._tops[place] >= self.scroll_offset.y + self.size.height:
                break
            if self._wake(place):
                found = True
                place = self._place_at(self.scroll_offset.y)
            else:
                place += 1
        return found

    def _wake(self, place: int) -> bool:
        """Have the rows of this turn at hand. Whether the guess of its height was wrong."""
        sheet = self._sheets[place]
        height = sheet.height
        if sheet.asleep:
            sheet.wake()
            self._awake[place] = None
            if not sheet.settled:
                self._growing[place] = None
        grown = sheet.height - height
        if grown:
            self._measure(place)
            top = self.scroll_offset.y
            above = self._tops[place] < top
            self._move(self._height if self._follows else top + grown if above else None)
        anchor = self._anchor(place)
        first = self.scroll_offset.y - self._tops[place]
        if sheet.lay_out(first, first + self.size.height) == ALL:
            return grown != 0
        self._measure(place)
        self._stay(place, anchor)
        return True

    def _anchor(self, place: int) -> tuple[int, int]:
        """What stands at the top of the view, or how high the turn is that ends above it."""
        if place >= len(self._tops):
            return -1, 0
        sheet, into = self._sheets[place], self.scroll_offset.y - self._tops[place]
        if into <= 0:
            return -1, 0
        if into >= sheet.text_bottom:
            return -1, sheet.height
        source = sheet.source_of(into)
        return source, sheet.row_of_source(source)

    def _stay(self, place: int, anchor: tuple[int, int]) -> None:
        """Keep in place what stands in the view when rows above it have become more or less."""
        if self._follows or not self.size.height:
            self._move(self._height if self.size.height else None)
            return
        source, before = anchor
        sheet = self._sheets[place]
        now = sheet.row_of_source(source) if source >= 0 else sheet.height if before else 0
        self._move(self.scroll_offset.y + now - before if now != before else None)

    def _place_at(self, line: int) -> int:
        """Which turn has this line, or the last one that is seen."""
        place = max(0, bisect_right(self._tops, line) - 1)
        while place > 0 and not self._sheets[place].height:
            place -= 1
        return place

    def settle(self) -> None:
        """Put answers to rest that are far from the view."""
        seen = (self.scroll_offset.y, self.size, self._height, len(self._awake))
        if seen == self._settled_for:
            return
        self._settled_for = seen
        near_top = self.scroll_offset.y - 2 * self.size.height
        near_bottom = self.scroll_offset.y + 3 * self.size.height
        for place in list(self._awake):
            sheet, top = self._sheets[place], self._tops[place]
            if (top > near_bottom or top + sheet.height < near_top) and sheet.can_rest:
                sheet.rest()
                del self._awake[place]

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if (changed or self._hidden) and size.height:
            self._hidden = False
            self._resized()
        return changed

    def _resized(self) -> None:
        """Lay out what is at hand anew; what stood at the top stays there."""
        top = self.scroll_offset.y
        place = self._place_at(top)
        into = top - self._tops[place] if place < len(self._tops) else 0
        lead = 0 if self.screen.has_class("-short") else 1
        width = max(1, self.size.width - self.styles.scrollbar_size_vertical)
        source = self._sheets[place].source_of(into) if place < len(self._sheets) else 0
        if (lead, width) != (self._lead, self._width):
            self._lead, self._width = lead, width
            for each, sheet in enumerate(self._sheets):
                sheet.widen(width)
                if not sheet.settled:
                    self._growing[each] = None
            self._measure(0)
            if into > 0 and place < len(self._sheets):
                into = self._sheets[place].row_of_source(source)
        stood_at = self._tops[place] + into if place < len(self._tops) else 0
        self._move(self._height if self._follows else min(top, stood_at) if not top else stood_at)
        self._wake_the_view()

    # --- following ----------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        return self._follows or self.scroll_offset.y >= self.max_scroll_y

    @property
    def new_lines(self) -> int:
        """Lines that came since the user went up to read."""
        return max(0, self._height - self._height_when_left) if self._height_when_left else 0

    def action_follow(self) -> None:
        self._follows = True
        self._height_when_left = 0
        self._move(self._height)
        self._wake_the_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving:
            return
        at_end = new_value >= self.max_scroll_y
        if at_end:
            self._height_when_left = 0
        elif self._follows:
            self._height_when_left = self._height
        self._follows = at_end
        self._wake_the_view()

    # --- scrolling: at once, for a way that is animated ends where heights were guessed ----------

    def _go(self, y: float) -> None:
        self.scroll_to(y=y, animate=False)

    def action_scroll_up(self) -> None:
        self._go(self.scroll_offset.y - 1)

    def action_scroll_down(self) -> None:
        self._go(self.scroll_offset.y + 1)

    def action_page_up(self) -> None:
        self._go(self.scroll_offset.y - self.size.height)

    def action_page_down(self) -> None:
        self._go(self.scroll_offset.y + self.size.height)

    def action_scroll_home(self) -> None:
        self._go(0)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1)

    def _turn_wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.prevent_default()
        event.stop()
        self._go(self.scroll_offset.y + direction * self.app.scroll_sensitivity_y)

    # --- painting -----------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows go to the screen as they are: there is no border and no padding to draw.

        What another widget's frame asks for again is given as it was."""
        painter = self._the_painter()
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
                for each in filters:
                    strip = strip.apply_filter(each, background)
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
        return self._strip(y, self._the_painter(), self.text_selection)

    def _strip(self, y: int, painter: Painter, selection: Selection | None) -> Strip:
        line = self.scroll_offset.y + y
        place = self._place_at(line)
        index = line - self._tops[place] if place < len(self._tops) else -1
        if not 0 <= index < (self._sheets[place].height if self._sheets else 0):
            return Strip.blank(self.size.width, painter.style(""))
        span = selection.get_span(place * ROWS_OF_A_TURN + index) if selection else None
        strip = self._sheets[place].strip(index, place, painter, span)
        return strip.adjust_cell_length(self.size.width, painter.style(""))

    def _the_painter(self) -> Painter:
        from tui.markdown.paint import Painter

        painter = self._painter
        if painter is None or painter.base != self.visual_style:
            painter = self._painter = Painter(self.visual_style, self.selection_style)
            for sheet in self._sheets:
                sheet.repaint()
        return painter

    def notify_style_update(self) -> None:
        self._painter = None
        super().notify_style_update()
