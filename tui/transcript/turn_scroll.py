"""The turns of a pane on the screen; follows the voice, or the end, unless the user reads above.

One widget draws all of them, row by row: what streams never asks Textual for a layout
(docs/adr/0008-transcript-lines.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region, Size

from tui.support.garbage import collector
from tui.transcript.row_numbers import ALL
from tui.transcript.turn_canvas import TurnCanvas
from tui.transcript.turn_stack import Anchor
from tui.transcript.turn_view import TurnView
from tui.transcript.view_follow import Follow, ViewFollow, top_with_row


class TurnScroll(TurnCanvas):
    """Draws turns under each other. Those far from the view are at rest."""

    def __init__(self) -> None:
        super().__init__()
        self._follow = ViewFollow()
        self._out_of_sight = False
        self._height_when_left = 0
        self._settled_for: tuple[object, ...] | None = None

    # --- turns --------------------------------------------------------------------------------

    def show(self, changed: Sequence[TurnView]) -> None:
        """Draw the turns that have changed."""
        first: tuple[int, int] | None = None
        for view in changed:
            is_new = view.turn not in self._turns.index_of
            self._follow.show(view, is_new=is_new, end_in_view=self.end_in_view)
            change = self._turns.show(view)
            if change.repainted is not None:
                self._repaint(change.turn_index, *change.repainted)
            if change.changed_from != ALL:
                position = change.turn_index, change.changed_from
                first = position if first is None else min(first, position)
        if first is not None:
            self._redraw(*first)
        self._go_along_with_voice()

    def forget(self, turns: Sequence[int]) -> None:
        """Take these turns away: the source went back to before them."""
        for turn in turns:
            self._follow.forget(turn)
        first = self._turns.remove(turns)
        if first is not None:
            self._settled_for = None
            self._redraw(first, 0)

    def draw_text(self) -> None:
        """One step of bringing text on the screen, for the turns that have some to come."""
        turns = self._turns
        for index in list(turns.growing):
            anchor = turns.anchor(index, self.scroll_offset.y)
            row = turns.draw_text(index)
            if row != ALL:
                turns.measure(index)
                self._hold(index, anchor)
                self._redraw(index, row)
                self._go_along_with_voice()

    def clear(self, *, follow: bool) -> None:
        """Begin with no turns: at the end as it grows, or at the top to be read."""
        self._turns.clear()
        self._settled_for = None
        collector.text_has_ended()
        self._follow.clear(follow=follow)
        self._redraw(0, 0)

    def on_unmount(self) -> None:
        """Let go of the rows now: a screen that is left ends only when the collector finds it."""
        self._turns.layouts.clear()
        collector.text_has_ended()

    @property
    def settled(self) -> bool:
        """Whether all text that has come is on the screen."""
        return not self._turns.growing

    @property
    def awake_turns(self) -> list[int]:
        """The turns that are not at rest."""
        return [self._turns.layouts[index].view.turn for index in self._turns.awake]

    # --- drawing what has changed -------------------------------------------------------------

    def _redraw(self, index: int, row: int) -> None:
        """Draw everything from this row of this turn on: it has changed or has moved."""
        turns = self._turns
        turns.measure(index)
        if not self.size.height:
            self._out_of_sight = True
            return
        self.adjust(turns.height, turns.height if self._follow.follows_end else None)
        if self._wake_the_view():
            self.refresh()
            return
        first = turns.tops[index] + row if index < len(turns.tops) else turns.height
        top = max(0, first - self.scroll_offset.y)
        if top < self.size.height:
            self.refresh(Region(0, top, self.size.width, self.size.height - top))

    def _repaint(self, index: int, first: int, last: int) -> None:
        """Draw these rows of this turn: they look different, and nothing has moved."""
        tops = self._turns.tops
        if index < len(tops):
            above = tops[index] - self.scroll_offset.y
            top, bottom = max(0, above + first), min(self.size.height, above + last + 1)
            if top < bottom:
                self.refresh(Region(0, top, self.size.width, bottom - top))

    # --- heights that were guessed ------------------------------------------------------------

    # What is in view has exact heights; everything else may be a guess. Two rules keep the eye in
    # its place. Whoever follows the end stays at the end. Whoever reads above keeps the text at
    # the top of the view: when the turn it belongs to gets rows above it (an anchor finds the
    # text by its offset, for rows are numbered anew), or when a turn that ends above the view
    # turns out higher than guessed, the view moves along by as many rows.

    def _wake_the_view(self) -> bool:
        """Lay out the rows in view. Returns whether a height was guessed wrong."""
        turns = self._turns
        index = turns.index_at(self.scroll_offset.y)
        wrong = False
        while index < len(turns):
            if turns.tops[index] >= self.scroll_offset.y + self.size.height:
                break
            if self._wake(index):
                # The view has moved, or what is in it: look again from its first turn.
                wrong = True
                index = turns.index_at(self.scroll_offset.y)
            else:
                index += 1
        return wrong

    def _wake(self, index: int) -> bool:
        """Lay out the rows of this turn in view. Returns whether its height was guessed wrong."""
        turns = self._turns
        grown = turns.wake(index)
        if grown:
            turns.measure(index)
            top = self.scroll_offset.y
            above = turns.tops[index] < top
            end = turns.height if self._follow.follows_end else top + grown if above else None
            self.adjust(turns.height, end)
        anchor = turns.anchor(index, self.scroll_offset.y)
        first = self.scroll_offset.y - turns.tops[index]
        if turns.layouts[index].lay_out(first, first + self.size.height) == ALL:
            return grown != 0
        turns.measure(index)
        self._hold(index, anchor)
        return True

    def _hold(self, index: int, anchor: Anchor) -> None:
        """Keep in place what stands in the view when rows above it have become more or less."""
        height = self._turns.height
        if self._follow.follows_end or not self.size.height:
            self.adjust(height, height if self.size.height else None)
            return
        drift = self._turns.drift(index, anchor)
        self.adjust(height, self.scroll_offset.y + drift if drift else None)

    def settle(self) -> None:
        """Put answers to rest that are far from the view."""
        turns = self._turns
        view_state = (self.scroll_offset.y, self.size, turns.height, len(turns.awake))
        if view_state == self._settled_for:
            return
        self._settled_for = view_state
        # Two views above and below stay awake: paging back and forth lays out nothing again.
        top, rows = self.scroll_offset.y, self.size.height
        turns.rest_outside(top - 2 * rows, top + 3 * rows)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if (changed or self._out_of_sight) and size.height:
            self._out_of_sight = False
            self._resized()
        return changed

    def notify_style_update(self) -> None:
        super().notify_style_update()
        # A screen is laid out first, and told after that whether it is short.
        if self.size.height and self._turns.lead != self._lead:
            self._resized()

    @property
    def _lead(self) -> int:
        """Empty rows above the first turn."""
        return 0 if self.screen.has_class("-short") else 1

    def _resized(self) -> None:
        """Lay out all turns that are awake again; the text at the top stays there."""
        turns, top = self._turns, self.scroll_offset.y
        index = turns.index_at(top)
        into = top - turns.tops[index] if index < len(turns.tops) else 0
        source = turns.layouts[index].source_of(into) if index < len(turns) else 0
        width = max(1, self.size.width - self.styles.scrollbar_size_vertical)
        if turns.widen(width, self._lead) and into > 0 and index < len(turns):
            into = turns.layouts[index].row_of_source(source)
        stood_at = turns.tops[index] + into if index < len(turns.tops) else 0
        y = (
            turns.height
            if self._follow.follows_end
            else min(top, stood_at)
            if not top
            else stood_at
        )
        self.adjust(turns.height, y)
        self._wake_the_view()
        self._go_along_with_voice()

    def toggle_thoughts(self, index: int) -> None:
        """Open the thoughts of this turn, or fold them."""
        turns = self._turns
        layout = turns.layouts[index]
        layout.toggle_thoughts()
        if not layout.settled:
            turns.growing[index] = None
        self._redraw(index, 1)

    # --- following ----------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the view goes along with what comes."""
        return self._follow.mode in (Follow.LATEST, Follow.END) or self.end_in_view

    @property
    def end_in_view(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y

    @property
    def voice_elsewhere(self) -> bool:
        """Whether a voice is heard, and the view does not go along with it."""
        return self._follow.voice_elsewhere

    @property
    def new_lines(self) -> int:
        """Rows that came since the user went up to read."""
        left_at = self._height_when_left
        return max(0, self._turns.height - left_at) if left_at else 0

    def action_follow(self) -> None:
        """Go to the end, and stay there as it grows."""
        self._follow.end()
        self._height_when_left = 0
        self.adjust(self._turns.height, self._turns.height)
        self._wake_the_view()

    def action_voice(self) -> None:
        """Go to the word that is heard, and along with it; without one, to the end."""
        self._follow.latest()
        self._height_when_left = 0
        if self._follow.follows_end:
            self.action_follow()
        self._go_along_with_voice()

    def _go_along_with_voice(self) -> None:
        """Keep the lit word in the middle third of the view, if the view follows the voice."""
        turns = self._turns
        index = turns.index_of.get(self._follow.voice) if self._follow.voice is not None else None
        if index is None or not self._follow.follows_voice or not self.size.height:
            return
        # A turn at rest has no rows yet, and the row is a guess until those around it are laid out.
        self._wake(index)
        top, rows = self.scroll_offset.y, self.size.height
        target = top_with_row(top, rows, turns.tops[index] + turns.layouts[index].lit_row)
        if max(0, min(target, turns.height - rows)) != top:
            self.adjust(turns.height, target)
            self._wake_the_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # A view that has become higher is moved by Textual, to leave no room below the end.
        if self._adjusting:
            return
        if new_value == self.max_scroll_y < old_value and self._follow.follows_voice:
            return
        was_following = self._follow.mode is not Follow.NOTHING
        self._follow.scrolled(to_end=new_value >= self.max_scroll_y)
        if self.end_in_view:
            self._height_when_left = 0
        elif was_following:
            self._height_when_left = self._turns.height
        self._wake_the_view()
