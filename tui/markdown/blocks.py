"""Blocks of an answer: paragraphs, code, tables … each with its text and its offset in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from tui.markdown.code import Colours
from tui.markdown.flow import Flow


@dataclass(slots=True)
class Paragraph:
    """A paragraph; also any block of the parser that has no class of its own."""

    flow: Flow


@dataclass(slots=True)
class Heading:
    """A heading, with its level from 1 to 6."""

    level: int
    flow: Flow


@dataclass(slots=True)
class Rule:
    """A thematic break, drawn as a line."""

    source: int


@dataclass(slots=True)
class CodeBlock:
    """Lines of code. While it grows, those from `settled` on may still change.

    Very long code is cut: `cut_lines` are the numbers of lines that go on with the line before
    them, and `separator` stands between this piece and the code that it goes on with, if it does.
    """

    language: str
    source: int
    lines: list[Flow] = field(default_factory=list[Flow])
    settled: int = 0
    colours: Colours | None = None
    cut_lines: set[int] = field(default_factory=set[int])
    separator: str | None = None

    @property
    def text(self) -> str:
        """The code as it was written."""
        pieces: list[str] = []
        for number, line in enumerate(self.lines):
            if number and number not in self.cut_lines:
                pieces.append("\n")
            pieces.append(line.text)
        return "".join(pieces)


@dataclass(slots=True)
class TableBlock:
    """Rows of cells, the first of them the header. While it grows, those from `settled` on may
    still change; the last is half-written where `half_row` says so, and is not drawn.

    `natural_cells` is the width of each column, in cells of the screen, when nothing is wrapped;
    the first `measured` rows are counted in it.
    """

    source: int
    aligns: Sequence[str]
    rows: list[list[Flow]] = field(default_factory=list[list[Flow]])
    settled: int = 0
    half_row: bool = False
    natural_cells: list[int] = field(default_factory=list[int])
    measured: int = 0

    @property
    def whole_rows(self) -> int:
        """Number of rows that are drawn."""
        return len(self.rows) - self.half_row

    def finish(self) -> None:
        """Settle all rows: no more comes."""
        self.settled, self.half_row = len(self.rows), False


@dataclass(slots=True)
class Quote:
    """A block quote; also an inner list, when it stands where a single block is wanted."""

    children: list[Child]


@dataclass(slots=True)
class Item:
    """One item of a list; `mark` is its bullet or number. One that was cut goes on without."""

    mark: str
    children: list[Child]
    continued: bool = False


Block: TypeAlias = Paragraph | Heading | Rule | CodeBlock | TableBlock | Quote | Item


@dataclass(slots=True)
class Child:
    """A block inside another, and whether an empty row stands before it."""

    block: Block
    gap: bool


class ContinuationPrefix(NamedTuple):
    """Marks of an open block, put before its rest so that it goes on as what it was.

    `containers` is the number of quotes and items around it; `code` says whether it is code. `gap`
    says whether an empty row stands before the rest, `separator` what stands there when copied.
    """

    text: str = ""
    containers: int = 0
    code: bool = False
    gap: bool = False
    separator: str = "\n"


@dataclass(slots=True)
class Unit:
    """A block of the answer, or one item of a list, and where in the text it stands.

    A list stands as its items: each can be drawn, and frozen, without the others. `gap` says
    whether an empty row stands above it; `number` is that of an item in an ordered list. A unit
    that goes on with what was cut has the `prefix` that it was parsed behind. `join` stands behind
    its last row when it is copied. Its text begins at `start` and ends at `end`, or before.
    """

    block: Block
    start: int
    gap: bool
    number: int = 0
    prefix: ContinuationPrefix | None = None
    join: str = "\n"
    end: int = 0
