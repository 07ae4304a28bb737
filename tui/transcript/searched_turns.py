"""Turns in which words are looked for: hits are marked, and come into view one after another."""

from __future__ import annotations

from collections.abc import Sequence

from tui.transcript.find import Finder, Hit
from tui.transcript.turn_scroll import TurnScroll
from tui.transcript.turn_view import TurnView
from tui.transcript.view_follow import top_with_row


class SearchedTurns(TurnScroll):
    """Keeps looking for the words in whatever is shown, until it is given none."""

    def __init__(self) -> None:
        super().__init__()
        self._finder: Finder | None = None
        self._origin = (0, 0)
        self._hit_to_show: Hit | None = None

    @property
    def finding(self) -> bool:
        return self._finder is not None

    @property
    def find_words(self) -> str:
        """The words that are looked for."""
        return self._finder.words if self._finder is not None else ""

    @property
    def find_position(self) -> str:
        """Number of the hit that was gone to, and of all."""
        return self._finder.position_words if self._finder is not None else ""

    # --- looking ------------------------------------------------------------------------------

    def begin_find(self) -> None:
        """Look from the text at the top of the view on."""
        turns, top = self._turns, self.scroll_offset.y
        index = turns.index_at(top)
        self._origin = (0, 0)
        if index < len(turns) and (turn := turns.layouts[index].view.turn) >= 0:
            source = turns.layouts[index].source_of(top - turns.tops[index])
            self._origin = turn, source
        self._finder = self._finder or Finder("")

    def find(self, words: str) -> None:
        """Mark the words wherever they stand, and show the nearest below where it began."""
        finder = self._finder = Finder(words)
        for layout in self._turns.layouts:
            finder.search(layout.view)
        self._show_hit(finder.go_near(*self._origin))

    def end_find(self) -> None:
        """Look for nothing any more; no hit stays marked."""
        self._finder = self._hit_to_show = None
        self._mark_hits()

    def go_to_hit(self, step: int) -> None:
        """Show so many hits further down, or up."""
        if self._finder is not None:
            self._show_hit(self._finder.step(step))

    # --- what comes ---------------------------------------------------------------------------

    def show(self, changed: Sequence[TurnView]) -> None:
        super().show(changed)
        if self._finder is not None:
            others = [view for view in changed if self._finder.search(view)]
            if others:
                self._mark_hits()

    def forget(self, turns: Sequence[int]) -> None:
        super().forget(turns)
        if self._finder is not None:
            for turn in turns:
                self._finder.forget(turn)

    def clear(self, *, follow: bool) -> None:
        if self._finder is not None:
            self._finder = Finder(self._finder.words)
        self._hit_to_show = None
        super().clear(follow=follow)

    def draw_text(self) -> None:
        super().draw_text()
        hit = self._hit_to_show
        if hit is not None:
            # A long text gets its rows over several ticks, and the row of a hit with them.
            self._bring_hit_into_view(hit)

    # --- drawing ------------------------------------------------------------------------------

    def _show_hit(self, hit: Hit | None) -> None:
        self._mark_hits()
        if hit is not None:
            self._bring_hit_into_view(hit)

    def _mark_hits(self) -> None:
        finder, turns = self._finder, self._turns
        for index, layout in enumerate(turns.layouts):
            spans = finder.spans_of(layout.view.turn) if finder is not None else ()
            if layout.show_hits(spans):
                self._repaint(index, 0, layout.height)

    def _bring_hit_into_view(self, hit: Hit) -> None:
        """Show the row of a hit; one that is in view already moves nothing."""
        turns = self._turns
        index = turns.index_of.get(hit.turn)
        if index is None or not self.size.height:
            return
        self._wake(index)
        self._hit_to_show = hit if index in turns.growing else None
        row = turns.tops[index] + turns.layouts[index].row_of_source(hit.start)
        top, rows = self.scroll_offset.y, self.size.height
        if not top <= row < top + rows:
            self.go_to(top_with_row(top, rows, row))
