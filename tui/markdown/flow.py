"""Text with its looks, in which each character knows where in the turn's text it came from.

Widths are counted in cells of the terminal, not in characters. A cell is as wide as a Latin
letter. East Asian wide characters and most emoji take two (UAX #11), combining marks and joiners
none, and what a reader takes for one character, a grapheme (UAX #29), may be several code points
that are drawn as one. So a line is filled cell by cell and broken between graphemes only: half of
one would be drawn as something else. Measuring costs, and nearly all text is Latin; a line of
characters that are known to take one cell each is broken by counting them.

Nothing here needs the screen, and nothing is expensive to import.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rich.cells import cell_len, get_character_cell_size

from gramophone.text.graphemes import graphemes, is_plain

TAB_CELLS: Final = 4
# Characters of one cell each that never join with another: Latin, Greek, Cyrillic, punctuation,
# arrows, box drawing. The soft hyphen (U+00AD) is not among them, for terminals disagree on it.
_ONE_CELL = re.compile(
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u21ff"
    r"\u2500-\u25fc]*"
)
_WIDE_SCRIPTS = "\u2e80"


class StyleRun(NamedTuple):
    """Characters of one look that stand together in the source, too: from `start` on in the text of
    a flow, from `source` on in the text of the turn."""

    start: int
    source: int
    look: str = ""
    href: str = ""


@dataclass(slots=True)
class Flow:
    """Text of one paragraph, cell or line. `runs` are in order, the first at 0; a newline in `text`
    is a hard break."""

    text: str
    runs: list[StyleRun] = field(default_factory=list[StyleRun])
    _cells: int = field(default=-1, compare=False)

    @property
    def cells(self) -> int:
        """Width of the widest line when nothing is wrapped."""
        if self._cells < 0:
            self._cells = max(map(cell_len, self.text.split("\n")))
        return self._cells

    def run_at(self, index: int) -> StyleRun:
        return self.runs[max(0, bisect_right(self.runs, index, key=_start_of) - 1)]

    def source_at(self, index: int) -> int:
        """Offset in the turn's text of the character at `index`."""
        if not self.runs:
            return -1
        run = self.run_at(index)
        return run.source + index - run.start

    def pieces(self, start: int, end: int) -> list[tuple[str, StyleRun, int]]:
        """The text between two characters, cut where the look changes.

        Each piece comes with its run, and its offset in the turn's text.
        """
        index = max(0, bisect_right(self.runs, start, key=_start_of) - 1)
        cut: list[tuple[str, StyleRun, int]] = []
        while start < end:
            run = self.runs[index]
            index += 1
            until = self.runs[index].start if index < len(self.runs) else end
            until = min(until, end)
            if until > start:
                cut.append((self.text[start:until], run, run.source + start - run.start))
                start = until
        return cut


def _start_of(run: StyleRun) -> int:
    return run.start


def plain_flow(text: str, source: int, look: str = "") -> Flow:
    """Text that stands in the source as it is; tabs become spaces."""
    if "\t" not in text:
        return Flow(text, [StyleRun(0, source, look)])
    pieces: list[str] = []
    runs: list[StyleRun] = []
    length = column = 0
    for number, part in enumerate(text.split("\t")):
        if number:
            gap = TAB_CELLS - column % TAB_CELLS
            runs.append(StyleRun(length, source, look))
            pieces.append(" " * gap)
            length, column, source = length + gap, column + gap, source + 1
        if part or not number:
            runs.append(StyleRun(length, source, look))
            pieces.append(part)
            newline = part.rfind("\n")
            column = cell_len(part[newline + 1 :]) + (column if newline < 0 else 0)
            length, source = length + len(part), source + len(part)
    return Flow("".join(pieces), runs)


# --- lines ------------------------------------------------------------------------------------


def lines_of(text: str, width: int, *, words: bool = True) -> list[tuple[int, int]]:
    """The first character and the end of each line of at most `width` cells.

    Lines are broken at spaces, which belong to neither line, and between East Asian wide
    characters; anywhere, where a word is wider than a line or `words` are not to be kept.
    """
    width = max(1, width)
    lines: list[tuple[int, int]] = []
    start = 0
    for part in text.split("\n"):
        end = start + len(part)
        if len(part) <= width and _ONE_CELL.fullmatch(part):
            lines.append((start, end))
        elif _ONE_CELL.fullmatch(part):
            _break_narrow(text, start, end, width, words, lines)
        else:
            _break_wide(text, start, end, width, words, lines)
        start = end + 1
    return lines


def _break_narrow(
    text: str, start: int, end: int, width: int, words: bool, lines: list[tuple[int, int]]
) -> None:
    while end - start > width:
        cut = text.rfind(" ", start, start + width + 1) if words else -1
        if cut <= start or text[start:cut].isspace():
            lines.append((start, start + width))
            start += width
            continue
        after = cut
        while after < end and text[after] == " ":
            after += 1
        while text[cut - 1] == " ":
            cut -= 1
        lines.append((start, cut))
        start = after
        if start >= end:
            return
    lines.append((start, end))


def _break_wide(
    text: str, start: int, end: int, width: int, words: bool, lines: list[tuple[int, int]]
) -> None:
    """Break a line by the width of each grapheme, none of which is broken."""
    used = 0
    cut = after = -1
    line = start
    units = _units(text, start, end)
    number = 0
    while number < len(units):
        index, cells = units[number]
        character = text[index]
        if used + cells > width and cells and index > line:
            if character == " " and words:
                cut, after = index, index + 1
            elif cut <= line:
                cut = after = index
            while cut > line + 1 and text[cut - 1] == " " and words:
                cut -= 1
            lines.append((line, cut))
            while words and after < end and text[after] == " ":
                after += 1
            line = after
            used, cut = 0, -1
            # Back to the first that stands on the new line, which is near.
            while number and units[number - 1][0] >= line:
                number -= 1
            while number < len(units) and units[number][0] < line:
                number += 1
            continue
        if words and index > line:
            if character == " ":
                if not text[line:index].isspace():
                    cut, after = index, index + 1
            elif character >= _WIDE_SCRIPTS and cells == 2:
                cut = after = index
        used += cells
        number += 1
    if line < end or line == start:
        lines.append((line, end))


def _units(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The graphemes of the text, each as its first character and its width in cells."""
    if is_plain(text[start:end]):
        return [(index, get_character_cell_size(text[index])) for index in range(start, end)]
    return [(first, cell_len(text[first:until])) for first, until in graphemes(text, start, end)]
