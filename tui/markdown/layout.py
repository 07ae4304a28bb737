"""The rows of blocks at a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from tui.markdown.blocks import (
    Block,
    Child,
    CodeBlock,
    Heading,
    Item,
    Paragraph,
    Quote,
    Rule,
    TableBlock,
    Unit,
)
from tui.markdown.flow import Flow, lines_of
from tui.markdown.styles import FENCE

LEAST_TEXT_CELLS: Final = 8


class Slice(NamedTuple):
    """Part of a flow. `code` and `line` say whose line it is, where it gets colours later."""

    flow: Flow
    start: int
    end: int
    code: CodeBlock | None = None
    line: int = 0


class Decoration(NamedTuple):
    """Characters drawn beside the text: bullets, bars, rules.

    One without text gives its look to what is right of it in the row.
    """

    text: str
    look: str = ""
    copied: bool = False


Part: TypeAlias = Slice | Decoration


class TextRow(NamedTuple):
    """One row: its parts, and the offsets in the turn's text at which it begins and ends.

    `join` stands between this row and the next when copied. The look of the last part goes on to
    the margin, if it is `filled`.
    """

    parts: tuple[Part, ...]
    first: int
    last: int
    join: str = "\n"
    filled: bool = False


@dataclass(slots=True)
class UnitRows:
    """The rows of one unit. Those of a growing fence or table are kept up to `settled_rows`, which
    are those of the lines or rows before `settled`.

    A unit that is not laid out yet has no rows, but `expected` of them.
    """

    unit: Unit
    rows: list[TextRow] = field(default_factory=list[TextRow])
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
        """Whether the rows of `unit`, which may have been read again, would be the same."""
        mine = self.unit
        if self.expected or (mine.gap, mine.join) != (unit.gap, unit.join):
            return False
        # Lines of code and rows of a table are changed in place, so blocks that are one and the
        # same say nothing: they hold if nothing has come since they were laid out.
        block = unit.block
        if isinstance(block, CodeBlock):
            return mine.block is block and self.settled == len(block.lines)
        if isinstance(block, TableBlock):
            return mine.block is block and self.settled == len(block.rows)
        return mine.block is block or mine.block == block


# --- blocks -----------------------------------------------------------------------------------


def empty_row(source: int) -> TextRow:
    return TextRow((), source, source)


def block_rows(block: Block, width: int) -> list[TextRow]:
    match block:
        case Paragraph(flow):
            return list(_flow_rows(flow, width))
        case Heading(level, flow):
            look = "h1" if level == 1 else "heading"
            return [_with_look(row, look) for row in _flow_rows(flow, width)]
        case Rule(source):
            return [TextRow((Decoration("─" * width, "faint"),), source, source + 3)]
        case Quote(children):
            return [
                _behind(row, Decoration("▎ ", "bar")) for row in _stack(children, max(1, width - 2))
            ]
        case Item():
            return _item_rows(block, width)
        case CodeBlock() | TableBlock():
            unit_rows = UnitRows(Unit(block, 0, False))
            if isinstance(block, CodeBlock):
                code_rows(block, width, unit_rows, 0)
            else:
                table_rows(block, width, unit_rows, 0)
            return unit_rows.rows


def _stack(children: Sequence[Child], width: int) -> list[TextRow]:
    rows: list[TextRow] = []
    for child in children:
        inner = block_rows(child.block, width)
        if child.gap and inner:
            rows.append(empty_row(inner[0].first))
        rows.extend(inner)
    return rows


def _flow_rows(flow: Flow, width: int) -> Iterable[TextRow]:
    lines = lines_of(flow.text, width)
    for number, (start, end) in enumerate(lines):
        join = "\n"
        if number + 1 < len(lines):
            between = flow.text[end : lines[number + 1][0]]
            join = "\n" if "\n" in between else " " if between else ""
        first = flow.source_at(start)
        last = flow.source_at(end - 1) + 1 if end > start else first
        yield TextRow((Slice(flow, start, end),), first, last, join)


def _with_look(row: TextRow, look: str) -> TextRow:
    return row._replace(parts=(Decoration("", look), *row.parts))


def _behind(row: TextRow, decoration: Decoration) -> TextRow:
    return row._replace(parts=(decoration, *row.parts))


def _item_rows(item: Item, width: int) -> list[TextRow]:
    # Numbers up to two digits are padded alike, so that items 9 and 10 begin in the same column.
    mark = item.mark
    lead = f"{mark} ".ljust(4) if mark[0].isdigit() and len(mark) < 4 else f"{mark} "
    if width - len(lead) < LEAST_TEXT_CELLS:
        lead = f"{mark} " if width > len(mark) + 1 else ""
    rows = _stack(item.children, max(1, width - len(lead)))
    indent = Decoration(" " * len(lead), copied=True)
    if item.continued:
        return [_behind(row, indent) for row in rows]
    first, *others = rows or [empty_row(0)]
    bullet = Decoration(lead, "bullet", copied=True)
    return [_behind(first, bullet), *(_behind(row, indent) for row in others)]


# --- code -------------------------------------------------------------------------------------


def code_rows(code: CodeBlock, width: int, unit_rows: UnitRows, first_row: int) -> None:
    """Append the rows of the lines that are not settled yet; the first `first_row` rows are not
    of the code."""
    rows = unit_rows.rows
    if len(rows) == first_row and code.language and code.separator is None:
        label = code.language[: max(0, width - 2)]
        parts = (Decoration("", FENCE), Decoration(" " + label, "label"))
        rows.append(TextRow(parts, code.source, code.source, "", filled=True))
        unit_rows.settled_rows = len(rows)
    inner = max(1, width - 2)
    for line in range(unit_rows.settled, len(code.lines)):
        if line == code.settled:
            unit_rows.settled_rows = len(rows)
        flow = code.lines[line]
        lines = lines_of(flow.text, inner, words=False)
        for number, (start, end) in enumerate(lines):
            whole = number + 1 == len(lines) and line + 1 not in code.cut_lines
            join = "\n" if whole else ""
            first = flow.source_at(start)
            parts = (Decoration("", FENCE), Decoration(" "), Slice(flow, start, end, code, line))
            rows.append(TextRow(parts, first, first + end - start, join, filled=True))
    if code.settled >= len(code.lines):
        unit_rows.settled_rows = len(rows)
    unit_rows.settled = code.settled


# --- tables -----------------------------------------------------------------------------------

# A table that streams would be laid out as a whole for every row that comes, if the width of a
# column could change with any cell. So finished rows only are measured and drawn (half a cell may
# be an unclosed link, which is wider than the link), and they stay as they are until another makes
# a column wider.


def table_rows(table: TableBlock, width: int, unit_rows: UnitRows, first_row: int) -> None:
    """Append the rows that are not settled yet, or the whole table if a column has grown; the
    first `first_row` rows are not of the table."""
    _measure(table)
    widths = _column_widths(table.natural_cells, width)
    if widths != unit_rows.widths:
        unit_rows.settled, unit_rows.settled_rows = 0, first_row
        unit_rows.widths = widths
    rows = unit_rows.rows
    del rows[unit_rows.settled_rows :]
    wrapped = sum(table.natural_cells) > sum(widths)
    for number in range(unit_rows.settled, table.whole_rows):
        if number == table.settled:
            unit_rows.settled_rows = len(rows)
        cells = table.rows[number]
        source = cells[0].source_at(0) if cells else table.source
        if number == 1 or (wrapped and number):
            rows.append(_table_rule(widths, source))
        rows.extend(_table_row(table, cells, widths, header=number == 0))
    if table.settled >= table.whole_rows:
        unit_rows.settled_rows = len(rows)
    unit_rows.settled = table.settled


def _measure(table: TableBlock) -> None:
    """Make columns as wide as their finished rows want; half a row may want too much."""
    natural = table.natural_cells
    end = table.settled if table.settled > 1 else table.whole_rows
    if table.settled <= 1:
        natural.clear()
        table.measured = 0
    for row in table.rows[table.measured : end]:
        natural.extend([1] * (len(row) - len(natural)))
        for column, cell in enumerate(row):
            if cell.cells > natural[column]:
                natural[column] = cell.cells
    table.measured = max(0, min(table.settled, end))


def _column_widths(natural: Sequence[int], width: int) -> tuple[int, ...]:
    """Cells for each column: all it wants, or a fair share.

    From the narrowest to the widest, each gets an equal part of the room that is left, or less if
    it wants less; what it leaves goes to the wider ones.
    """
    if not natural:
        return ()
    room = max(len(natural), width - 3 * len(natural) + 1)
    natural_widths = [min(cells, room) for cells in natural]
    if sum(natural_widths) <= room:
        return tuple(natural_widths)
    widths = [0] * len(natural_widths)
    remaining_cells, open_columns = (
        room,
        sorted(range(len(natural_widths)), key=natural_widths.__getitem__),
    )
    for position, column in enumerate(open_columns):
        share = remaining_cells // (len(open_columns) - position)
        widths[column] = max(1, min(natural_widths[column], share))
        remaining_cells -= widths[column]
    return tuple(widths)


def _table_rule(widths: Sequence[int], source: int) -> TextRow:
    text = "┼".join("─" * (cells + 2) for cells in widths)
    return TextRow((Decoration(text, "faint"),), source, source)


def _table_row(
    table: TableBlock, cells: Sequence[Flow], widths: Sequence[int], *, header: bool
) -> Iterable[TextRow]:
    """The lines of one row of cells side by side."""
    wrapped = [
        lines_of(cell.text, cells_wide) for cell, cells_wide in zip(cells, widths, strict=False)
    ]
    sources = [cell.source_at(0) for cell in cells] or [table.source]
    ends = [cell.source_at(max(0, len(cell.text) - 1)) + 1 for cell in cells] or [table.source]
    for line in range(max((len(lines) for lines in wrapped), default=1)):
        parts: list[Part] = [Decoration("", "strong")] if header else []
        for column, cells_wide in enumerate(widths):
            if column:
                parts.append(Decoration("│", "faint"))
            lines = wrapped[column] if column < len(wrapped) else []
            parts.extend(_cell(table, cells, lines, line, column, cells_wide))
        yield TextRow(tuple(parts), min(sources), max(ends))


def _cell(
    table: TableBlock,
    cells: Sequence[Flow],
    lines: Sequence[tuple[int, int]],
    line: int,
    column: int,
    cells_wide: int,
) -> Iterable[Part]:
    from rich.cells import cell_len

    if line >= len(lines):
        yield Decoration(" " * (cells_wide + 2), copied=True)
        return
    start, end = lines[line]
    gap = max(0, cells_wide - cell_len(cells[column].text[start:end]))
    align = table.aligns[column] if column < len(table.aligns) else ""
    before = gap if align == "right" else gap // 2 if align == "center" else 0
    yield Decoration(" " * (before + 1), copied=True)
    yield Slice(cells[column], start, end)
    yield Decoration(" " * (gap - before + 1), copied=True)
