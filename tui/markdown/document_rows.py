"""The rows of a document at a width; what is finished is laid out once.

A text that streams changes at its end only, so all units before the first that changed keep their
rows, and of a fence or a table that grows those of its settled lines. At another width nothing
holds. Then the units that are seen are laid out at once, and of the others only a number of rows
is known, about: it is replaced unit by unit, by `lay_out` when one comes into view, and by
`lay_out_some` tick by tick. A row that is not laid out is empty, with an offset that is its share
of the unit's text, so that places in the text can be found meanwhile.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from tui.markdown.blocks import CodeBlock, TableBlock, Unit
from tui.markdown.layout import TextRow, UnitRows, block_rows, code_rows, empty_row, table_rows
from tui.transcript.row_numbers import ALL


class DocumentRows:
    """Units from top to bottom, each with its top: the row of the document at which it begins."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.units: list[UnitRows] = []
        self._tops: list[int] = []
        self._pending: dict[int, None] = {}
        self.height = 0
        self.changed_from = 0

    def update(self, units: Sequence[Unit], changed_from: int, at_once: int | None = None) -> None:
        """Lay out the units from `changed_from` on, those behind the first `at_once` characters
        later; `self.changed_from` is the first new row."""
        changed_from = min(changed_from, len(self.units))
        del self._tops[changed_from:]
        old = self.units[changed_from:]
        del self.units[changed_from:]
        for index in [index for index in self._pending if index >= changed_from]:
            del self._pending[index]
        self.height = self._bottom()
        self.changed_from = self.height
        # Units that were read again, but came out the same, keep their rows. `changed_from` moves
        # over these until the first unit that is different.
        same = True
        for number, unit in enumerate(units[changed_from:]):
            before = old[number] if number < len(old) else None
            if before is not None and before.holds_for(unit):
                before.unit = unit
                self._add(before)
                self.changed_from = self.height if same else self.changed_from
                continue
            if number == 0 and before is not None and before.unit.block is unit.block:
                unit_rows = before
                unit_rows.unit, unit_rows.expected = unit, 0
                self.changed_from = self.height + int(unit.gap) + unit_rows.settled_rows
            else:
                unit_rows = UnitRows(unit)
            same = False
            if at_once is not None and at_once <= 0:
                unit_rows.expected = _expected_rows(unit, self.width)
                self._pending[len(self.units)] = None
            else:
                widths = unit_rows.widths
                self._lay_out_unit(unit_rows)
                if widths != unit_rows.widths and number == 0:
                    self.changed_from = self.height
                at_once = None if at_once is None else at_once - (unit.end - unit.start)
            self._add(unit_rows)

    def _add(self, unit_rows: UnitRows) -> None:
        self._tops.append(self.height)
        self.units.append(unit_rows)
        self.height += unit_rows.height

    def _bottom(self) -> int:
        return self._tops[-1] + self.units[-1].height if self.units else 0

    def _lay_out_unit(self, unit_rows: UnitRows) -> None:
        unit, rows = unit_rows.unit, unit_rows.rows
        block = unit.block
        if not rows and unit.gap:
            rows.append(empty_row(unit.start))
            unit_rows.settled_rows = 1
        if isinstance(block, CodeBlock):
            del rows[unit_rows.settled_rows :]
            code_rows(block, self.width, unit_rows, int(unit.gap))
        elif isinstance(block, TableBlock):
            table_rows(block, self.width, unit_rows, int(unit.gap))
        else:
            rows.extend(block_rows(block, self.width))
        if unit.join != "\n" and rows:
            rows[-1] = rows[-1]._replace(join=unit.join)

    # --- units laid out later -----------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether all units are laid out."""
        return not self._pending

    def lay_out(self, first: int, last: int) -> int:
        """Lay out the units from one row to another. Returns the first row that has changed."""
        index = self._unit_at(first)
        changed_from = ALL
        while self._pending and index < len(self.units) and self._tops[index] <= last:
            if index in self._pending:
                changed_from = min(changed_from, self._lay_out_pending(index))
                self._measure(index)
            index += 1
        return changed_from

    def lay_out_some(self, characters: int | None) -> int:
        """Lay out the next units, until so many characters are laid out; all of them, for `None`.
        Returns the first row that has changed."""
        first = None
        changed_from = ALL
        for index in list(self._pending):
            if characters is not None and characters <= 0:
                break
            first = index if first is None else min(first, index)
            unit = self.units[index].unit
            changed_from = min(changed_from, self._lay_out_pending(index))
            characters = None if characters is None else characters - (unit.end - unit.start)
        if first is not None:
            self._measure(first)
        return changed_from

    def _lay_out_pending(self, index: int) -> int:
        unit_rows = self.units[index]
        del self._pending[index]
        unit_rows.expected = 0
        self._lay_out_unit(unit_rows)
        return self._tops[index]

    def _measure(self, index: int) -> None:
        """Find the tops of the units from `index` on, whose heights may have changed."""
        top = self._tops[index]
        del self._tops[index:]
        for unit_rows in self.units[index:]:
            self._tops.append(top)
            top += unit_rows.height
        self.height = top

    # --- reading ------------------------------------------------------------------------------

    def _unit_at(self, row: int) -> int:
        return max(0, bisect_right(self._tops, row) - 1)

    def row(self, index: int) -> TextRow:
        number = self._unit_at(index)
        unit_rows = self.units[number]
        index -= self._tops[number]
        if not unit_rows.expected:
            return unit_rows.rows[index]
        unit = unit_rows.unit
        return empty_row(unit.start + (unit.end - unit.start) * index // unit_rows.expected)

    def rows(self, start: int, end: int) -> Iterable[TextRow]:
        return (self.row(index) for index in range(max(0, start), min(end, self.height)))

    def row_of_source(self, source: int) -> int:
        """The first row that reaches beyond `source`."""
        index = _first(len(self.units), lambda number: self.units[number].last > source)
        if index == len(self.units):
            return self.height
        unit_rows, top = self.units[index], self._tops[index]
        if not unit_rows.expected:
            rows = unit_rows.rows
            return top + _first(len(rows), lambda number: rows[number].last > source)
        start, end = unit_rows.unit.start, unit_rows.unit.end
        return top + unit_rows.expected * max(0, source - start) // max(1, end - start)


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """The first number from which on it holds; `count` if it never does."""
    return bisect_left(range(count), True, key=holds)


def _expected_rows(unit: Unit, width: int) -> int:
    """About the number of rows that a unit will have."""
    block = unit.block
    lines = 0
    if isinstance(block, CodeBlock):
        lines = len(block.lines)
    elif isinstance(block, TableBlock):
        lines = len(block.rows)
    return max(1, lines, (unit.end - unit.start) // width) + unit.gap
