"""From blocks to the rows that are drawn, at a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from tui.markdown.blocks import (
    Block,
    Child,
    Code,
    Heading,
    Item,
    Paragraph,
    Quote,
    Rule,
    Table,
    Unit,
)
from tui.markdown.flow import Flow, lines_of
from tui.markdown.styles import FENCE

LEAST_TEXT_CELLS: Final = 8


class Slice(NamedTuple):
    """Part of a flow; `code` and `line` say whose line it is, where it gets colours later."""

    flow: Flow
    start: int
    end: int
    code: Code | None = None
    line: int = 0


class Mark(NamedTuple):
    """What is drawn beside the text: bullets, bars, rules."""

    text: str
    look: str = ""
    copied: bool = False


Part: TypeAlias = Slice | Mark


class Row(NamedTuple):
    """`join` stands between this row and the next when copied.

    A mark without text gives its look to what is right of it; to the margin, if `filled`.
    """

    parts: tuple[Part, ...]
    first: int
    last: int
    join: str = "\n"
    filled: bool = False


@dataclass(slots=True)
class Laid:
    """The rows of one unit. Those of a growing fence or table are kept up to `settled_rows`.

    One that is not laid out yet has no rows, but `expected` of them.
    """

    unit: Unit
    rows: list[Row] = field(default_factory=list[Row])
    settled: int = 0
    settled_rows: int = 0
    widths: tuple[int, ...] = ()
    expected: int = 0

    @property
    def height(self) -> int:
        return self.expected or len(self.rows)

    @property
    def last(self) -> int:
        """The offset in the text that its rows reach."""
        return self.rows[-1].last if self.rows else self.unit.end if self.expected else -1

    def holds_for(self, unit: Unit) -> bool:
        """Whether its rows are those of `unit`, too, which may have been read again."""
        mine = self.unit
        if self.expected or (mine.gap, mine.join) != (unit.gap, unit.join):
            return False
        block = unit.block
        if isinstance(block, Code):
            return mine.block is block and self.settled == len(block.lines)
        if isinstance(block, Table):
            return mine.block is block and self.settled == len(block.rows)
        return mine.block is block or mine.block == block


# --- blocks -----------------------------------------------------------------------------------


def empty_row(source: int) -> Row:
    return Row((), source, source)


def block_rows(block: Block, width: int) -> list[Row]:
    match block:
        case Paragraph(flow):
            return list(_flow_rows(flow, width))
        case Heading(level, flow):
            look = "h1" if level == 1 else "heading"
            return [_with_look(row, look) for row in _flow_rows(flow, width)]
        case Rule(source):
            return [Row((Mark("─" * width, "faint"),), source, source + 3)]
        case Quote(children):
            return [_behind(row, Mark("▎ ", "bar")) for row in _stack(children, max(1, width - 2))]
        case Item():
            return _item_rows(block, width)
        case Code() | Table():
            laid = Laid(Unit(block, 0, False))
            if isinstance(block, Code):
                code_rows(block, width, laid, 0)
            else:
                table_rows(block, width, laid, 0)
            return laid.rows


def _stack(children: Sequence[Child], width: int) -> list[Row]:
    rows: list[Row] = []
    for child in children:
        inner = block_rows(child.block, width)
        if child.gap and inner:
            rows.append(empty_row(inner[0].first))
        rows.extend(inner)
    return rows


def _flow_rows(flow: Flow, width: int) -> Iterable[Row]:
    lines = lines_of(flow.text, width)
    for place, (start, end) in enumerate(lines):
        join = "\n"
        if place + 1 < len(lines):
            between = flow.text[end : lines[place + 1][0]]
            join = "\n" if "\n" in between else " " if between else ""
        first = flow.source_at(start)
        last = flow.source_at(end - 1) + 1 if end > start else first
        yield Row((Slice(flow, start, end),), first, last, join)


def _with_look(row: Row, look: str) -> Row:
    return row._replace(parts=(Mark("", look), *row.parts))


def _behind(row: Row, mark: Mark) -> Row:
    return row._replace(parts=(mark, *row.parts))


def _item_rows(item: Item, width: int) -> list[Row]:
    mark = item.mark
    lead = f"{mark} ".ljust(4) if mark[0].isdigit() and len(mark) < 4 else f"{mark} "
    if width - len(lead) < LEAST_TEXT_CELLS:
        lead = f"{mark} " if width > len(mark) + 1 else ""
    rows = _stack(item.children, max(1, width - len(lead)))
    indent = Mark(" " * len(lead), copied=True)
    if item.goes_on:
        return [_behind(row, indent) for row in rows]
    first, *others = rows or [empty_row(0)]
    bullet = Mark(lead, "bullet", copied=True)
    return [_behind(first, bullet), *(_behind(row, indent) for row in others)]


# --- code -------------------------------------------------------------------------------------


def code_rows(code: Code, width: int, laid: Laid, first_row: int) -> None:
    """Append the rows of the lines that are not settled yet."""
    rows = laid.rows
    if len(rows) == first_row and code.language and code.behind is None:
        label = code.language[: max(0, width - 2)]
        parts = (Mark("", FENCE), Mark(" " + label, "label"))
        rows.append(Row(parts, code.source, code.source, "", filled=True))
        laid.settled_rows = len(rows)
    inner = max(1, width - 2)
    for place in range(laid.settled, len(code.lines)):
        if place == code.settled:
            laid.settled_rows = len(rows)
        flow = code.lines[place]
        lines = lines_of(flow.text, inner, words=False)
        for number, (start, end) in enumerate(lines):
            whole = number + 1 == len(lines) and place + 1 not in code.cut_lines
            join = "\n" if whole else ""
            first = flow.source_at(start)
            parts = (Mark("", FENCE), Mark(" "), Slice(flow, start, end, code, place))
            rows.append(Row(parts, first, first + end - start, join, filled=True))
    if code.settled >= len(code.lines):
        laid.settled_rows = len(rows)
    laid.settled = code.settled


# --- tables -----------------------------------------------------------------------------------


def table_rows(table: Table, width: int, laid: Laid, first_row: int) -> None:
    """The whole table if a column has grown, else the rows that are not settled yet."""
    _measure(table)
    widths = _column_widths(table.natural_cells, width)
    if widths != laid.widths:
        laid.settled, laid.settled_rows = 0, first_row
        laid.widths = widths
    del laid.rows[laid.settled_rows :]
    wrapped = sum(table.natural_cells) > sum(widths)
    for place in range(laid.settled, len(table.rows)):
        if place == table.settled:
            laid.settled_rows = len(laid.rows)
        rows = table.rows[place]
        source = rows[0].source_at(0) if rows else table.source
        if place == 1 or (wrapped and place):
            laid.rows.append(_table_rule(widths, source))
        laid.rows.extend(_table_row(table, rows, widths, header=place == 0))
    if table.settled >= len(table.rows):
        laid.settled_rows = len(laid.rows)
    laid.settled = table.settled


def _measure(table: Table) -> None:
    """Columns are as wide as their finished rows want; half a row may want too much."""
    natural = table.natural_cells
    end = table.settled if table.settled > 1 else len(table.rows)
    if table.settled <= 1:
        natural.clear()
        table.measured = 0
    for row in table.rows[table.measured : end]:
        natural.extend([1] * (len(row) - len(natural)))
        for place, cell in enumerate(row):
            if cell.cells > natural[place]:
                natural[place] = cell.cells
    table.measured = max(0, min(table.settled, end))


def _column_widths(natural: Sequence[int], width: int) -> tuple[int, ...]:
    """What each column gets: all it wants, or a fair share."""
    if not natural:
        return ()
    room = max(len(natural), width - 3 * len(natural) + 1)
    wanted = [min(each, room) for each in natural]
    if sum(wanted) <= room:
        return tuple(wanted)
    given = [0] * len(wanted)
    left, open_columns = room, sorted(range(len(wanted)), key=wanted.__getitem__)
    for position, column in enumerate(open_columns):
        share = left // (len(open_columns) - position)
        given[column] = max(1, min(wanted[column], share))
        left -= given[column]
    return tuple(given)


def _table_rule(widths: Sequence[int], source: int) -> Row:
    text = "┼".join("─" * (each + 2) for each in widths)
    return Row((Mark(text, "faint"),), source, source)


def _table_row(
    table: Table, cells: Sequence[Flow], widths: Sequence[int], *, header: bool
) -> Iterable[Row]:
    """The lines of one row of cells side by side."""
    wrapped = [
        lines_of(cell.text, cells_wide) for cell, cells_wide in zip(cells, widths, strict=False)
    ]
    sources = [cell.source_at(0) for cell in cells] or [table.source]
    ends = [cell.source_at(max(0, len(cell.text) - 1)) + 1 for cell in cells] or [table.source]
    for line in range(max((len(lines) for lines in wrapped), default=1)):
        parts: list[Part] = [Mark("", "strong")] if header else []
        for column, cells_wide in enumerate(widths):
            if column:
                parts.append(Mark("│", "faint"))
            lines = wrapped[column] if column < len(wrapped) else []
            parts.extend(_cell(table, cells, lines, line, column, cells_wide))
        yield Row(tuple(parts), min(sources), max(ends))


def _cell(
    table: Table,
    cells: Sequence[Flow],
    lines: Sequence[tuple[int, int]],
    line: int,
    column: int,
    cells_wide: int,
) -> Iterable[Part]:
    from rich.cells import cell_len

    if line >= len(lines):
        yield Mark(" " * (cells_wide + 2), copied=True)
        return
    start, end = lines[line]
    gap = max(0, cells_wide - cell_len(cells[column].text[start:end]))
    align = table.aligns[column] if column < len(table.aligns) else ""
    before = gap if align == "right" else gap // 2 if align == "center" else 0
    yield Mark(" " * (before + 1), copied=True)
    yield Slice(cells[column], start, end)
    yield Mark(" " * (gap - before + 1), copied=True)
