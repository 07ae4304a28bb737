"""What an answer is made of: paragraphs, code, tables … each with its text and its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

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
    """Lines of code. While it grows, those from `settled` on may still change."""

    language: str
    source: int
    lines: list[Flow] = field(default_factory=list[Flow])
    settled: int = 0
    colours: Colours | None = None


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
    """One item of a list; `mark` is its bullet or number."""

    mark: str
    children: list[Child]


Block: TypeAlias = Paragraph | Heading | Rule | Code | Table | Quote | Item


@dataclass(slots=True)
class Child:
    """A block inside another, and whether an empty row stands before it."""

    block: Block
    gap: bool


@dataclass(slots=True)
class Unit:
    """A block of the answer, or one item of a list, and what its source was.

    A list stands as its items: each can be drawn, and kept, without the others.
    """

    block: Block
    start: int
    gap: bool
    number: int = 0
