"""What an answer is made of: paragraphs, code, tables … each with its text and its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from tui.markdown.code import Colours
from tui.markdown.flow import Flow


@dataclass(slots=True)
class Paragraph:
    flow: Flow


@dataclass(slots=True)
class Heading:
    level: int
    flow: Flow


@dataclass(slots=True)
class Rule:
    source: int


@dataclass(slots=True)
class Code:
    """Lines of code. While it grows, those from `settled` on may still change.

    Very long code is cut: `cut_lines` go on with the line before them, and `behind` is what
    stands between this piece and the code before it, if it goes on with that.
    """

    language: str
    source: int
    lines: list[Flow] = field(default_factory=list[Flow])
    settled: int = 0
    colours: Colours | None = None
    cut_lines: set[int] = field(default_factory=set[int])
    behind: str | None = None

    @property
    def text(self) -> str:
        """All lines, as they were written."""
        found: list[str] = []
        for place, line in enumerate(self.lines):
            if place and place not in self.cut_lines:
                found.append("\n")
            found.append(line.text)
        return "".join(found)


@dataclass(slots=True)
class Table:
    """The first row is the header. While it grows, rows from `settled` on may still change."""

    source: int
    aligns: Sequence[str]
    rows: list[list[Flow]] = field(default_factory=list[list[Flow]])
    settled: int = 0
    natural_cells: list[int] = field(default_factory=list[int])
    measured: int = 0


@dataclass(slots=True)
class Quote:
    children: list[Child]


@dataclass(slots=True)
class Item:
    """One item of a list; `mark` is its bullet or number. One that was cut goes on without."""

    mark: str
    children: list[Child]
    goes_on: bool = False


Block: TypeAlias = Paragraph | Heading | Rule | Code | Table | Quote | Item


@dataclass(slots=True)
class Child:
    """A block inside another, and whether an empty row stands before it."""

    block: Block
    gap: bool


class Lead(NamedTuple):
    """Marks of an open block, put before its rest so that it goes on as what it was.

    `containers` are the quotes and items around it; `code` says whether it is code. `gap` says
    whether an empty row stands before the rest, `between` what stands there when copied.
    """

    text: str = ""
    containers: int = 0
    code: bool = False
    gap: bool = False
    between: str = "\n"


@dataclass(slots=True)
class Unit:
    """A block of the answer, or one item of a list, and what its source was.

    A list stands as its items: each can be drawn, and kept, without the others. One that goes
    on with what was cut has a `lead` before its source; `join` stands behind its last row.
    Its source ends at `end`, or before.
    """

    block: Block
    start: int
    gap: bool
    number: int = 0
    lead: Lead | None = None
    join: str = "\n"
    end: int = 0
