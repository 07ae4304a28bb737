"""One turn of a transcript as rows of the screen; no widget.

Far out of view it is at rest: its text and its height are kept, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from textual.strip import Strip

from tui.markdown.layout import Mark, Row
from tui.markdown.paint import Hearing, Painter, Piece, copied, framed, pieces
from tui.transcript.row_numbers import ALL, ROWS_OF_A_TURN
from tui.transcript.turn_rows import foot_rows, heading, prompt_rows
from tui.transcript.turn_view import TurnView

if TYPE_CHECKING:
    from tui.markdown.answer import Answer

CHARACTERS_A_TICK: Final = 8_000
PARSED_A_TICK: Final = 6_000
AT_ONCE_CHARACTERS: Final = 8_000
"""A longer text that comes into view, or gets another width, has its further rows tick by tick."""
MARGIN_CELLS: Final = 2
_BAR: Final = "▎"
_EMPTY: Final = Row((), 0, 0)


class TurnLayout:
    """The heading, the text, how it ended, and an empty row. `width` is the transcript's.

    What changes the rows gives the first that may look different, `ALL` if none does.
    """

    __slots__ = (
        "_answer",
        "_finished",
        "_foot",
        "_heading",
        "_hearing",
        "_hidden",
        "_marked",
        "_prompt",
        "_rows_expected",
        "_shown_characters",
        "_shown_rewrites",
        "_speaking",
        "_strips",
        "_text_height",
        "view",
        "width",
    )

    def __init__(self, view: TurnView, width: int) -> None:
        self.view = view
        self.width = width
        self._answer: Answer | None = None
        self._prompt: list[Row] | None = None
        self._heading = _EMPTY
        self._foot: list[Row] = []
        self._speaking = False
        self._hearing = _hearing(view)
        self._marked = False
        self._hidden = False
        self._finished = False
        self._text_height = 0
        self._rows_expected = 0
        self._strips: dict[int, Strip] = {}
        self._shown_characters = 0
        self._shown_rewrites = view.rewrites
        if view.over or view.voice == "user":
            self._shown_characters = len(view.text)
            self._text_height = self._estimate()
        self.refresh()

    @property
    def height(self) -> int:
        return 0 if self._hidden else 2 + self._text_height + len(self._foot)

    @property
    def text_bottom(self) -> int:
        """The first row below the text."""
        return 1 + self._text_height

    @property
    def _text_cells(self) -> int:
        return max(1, self.width - 2 * MARGIN_CELLS - 2)

    # --- state --------------------------------------------------------------------------------

    def refresh(self) -> int:
        """Take over what stands around the text, and its end."""
        view = self.view
        changed = ALL
        top = heading(view, self.width - 2 * MARGIN_CELLS)
        if top != self._heading:
            self._heading = top
            changed = 0
        if (view.speaking, view.hidden) != (self._speaking, self._hidden):
            self._speaking, self._hidden = view.speaking, view.hidden
            self._strips.clear()
            changed = 0
        foot = foot_rows(view, self._text_cells)
        if foot != self._foot:
            self._foot = foot
            changed = min(changed, 1 + self._text_height)
            self._forget(1 + self._text_height)
        if changed == 0:
            self._strips.pop(0, None)
        return min(changed, self._finish())

    def hear(self) -> tuple[int, int] | None:
        """Take over what has been heard. Gives the rows that look different, if any do."""
        before, now = self._hearing, _hearing(self.view)
        if now == before:
            return None
        self._hearing = now
        if self._answer is None:
            return None
        places = [place for each in (before, now) if each is not None for place in each]
        if before is None or now is None:
            places.append(len(self.view.text))
        first = self.row_of_source(min(places))
        last = self.row_of_source(max(places))
        self._forget(first, last + 1)
        return first, last

    def mark(self, marked: bool) -> None:
        """Whether the cursor is on it."""
        self._marked = marked
        self._strips.clear()

    def widen(self, width: int) -> None:
        """All rows at another width; at rest, what they may come to."""
        if width == self.width:
            return
        self.width = width
        self._strips.clear()
        if self._answer is not None:
            self._answer.widen(self._text_cells, AT_ONCE_CHARACTERS)
            self._rows_expected = self._foreseen(self._answer) if self._rows_expected else 0
            self._text_height = self._answer.height + self._rows_to_come()
        elif self._prompt is not None:
            self._prompt = prompt_rows(self.view.text, self._text_cells)
            self._text_height = len(self._prompt)
        else:
            self._text_height = self._estimate()
        self.refresh()

    # --- text ---------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether all text that has come is in the rows."""
        if not self._taken:
            return False
        if self._answer is None:
            return True
        if not self._answer.whole:
            return False
        return self._finished if self.view.over else not self._answer.stale

    @property
    def _taken(self) -> bool:
        view = self.view
        return self._shown_characters == len(view.text) and self._shown_rewrites == view.rewrites

    def draw_text(self) -> int:
        """Bring the rows nearer to the text: by as much as one frame has time for."""
        if self.settled:
            return ALL
        view = self.view
        if self._shown_rewrites != view.rewrites or self.asleep or view.voice == "user":
            self._shown_rewrites = view.rewrites
            self._shown_characters = len(view.text)
            self._lay_out_anew()
            changed = 0
        else:
            until = min(len(view.text), self._shown_characters + CHARACTERS_A_TICK)
            changed = self._grow(view.text, until)
        return min(1 + changed, self._finish(), self._lay_out(CHARACTERS_A_TICK))

    def lay_out(self, first: int, last: int) -> int:
        """Have the rows from one to another at hand, which may be guessed after another width."""
        if self._answer is None or self._answer.whole:
            return ALL
        changed = self._text_changed(self._answer.lay_out(first - 1, last - 1))
        return 1 + changed if changed != ALL else ALL

    def _lay_out(self, characters: int | None) -> int:
        if self._answer is None or self._answer.whole:
            return ALL
        return 1 + self._text_changed(self._answer.lay_out_some(characters))

    def _grow(self, text: str, until: int) -> int:
        first = self._answer is None
        if self._answer is None:
            self._strips.clear()
            self._answer = _answer(self._text_cells)
            self._finished = False
        changed = self._answer.grow(text, until, PARSED_A_TICK)
        self._shown_characters = self._answer.taken
        if first:
            changed = 0
        return self._text_changed(changed)

    def _finish(self, *, whole: bool = False) -> int:
        """All has come and is drawn: nothing half-written is left open."""
        if self._answer is None or self._finished or not (self.view.over and self._taken):
            return ALL
        changed = self._text_changed(self._answer.finish(None if whole else PARSED_A_TICK))
        self._finished = self._answer.finished
        return 1 + changed if changed != ALL else ALL

    def _text_changed(self, changed_from: int) -> int:
        if changed_from != ALL and self._answer is not None:
            self._text_height = self._answer.height + self._rows_to_come()
            self._forget(1 + changed_from)
        return changed_from

    def _lay_out_anew(self, *, whole: bool = False) -> None:
        text = self.view.text
        self._strips.clear()
        if self.view.voice == "user":
            self._prompt = prompt_rows(text, self._text_cells)
            self._text_height = len(self._prompt)
            return
        self._finished = False
        self._answer = _answer(self._text_cells)
        at_once = len(text) if whole else AT_ONCE_CHARACTERS
        self._answer.grow(text, min(self._shown_characters, at_once))
        self._shown_characters = self._answer.taken
        self._rows_expected = 0 if self._taken else self._foreseen(self._answer)
        self._text_height = self._answer.height + self._rows_to_come()

    def _foreseen(self, answer: Answer) -> int:
        """How many rows the whole text may have, by what is laid out of it."""
        return answer.height * len(self.view.text) // max(1, self._shown_characters)

    def _rows_to_come(self) -> int:
        """About how many rows the text will have that is not laid out yet."""
        if not self._rows_expected:
            return 0
        length = max(1, len(self.view.text))
        return self._rows_expected * (length - self._shown_characters) // length

    # --- rest ---------------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        """Whether its rows are not at hand."""
        at_hand = self._answer is not None or self._prompt is not None
        return not at_hand and not self._hidden and self._shown_characters > 0

    @property
    def can_rest(self) -> bool:
        return self.view.over and self.settled and not self.asleep

    def rest(self) -> None:
        """Give the rows back; the height stays."""
        self._answer = self._prompt = None
        self._strips.clear()

    def wake(self, *, whole: bool = False) -> None:
        """Have the rows at hand: they come into view. The height may turn out another.

        Of a very long text these are the first ones, unless `whole`: then it is not settled.
        """
        if self.asleep:
            self._lay_out_anew(whole=whole)
            self._finish(whole=whole)

    @contextmanager
    def at_hand(self) -> Generator[None]:
        """Have the rows for a moment only, if they are at rest. The height stays as it is."""
        asleep, height = self.asleep, self._text_height
        self.wake(whole=True)
        yield
        if asleep:
            self.rest()
            self._text_height = height

    def _estimate(self) -> int:
        text, width = self.view.text, self._text_cells
        if not text:
            return 0
        return sum(max(1, math.ceil(len(line) / width)) for line in text.split("\n"))

    # --- reading ------------------------------------------------------------------------------

    def strip(
        self, index: int, place: int, painter: Painter, span: tuple[int, int] | None
    ) -> Strip:
        """The row as it is drawn; `place` is the turn's among the others."""
        strip = self._strips.get(index) if span is None else None
        if strip is None:
            row = self.row(index)
            # One cell more than there is: the scrollbar stands in it, or nothing does.
            strip = painter.strip(row, self.width + 1, hearing=self._hearing, span=span)
            strip = strip.apply_offsets(0, place * ROWS_OF_A_TURN + index)
            if span is None:
                self._strips[index] = strip
        return strip

    def row(self, index: int) -> Row:
        """The row with what is drawn at its left."""
        margin = Mark(f"{_BAR} ", "accent") if self._marked else Mark(" " * MARGIN_CELLS)
        if index == 0:
            return framed(self._heading, (margin,), 0)
        cells = self.width - MARGIN_CELLS
        index -= 1
        if index < self._text_height:
            bar = _bar("sound" if self._speaking else "")
            text = Mark("", "muted" if self.view.withdrawn else "")
            return framed(self._text_row(index), (margin, bar, text), cells)
        index -= self._text_height
        if index < len(self._foot):
            bar = _bar("trouble" if self.view.failures else "")
            return framed(self._foot[index], (margin, bar), cells)
        return _EMPTY

    def _text_row(self, index: int) -> Row:
        if self._prompt is not None:
            return self._prompt[index]
        if self._answer is None or index >= self._answer.height:
            return _EMPTY
        return self._answer.row(index)

    def text_of(self, index: int, span: tuple[int, int]) -> tuple[str, str]:
        """What a row gives when copied, and what stands between it and the next."""
        row = self.row(index)
        return copied(row, *span).rstrip(), row.join

    def source_of(self, index: int) -> int:
        """The offset in the text of what stands in this row."""
        return self.row(index).first if 0 <= index < self.height else 0

    def row_of_source(self, source: int) -> int:
        """The row with this offset of the text."""
        if self._answer is not None:
            return 1 + min(self._answer.row_of_source(source), self._text_height - 1)
        if self._prompt is not None:
            rows = (place for place, row in enumerate(self._prompt) if row.last > source)
            return 1 + next(rows, 0)
        return 0

    def source_at(self, index: int, character: int) -> int | None:
        """The offset in the text of what stands at this place of a row, if it is text."""
        for piece, start in _placed(self.row(index)):
            at = character - start
            if 0 <= at < len(piece.text) and piece.source >= 0 and not piece.text[at].isspace():
                return piece.source + at
        return None

    def word_source_at(self, index: int, character: int) -> int | None:
        """The offset in the text of the word at this place of a row: of its first letter, where
        what is drawn before it is not text."""
        if self.source_at(index, character) is None:
            return None
        start, _ = self.word_at(index, character)
        sources = (self.source_at(index, at) for at in range(start, character + 1))
        return next(source for source in sources if source is not None)

    def word_at(self, index: int, character: int) -> tuple[int, int]:
        """Where the word at this place of a row starts and ends."""
        text = "".join(piece.text for piece, _ in _placed(self.row(index)))
        start = end = min(character, len(text))
        while start > 0 and not text[start - 1].isspace():
            start -= 1
        while end < len(text) and not text[end].isspace():
            end += 1
        return start, end

    def code_blocks(self) -> list[str]:
        """The text of each piece of code in it."""
        self.wake(whole=True)
        return self._answer.code_blocks() if self._answer is not None else []

    def repaint(self) -> None:
        """Forget how the rows looked: the theme is another."""
        self._strips.clear()

    def _forget(self, from_row: int, to_row: int = ALL) -> None:
        for row in [row for row in self._strips if from_row <= row < to_row]:
            del self._strips[row]


def _answer(width: int) -> Answer:
    from tui.markdown.answer import Answer

    return Answer(width)


def _placed(row: Row) -> Iterator[tuple[Piece, int]]:
    """The pieces of a row, each with its place in it."""
    at = 0
    for piece in pieces(row):
        yield piece, at
        at += len(piece.text)


def _hearing(view: TurnView) -> Hearing | None:
    """The word that is being spoken, or the one after which the sound was stopped."""
    text = view.text
    if view.heard is None:
        return _stopped(text, view.stopped_at) if view.unheard_characters else None
    end = min(view.heard, len(text))
    start = end
    if start:
        while end < len(text) and not text[end].isspace():
            end += 1
        while start > 0 and not text[start - 1].isspace():
            start -= 1
    return Hearing(start, end)


def _stopped(text: str, stopped_at: int | None) -> Hearing:
    """The mark where the sound was stopped: the last word that was heard."""
    end = stopped_at or 0
    while end > 0 and text[end - 1].isspace():
        end -= 1
    start = end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    return Hearing(start, end)


def _bar(look: str) -> Mark:
    return Mark(f"{_BAR} " if look else "  ", look)
