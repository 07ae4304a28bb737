"""One turn of a transcript as rows of the screen; no widget."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from textual.strip import Strip

from tui.markdown.layout import Decoration, TextRow
from tui.markdown.paint import Painter, copied, framed
from tui.markdown.styles import HitSpan
from tui.transcript.heard_word import spoken_span
from tui.transcript.row_numbers import ALL, ROWS_OF_A_TURN
from tui.transcript.thought_rows import ThoughtRows
from tui.transcript.turn_body import TurnBody
from tui.transcript.turn_rows import foot_rows, heading
from tui.transcript.turn_view import TurnView

MARGIN_CELLS: Final = 2
_BAR: Final = "▎"
_EMPTY: Final = TextRow((), 0, 0)


class TurnLayout:
    """Rows of a turn: heading, text, how it ended, an empty one. `width` is the transcript's.

    What changes the rows returns the first that may look different, `ALL` if none does. Rows that
    have been painted are kept as strips until they look different.
    """

    __slots__ = (
        "_body",
        "_foot",
        "_heading",
        "_hidden",
        "_hits",
        "_marked",
        "_speaking",
        "_spoken_span",
        "_strips",
        "_thoughts",
        "view",
        "width",
    )

    def __init__(self, view: TurnView, width: int) -> None:
        self.view = view
        self.width = width
        self._body = TurnBody(view, self._text_cells)
        self._thoughts = ThoughtRows(view, self._text_cells)
        self._heading = _EMPTY
        self._foot: list[TextRow] = []
        self._speaking = False
        self._spoken_span = spoken_span(view)
        self._marked = False
        self._hidden = False
        self._hits: tuple[HitSpan, ...] = ()
        self._strips: dict[int, Strip] = {}
        self.refresh()

    @property
    def height(self) -> int:
        return 0 if self._hidden else self.text_bottom + len(self._foot) + 1

    @property
    def text_top(self) -> int:
        """The first row of the text, below the thoughts."""
        return 1 + self._thoughts.height

    @property
    def text_bottom(self) -> int:
        """The first row below the text."""
        return self.text_top + self._body.height

    @property
    def _text_cells(self) -> int:
        return max(1, self.width - 2 * MARGIN_CELLS - 2)

    # --- state --------------------------------------------------------------------------------

    def refresh(self) -> int:
        """Take over the heading, how the turn ended, and the end of its text."""
        view = self.view
        changed = ALL
        head = heading(view, self.width - 2 * MARGIN_CELLS, marked=self._marked)
        if head != self._heading:
            self._heading = head
            changed = 0
        if (view.speaking, view.hidden) != (self._speaking, self._hidden):
            self._speaking, self._hidden = view.speaking, view.hidden
            self._strips.clear()
            changed = 0
        if self._thoughts.refresh() != ALL:
            changed = min(changed, 1)
            self._forget(1)
        foot = foot_rows(view, self._text_cells)
        if foot != self._foot:
            self._foot = foot
            changed = min(changed, self.text_bottom)
            self._forget(self.text_bottom)
        if changed == 0:
            self._strips.pop(0, None)
        return min(changed, self._body_changed(self._body.finish()))

    def hear(self) -> tuple[int, int] | None:
        """Take over what has been heard. Returns the rows that look different, if any do."""
        before, now = self._spoken_span, spoken_span(self.view)
        if now == before:
            return None
        self._spoken_span = now
        if not self._body.shows_answer:
            return None
        ends = [offset for span in (before, now) if span is not None for offset in span]
        # Where hearing begins or is over, all text behind the word changes its colour, too.
        if before is None or now is None:
            ends.append(len(self.view.text))
        first = self.row_of_source(min(ends))
        last = self._last_row_of_source(max(ends))
        self._forget(first, last + 1)
        return first, last

    def _last_row_of_source(self, source: int) -> int:
        """The last row with this offset of the text: all lines of a row of a table have it."""
        row = self.row_of_source(source)
        while row + 1 < self.text_bottom:
            below = self._body.row(row + 1 - self.text_top)
            if not below.first <= source < below.last:
                break
            row += 1
        return row

    def mark(self, marked: bool) -> None:
        """Draw the turn as the one under the cursor, or not."""
        self._marked = marked
        self._strips.clear()
        self.refresh()

    def show_hits(self, hits: tuple[HitSpan, ...]) -> bool:
        """Mark these words, in order and without overlap. False: they are marked already."""
        if hits == self._hits:
            return False
        self._hits = hits
        self._strips.clear()
        return True

    def widen(self, width: int) -> None:
        """Make all rows as wide as that; at rest, only guess how many there would be."""
        if width == self.width:
            return
        self.width = width
        self._strips.clear()
        self._body.widen(self._text_cells)
        self._thoughts.widen(self._text_cells)
        self.refresh()

    # --- text ---------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether all text that has come is in the rows."""
        return self._body.settled and self._thoughts.settled

    def draw_text(self) -> int:
        """Take in as much of the text as one tick has time for."""
        changed = ALL
        if not self._thoughts.settled:
            changed = 1 + self._thoughts.draw()
            self._forget(changed)
        if self._body.settled:
            return changed
        return min(changed, self._body_changed(self._body.draw()))

    def lay_out(self, first: int, last: int) -> int:
        """Lay out the rows from `first` to `last`, which may be guesses after another width."""
        top = self.text_top
        return self._body_changed(self._body.lay_out(first - top, last - top))

    def _body_changed(self, first: int) -> int:
        if first == ALL:
            return ALL
        self._forget(self.text_top + first)
        return self.text_top + first

    # --- thoughts -----------------------------------------------------------------------------

    @property
    def has_thoughts(self) -> bool:
        return self._thoughts.height > 0

    def is_thought(self, row: int) -> bool:
        """Whether this row is of the thoughts; the first of them is row 1."""
        return 1 <= row < self.text_top

    @property
    def thoughts_open(self) -> bool:
        """Whether the thoughts are shown, and not only how long they took."""
        return self._thoughts.open

    def toggle_thoughts(self) -> None:
        """Open the thoughts, or fold them; all rows from the first below the heading change."""
        self._thoughts.toggle()
        self._forget(1)

    # --- rest ---------------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        """Whether its rows were dropped, or have never been laid out."""
        return self._body.asleep

    @property
    def can_rest(self) -> bool:
        return self._body.can_rest

    def rest(self) -> None:
        """Drop the rows; the height stays."""
        self._body.rest()
        self._strips.clear()

    def wake(self, *, whole: bool = False) -> None:
        """Lay out the rows again, for they come into view. The height may turn out different.

        Of a very long text only the first rows are laid out, unless `whole`; it is unsettled then.
        """
        if self.asleep:
            self._body.wake(whole=whole)
            self._strips.clear()

    @contextmanager
    def awake(self) -> Generator[None]:
        """Keep all rows laid out within a `with` block. The height stays as it is."""
        asleep = self.asleep
        with self._body.awake():
            yield
        if asleep:
            self._strips.clear()

    # --- reading ------------------------------------------------------------------------------

    def strip(self, index: int, turn: int, painter: Painter, span: tuple[int, int] | None) -> Strip:
        """A row as it is drawn. `turn` is the index of this turn among all, `span` the selection.

        Offsets in the strip count rows of turns, as `row_numbers` says: text is selected by them.
        """
        strip = self._strips.get(index) if span is None else None
        if strip is None:
            row = self.row(index)
            # One cell more than there is: the scrollbar stands in it, or nothing does.
            strip = painter.strip(
                row, self.width + 1, spoken_span=self._spoken_span, hits=self._hits, span=span
            )
            strip = strip.apply_offsets(0, turn * ROWS_OF_A_TURN + index)
            if span is None:
                self._strips[index] = strip
        return strip

    def row(self, index: int) -> TextRow:
        """The row with what is drawn at its left."""
        margin = (
            Decoration(f"{_BAR} ", "accent") if self._marked else Decoration(" " * MARGIN_CELLS)
        )
        if index == 0:
            return framed(self._heading, (margin,), 0)
        cells = self.width - MARGIN_CELLS
        if index < self.text_top:
            return framed(self._thoughts.row(index - 1), (margin, _bar("")), cells)
        index -= self.text_top
        if index < self._body.height:
            bar = _bar("sound" if self._speaking else "")
            text = Decoration("", "muted" if self.view.withdrawn else "")
            return framed(self._body.row(index), (margin, bar, text), cells)
        index -= self._body.height
        if index < len(self._foot):
            bar = _bar("trouble" if self.view.failures else "")
            return framed(self._foot[index], (margin, bar), cells)
        return _EMPTY

    def text_of(self, index: int, span: tuple[int, int]) -> tuple[str, str]:
        """The text that a row gives when copied, and what stands between it and the next."""
        row = self.row(index)
        return copied(row, *span).rstrip(), row.join

    def source_of(self, index: int) -> int:
        """The offset in the text of what stands in this row."""
        return self.row(index).first if self.text_top <= index < self.height else 0

    def row_of_source(self, source: int) -> int:
        """The row with this offset of the text; the heading, if no rows are laid out."""
        row = self._body.row_of_source(source)
        return 0 if row is None else self.text_top + row

    @property
    def lit_row(self) -> int:
        """The row in which the word that is heard begins."""
        span = self._spoken_span
        return self.row_of_source(span.start if span is not None else 0)

    def code_blocks(self) -> list[str]:
        """The text of each piece of code in it."""
        return self._body.code_blocks()

    def repaint(self) -> None:
        """Forget how the rows looked: the theme is another."""
        self._strips.clear()

    def _forget(self, from_row: int, to_row: int = ALL) -> None:
        for row in [row for row in self._strips if from_row <= row < to_row]:
            del self._strips[row]


def _bar(look: str) -> Decoration:
    return Decoration(f"{_BAR} " if look else "  ", look)
