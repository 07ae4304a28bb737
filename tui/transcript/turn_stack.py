"""The layouts of all turns, one under the other: which rows of the transcript are whose; no widget.

Heights of turns at rest are guesses, and so are the tops of those below. A guess is replaced when
a turn comes into view; whoever shows the stack then moves the view by the difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tui.transcript.turn_view import TurnView

if TYPE_CHECKING:
    from tui.transcript.turn_layout import TurnLayout


class Shown(NamedTuple):
    """Result of showing a turn: its index, its first row that has changed, and the rows that only
    look different, from the first to the last."""

    turn_index: int
    changed_from: int
    repainted: tuple[int, int] | None


class Anchor(NamedTuple):
    """Text at the top of the view, to be found again when rows above it are more or less.

    `source` is its offset in the turn's text and `row` its row in the turn; with -1 for the
    offset, `row` is the height of a turn that ends above the view.
    """

    source: int
    row: int


class TurnStack:
    """Layouts in the order of their turns, each with its top: the row of the transcript at which
    it begins. Tops are valid after `measure`."""

    def __init__(self) -> None:
        self.layouts: list[TurnLayout] = []
        self.index_of: dict[int, int] = {}
        self.tops: list[int] = []
        self.height = 0
        self.width = 0
        self.lead = 0
        """Empty rows above the first turn."""
        self.growing: dict[int, None] = {}
        """Indexes of the turns that have text to come."""
        self.awake: dict[int, None] = {}
        """Indexes of the turns whose rows may be laid out."""

    def __len__(self) -> int:
        return len(self.layouts)

    # --- turns --------------------------------------------------------------------------------

    def show(self, view: TurnView) -> Shown:
        """Add a turn, or take over what has changed of it."""
        # With the first turn, not with the first frame.
        from tui.transcript.turn_layout import TurnLayout

        index = self.index_of.setdefault(view.turn, len(self.layouts))
        if index == len(self.layouts):
            self.layouts.append(TurnLayout(view, self.width))
            changed_from = 0
        elif self.layouts[index].view is not view:
            self.layouts[index] = TurnLayout(view, self.width)
            changed_from = 0
        else:
            changed_from = self.layouts[index].refresh()
        layout = self.layouts[index]
        repainted = layout.hear()
        if not layout.settled:
            self.growing[index] = None
        return Shown(index, changed_from, repainted)

    def remove(self, turns: Sequence[int]) -> int | None:
        """Take turns away. Returns the first index that has changed, if any turn was here."""
        removed = {self.index_of.pop(turn) for turn in turns if turn in self.index_of}
        if not removed:
            return None
        remaining = [index for index in range(len(self.layouts)) if index not in removed]
        now = {old: new for new, old in enumerate(remaining)}
        self.layouts = [self.layouts[index] for index in remaining]
        self.index_of = {turn: now[index] for turn, index in self.index_of.items()}
        self.growing = {now[index]: None for index in self.growing if index in now}
        self.awake = {now[index]: None for index in self.awake if index in now}
        # A strip knows the number of its turn, by which text is selected: these have another now.
        for layout in self.layouts[min(removed) :]:
            layout.repaint()
        return min(removed)

    def clear(self) -> None:
        self.layouts.clear()
        self.index_of.clear()
        self.growing.clear()
        self.awake.clear()

    def draw_text(self, index: int) -> int:
        """Take in some of a turn's text. Returns the first row that has changed."""
        layout = self.layouts[index]
        row = layout.draw_text()
        self.awake[index] = None
        if layout.settled:
            del self.growing[index]
        return row

    def wake(self, index: int) -> int:
        """Lay out a turn, if it is at rest. Returns how many rows its guessed height lacked."""
        layout = self.layouts[index]
        height = layout.height
        if layout.asleep:
            layout.wake()
            self.awake[index] = None
            if not layout.settled:
                self.growing[index] = None
        return layout.height - height

    def rest_outside(self, first_row: int, last_row: int) -> None:
        """Put to rest the turns that end above `first_row` or begin below `last_row`."""
        for index in list(self.awake):
            layout, top = self.layouts[index], self.tops[index]
            if (top > last_row or top + layout.height < first_row) and layout.can_rest:
                layout.rest()
                del self.awake[index]

    def widen(self, width: int, lead: int) -> bool:
        """Lay out all turns at another width. False: it is the same."""
        if (lead, width) == (self.lead, self.width):
            return False
        self.lead, self.width = lead, width
        for index, layout in enumerate(self.layouts):
            layout.widen(width)
            if not layout.settled:
                self.growing[index] = None
        self.measure(0)
        return True

    def repaint(self) -> None:
        for layout in self.layouts:
            layout.repaint()

    # --- rows ---------------------------------------------------------------------------------

    def measure(self, index: int) -> None:
        """Find the tops of the turns from `index` on, whose heights may have changed."""
        tops = self.tops
        if not index:
            bottom = self.lead
        else:
            bottom = tops[index] if index < len(tops) else self.height
        del tops[index:]
        for layout in self.layouts[index:]:
            tops.append(bottom)
            bottom += layout.height
        self.height = bottom

    def top_of(self, index: int) -> int:
        """The first row of a turn; behind the last turn, the end of the transcript."""
        return self.tops[index] if index < len(self.tops) else self.height

    def index_at(self, row: int) -> int:
        """The turn that has this row, or the last one above it that is shown."""
        index = max(0, bisect_right(self.tops, row) - 1)
        while index > 0 and not self.layouts[index].height:
            index -= 1
        return index

    # --- anchors ------------------------------------------------------------------------------

    def anchor(self, index: int, row: int) -> Anchor:
        """The text of this turn at a row of the transcript, before its rows change."""
        if index >= len(self.tops):
            return Anchor(-1, 0)
        layout, into = self.layouts[index], row - self.tops[index]
        if into < layout.text_top:
            return Anchor(-1, 0)
        if into >= layout.text_bottom:
            return Anchor(-1, layout.height)
        source = layout.source_of(into)
        return Anchor(source, layout.row_of_source(source))

    def drift(self, index: int, anchor: Anchor) -> int:
        """Rows by which the text of an anchor of this turn has moved since."""
        layout = self.layouts[index]
        if anchor.source >= 0:
            return layout.row_of_source(anchor.source) - anchor.row
        return layout.height - anchor.row if anchor.row else 0
