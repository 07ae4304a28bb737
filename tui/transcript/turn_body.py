"""The text of one turn as rows, brought to the screen tick by tick; no widget.

Theory of operation. A pane is drawn by ticks, 15 a second, and keys are answered between two of
them: whatever a tick does, keys wait for it. So the work of a tick is bounded by counting
characters, never by a clock, which would make what is drawn depend on the machine:

- `CHARACTERS_A_TICK` of new text at most are taken in. It bounds the laying out of text that is
  cheap to parse, and the growth of what is laid out after a new width.
- `PARSED_A_TICK` characters at most are parsed for that, those that are parsed again among them.
  The last open block is parsed with every delta, so this is more than what is new.
- `AT_ONCE_CHARACTERS` of a stored text are laid out at once when it comes into view: more than a
  view of 120 × 40 cells shows. The rest is only counted in rows, by the ratio so far.

A text that is longer than a tick's share is unsettled, and gets another share with every tick. Its
height is exact for what is laid out, and a guess for the rest; what is drawn for a row that has
not been laid out is empty.

Far from the view a turn is at rest: it keeps its text and its height, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tui.markdown.layout import TextRow
from tui.transcript.row_numbers import ALL
from tui.transcript.turn_rows import prompt_rows
from tui.transcript.turn_view import TurnView

if TYPE_CHECKING:
    from tui.markdown.answer_layout import AnswerLayout

CHARACTERS_A_TICK: Final = 8_000
PARSED_A_TICK: Final = 6_000
AT_ONCE_CHARACTERS: Final = 8_000
_EMPTY: Final = TextRow((), 0, 0)


class TurnBody:
    """Rows of a prompt or an answer, `width` cells wide, numbered from 0.

    What changes them returns the first row that may look different, `ALL` if none does.
    """

    __slots__ = (
        "_answer",
        "_finished",
        "_prompt",
        "_rows_expected",
        "_shown_characters",
        "_shown_rewrites",
        "_view",
        "_width",
        "height",
    )

    def __init__(self, view: TurnView, width: int) -> None:
        self._view = view
        self._width = width
        self._answer: AnswerLayout | None = None
        self._prompt: list[TextRow] | None = None
        self._finished = False
        self._rows_expected = 0
        self._shown_characters = 0
        self._shown_rewrites = view.rewrites
        self.height = 0
        if view.over or view.voice == "user":
            self._shown_characters = len(view.text)
            self.height = self._estimate()

    @property
    def settled(self) -> bool:
        """Whether all text that has come is in the rows."""
        if not self._all_taken:
            return False
        if self._answer is None:
            return True
        if not self._answer.whole:
            return False
        return self._finished if self._view.over else not self._answer.stale

    @property
    def _all_taken(self) -> bool:
        view = self._view
        return self._shown_characters == len(view.text) and self._shown_rewrites == view.rewrites

    @property
    def shows_answer(self) -> bool:
        """Whether it is an answer that is laid out."""
        return self._answer is not None

    # --- growth -------------------------------------------------------------------------------

    def draw(self) -> int:
        """Take in as much of the text as one tick has time for."""
        view = self._view
        if self._shown_rewrites != view.rewrites or self.asleep or view.voice == "user":
            self._shown_rewrites = view.rewrites
            self._shown_characters = len(view.text)
            self._start_again()
            changed = 0
        else:
            end = min(len(view.text), self._shown_characters + CHARACTERS_A_TICK)
            changed = self._grow(view.text, end)
        return min(changed, self.finish(), self._lay_out_more(CHARACTERS_A_TICK))

    def finish(self, *, whole: bool = False) -> int:
        """Close what is half-written, once all text has come and is drawn."""
        if self._answer is None or self._finished or not (self._view.over and self._all_taken):
            return ALL
        changed = self._changed(self._answer.finish(None if whole else PARSED_A_TICK))
        self._finished = self._answer.finished
        return changed

    def lay_out(self, first: int, last: int) -> int:
        """Lay out the rows from `first` to `last`, which may be guesses after another width."""
        if self._answer is None or self._answer.whole:
            return ALL
        return self._changed(self._answer.lay_out(first, last))

    def _lay_out_more(self, characters: int) -> int:
        if self._answer is None or self._answer.whole:
            return ALL
        return self._changed(self._answer.lay_out_some(characters))

    def widen(self, width: int) -> None:
        """Make all rows `width` cells wide; at rest, only guess how many there would be."""
        self._width = width
        if self._answer is not None:
            self._answer.widen(width, AT_ONCE_CHARACTERS)
            self._rows_expected = self._extrapolated(self._answer) if self._rows_expected else 0
            self.height = self._answer.height + self._rows_to_come()
        elif self._prompt is not None:
            self._prompt = prompt_rows(self._view.text, width)
            self.height = len(self._prompt)
        else:
            self.height = self._estimate()

    def _grow(self, text: str, end: int) -> int:
        begins = self._answer is None
        if self._answer is None:
            self._answer = _new_answer(self._width)
            self._finished = False
        changed = self._answer.grow(text, end, PARSED_A_TICK)
        self._shown_characters = self._answer.parsed
        return self._changed(0 if begins else changed)

    def _changed(self, first: int) -> int:
        if first != ALL and self._answer is not None:
            self.height = self._answer.height + self._rows_to_come()
        return first

    def _start_again(self, *, whole: bool = False) -> None:
        text = self._view.text
        if self._view.voice == "user":
            self._prompt = prompt_rows(text, self._width)
            self.height = len(self._prompt)
            return
        self._finished = False
        self._answer = _new_answer(self._width)
        at_once = len(text) if whole else AT_ONCE_CHARACTERS
        self._answer.grow(text, min(self._shown_characters, at_once))
        self._shown_characters = self._answer.parsed
        self._rows_expected = 0 if self._all_taken else self._extrapolated(self._answer)
        self.height = self._answer.height + self._rows_to_come()

    # --- guessed heights ----------------------------------------------------------------------

    # While a stored text is laid out from its beginning, its height should not change: rows below
    # it would move with every tick. So the height of all of it is extrapolated once, and what is
    # still to come is the share of it that belongs to the missing characters. The sum is right at
    # the end, whatever was expected, because that share is nothing then.

    def _extrapolated(self, answer: AnswerLayout) -> int:
        """Number of rows that the whole text would have, if all were like what is laid out."""
        return answer.height * len(self._view.text) // max(1, self._shown_characters)

    def _rows_to_come(self) -> int:
        """About the number of rows of the text that is not laid out yet."""
        if not self._rows_expected:
            return 0
        length = max(1, len(self._view.text))
        return self._rows_expected * (length - self._shown_characters) // length

    def _estimate(self) -> int:
        """About the number of rows of a text that was never laid out: Markdown is not parsed."""
        text, width = self._view.text, self._width
        if not text:
            return 0
        return sum(max(1, math.ceil(len(line) / width)) for line in text.split("\n"))

    # --- rest ---------------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        """Whether its rows were dropped, or have never been laid out."""
        laid_out = self._answer is not None or self._prompt is not None
        return not laid_out and not self._view.hidden and self._shown_characters > 0

    @property
    def can_rest(self) -> bool:
        return self._view.over and self.settled and not self.asleep

    def rest(self) -> None:
        """Drop the rows; the height stays."""
        self._answer = self._prompt = None

    def wake(self, *, whole: bool = False) -> None:
        """Lay out the rows again, for they come into view. The height may turn out different.

        Of a very long text only the first rows are laid out, unless `whole`; it is unsettled then.
        """
        if self.asleep:
            self._start_again(whole=whole)
            self.finish(whole=whole)

    @contextmanager
    def awake(self) -> Generator[None]:
        """Keep all rows laid out within a `with` block. The height stays as it is."""
        asleep, height = self.asleep, self.height
        self.wake(whole=True)
        yield
        if asleep:
            self.rest()
            self.height = height

    # --- reading ------------------------------------------------------------------------------

    def row(self, index: int) -> TextRow:
        """A row of the text; an empty one where none is laid out."""
        if self._prompt is not None:
            return self._prompt[index]
        if self._answer is None or index >= self._answer.height:
            return _EMPTY
        return self._answer.row(index)

    def row_of_source(self, source: int) -> int | None:
        """The row with this offset of the text; none, if no rows are laid out."""
        if self._answer is not None:
            return min(self._answer.row_of_source(source), self.height - 1)
        if self._prompt is not None:
            return next((index for index, row in enumerate(self._prompt) if row.last > source), 0)
        return None

    def code_blocks(self) -> list[str]:
        """The text of each piece of code in it."""
        self.wake(whole=True)
        return self._answer.code_blocks() if self._answer is not None else []


def _new_answer(width: int) -> AnswerLayout:
    # With the first answer, not with the first frame: it brings the parser along.
    from tui.markdown.answer_layout import AnswerLayout

    return AnswerLayout(width)
