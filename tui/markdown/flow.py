"""Text with its looks, in which each character knows where in the turn's text it came from.

Pure: no screen here, and nothing that is dear to import.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rich.cells import cell_len, get_character_cell_size

from gramophone.text.graphemes import graphemes, is_plain

TAB_CELLS: Final = 4
# One cell each, by sight: lines of such characters are broken by counting them.
_ONE_CELL = re.compile(
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u21ff"
    r"\u2500-\u25fc]*"
)
_WIDE_SCRIPTS = "\u2e80"


class Run(NamedTuple):
    """Characters of one look that stand together in the source, too."""

    start: int
    source: int
    look: str = ""
    href: str = ""


@dataclass(slots=True)
class Flow:
    """`runs` are in order, the first at 0. A newline in `text` is a hard break."""

    text: str
    runs: list[Run] = field(default_factory=list[Run])
    _cells: int = field(default=-1, compare=False)

    @property
    def cells(self) -> int:
        """Width of the widest line when nothing is wrapped."""
        if self._cells < 0:
            self._cells = max(map(cell_len, self.text.split("\n")))
        return self._cells

    def run_at(self, index: int) -> Run:
        return self.runs[max(0, bisect_right(self.runs, index, key=_start_of) - 1)]

    def source_at(self, index: int) -> int:
        """Offset in the turn's text of the character at `index`."""
        if not self.runs:
            return -1
        run = self.run_at(index)
        return run.source + index - run.start

    def pieces(self, start: int, end: int) -> list[tuple[str, Run, int]]:
        """The text between two places, cut where the look changes, each with its source."""
        place = max(0, bisect_right(self.runs, start, key=_start_of) - 1)
        found: list[tuple[str, Run, int]] = []
        while start < end:
            run = self.runs[place]
            place += 1
            until = self.runs[place].start if place < len(self.runs) else end
            until = min(until, end)
            if until > start:
                found.append((self.text[start:until], run, run.source + start - run.start))
                start = until
        return found


def _start_of(run: Run) -> int:
    return run.start


def plain_flow(text: str, source: int, look: str = "") -> Flow:
    """Text that stands in the source as it is; tabs become spaces."""
    if "\t" not in text:
        return Flow(text, [Run(0, source, look)])
    pieces: list[str] = []
    runs: list[Run] = []
    length = column = 0
    for number, part in enumerate(text.split("\t")):
        if number:
            gap = TAB_CELLS - column % TAB_CELLS
            runs.append(Run(length, source, look))
            pieces.append(" " * gap)
            length, column, source = length + gap, column + gap, source + 1
        if part or not number:
            runs.append(Run(length, source, look))
            pieces.append(part)
            newline = part.rfind("\n")
            column = cell_len(part[newline + 1 :]) + (column if newline < 0 else 0)
            length, source = length + len(part), source + len(part)
    return Flow("".join(pieces), runs)


# --- lines ------------------------------------------------------------------------------------


def lines_of(text: str, width: int, *, words: bool = True) -> list[tuple[int, int]]:
    """Where each line of at most `width` cells starts and ends."""
    width = max(1, width)
    found: list[tuple[int, int]] = []
    start = 0
    for part in text.split("\n"):
        end = start + len(part)
        if len(part) <= width and _ONE_CELL.fullmatch(part):
            found.append((start, end))
        elif _ONE_CELL.fullmatch(part):
            _break_narrow(text, start, end, width, words, found)
        else:
            _break_wide(text, start, end, width, words, found)
        start = end + 1
    return found


def _break_narrow(
    text: str, start: int, end: int, width: int, words: bool, found: list[tuple[int, int]]
) -> None:
    while end - start > width:
        cut = text.rfind(" ", start, start + width + 1) if words else -1
        if cut <= start or text[start:cut].isspace():
            found.append((start, start + width))
            start += width
            continue
        after = cut
        while after < end and text[after] == " ":
            after += 1
        while text[cut - 1] == " ":
            cut -= 1
        found.append((start, cut))
        start = after
        if start >= end:
            return
    found.append((start, end))


def _break_wide(
    text: str, start: int, end: int, width: int, words: bool, found: list[tuple[int, int]]
) -> None:
    """The same by the width of each grapheme, none of which is broken."""
    used = 0
    cut = after = -1
    line = start
    units = _units(text, start, end)
    place = 0
    while place < len(units):
        index, cells = units[place]
        character = text[index]
        if used + cells > width and cells and index > line:
            if character == " " and words:
                cut, after = index, index + 1
            elif cut <= line:
                cut = after = index
            while cut > line + 1 and text[cut - 1] == " " and words:
                cut -= 1
            found.append((line, cut))
            while words and after < end and text[after] == " ":
                after += 1
            line = after
            used, cut = 0, -1
            # Back to the first that stands on the new line, which is near.
            while place and units[place - 1][0] >= line:
                place -= 1
            while place < len(units) and units[place][0] < line:
                place += 1
            continue
        if words and index > line:
            if character == " ":
                if not text[line:index].isspace():
                    cut, after = index, index + 1
            elif character >= _WIDE_SCRIPTS and cells == 2:
                cut = after = index
        used += cells
        place += 1
    if line < end or line == start:
        found.append((line, end))


def _units(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What is never broken, each with its place and its width."""
    if is_plain(text[start:end]):
        return [(place, get_character_cell_size(text[place])) for place in range(start, end)]
    return [(first, cell_len(text[first:until])) for first, until in graphemes(text, start, end)]
