"""Rows of a model's thoughts: one row that says how long it thought, and the text when it is open.

The text is laid out as it is wanted and as it comes: nothing while it is folded, and at most
`CHARACTERS_A_TICK` characters in a tick (see `turn_body`). Rows of lines that have ended stay; only
the last line is laid out again when more of it comes, and a line without an end is cut.
"""

from __future__ import annotations

from typing import Final

from tui.markdown.layout import Decoration, TextRow
from tui.support.formatting import seconds
from tui.transcript.row_numbers import ALL
from tui.transcript.turn_body import CHARACTERS_A_TICK
from tui.transcript.turn_rows import plain_rows
from tui.transcript.turn_view import TurnView

_LONGEST_LINE: Final = 2_000
_SHORTEST_US: Final = 100_000
"""Time of thinking below which it is not named: they came at once."""
_CLOSED: Final = "▸ "
_OPEN: Final = "▾ "
_INDENT: Final = Decoration("  ")


class ThoughtRows:
    """Thoughts of one turn, `width` cells wide; without thoughts there is no row.

    What changes the rows returns the first that may look different, `ALL` if none does.
    """

    __slots__ = (
        "_header",
        "_line_start",
        "_open",
        "_read",
        "_rewrites",
        "_rows",
        "_tail_rows",
        "_view",
        "_width",
    )

    def __init__(self, view: TurnView, width: int) -> None:
        self._view = view
        self._width = width
        self._open = False
        self._header = ""
        self._start_again()

    @property
    def height(self) -> int:
        return (1 + len(self._rows)) if self._header else 0

    @property
    def open(self) -> bool:
        return self._open

    @property
    def settled(self) -> bool:
        """Whether all text that has come and is to be seen is in the rows."""
        return not self._open or self._read == len(self._view.thoughts)

    def refresh(self) -> int:
        """Take over what the first row says."""
        header = _header(self._view, open_=self._open)
        if (header, self._view.rewrites) == (self._header, self._rewrites):
            return ALL
        self._header = header
        if self._rewrites != self._view.rewrites:
            self._start_again()
            self.draw()
        return 0

    def toggle(self) -> None:
        """Open the thoughts, or fold them."""
        self._open = not self._open and bool(self._view.thoughts)
        self._start_again()
        self.refresh()
        self.draw()

    def widen(self, width: int) -> None:
        """Make all rows `width` cells wide."""
        self._width = width
        self._start_again()
        self.draw()

    def draw(self) -> int:
        """Take in as much of the text as one tick has time for."""
        if self.settled:
            return ALL
        text = self._view.thoughts
        first = len(self._rows) - self._tail_rows
        del self._rows[first:]
        self._read = min(len(text), self._read + CHARACTERS_A_TICK)
        *lines, last = text[self._line_start : self._read].split("\n")
        for line in lines:
            self._lay_out(line)
            self._line_start += len(line) + 1
        while len(last) > _LONGEST_LINE:
            end = last.rfind(" ", 0, _LONGEST_LINE) + 1 or _LONGEST_LINE
            self._lay_out(last[:end])
            self._line_start += end
            last = last[end:]
        finished = len(self._rows)
        self._lay_out(last)
        self._tail_rows = len(self._rows) - finished
        return 1 + first

    def row(self, index: int) -> TextRow:
        """A row; the first is what says how long the model thought."""
        if index:
            return self._rows[index - 1]
        return TextRow((Decoration(self._header, "muted"),), 0, 0)

    def _start_again(self) -> None:
        self._rewrites = self._view.rewrites
        self._rows: list[TextRow] = []
        self._tail_rows = 0
        self._line_start = 0
        self._read = 0

    def _lay_out(self, line: str) -> None:
        rows = plain_rows(line, max(1, self._width - len(_INDENT.text)), "muted")
        self._rows += [row._replace(parts=(_INDENT, *row.parts)) for row in rows]


def _header(view: TurnView, *, open_: bool) -> str:
    if not view.thoughts:
        return ""
    duration = seconds(view.thinking_us / 1_000_000)
    thinks = not view.text and not view.over
    if thinks:
        words = f"Thinking … {duration}"
    else:
        words = f"Thought for {duration}" if view.thinking_us >= _SHORTEST_US else "Thoughts"
    return f"{_OPEN if open_ else _CLOSED}{words}"
