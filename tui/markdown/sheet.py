"""All rows of a document at a width; what is finished is laid out once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from tui.markdown.blocks import Code, Table, Unit
from tui.markdown.layout import Laid, Row, block_rows, code_rows, empty_row, table_rows
from tui.transcript.row_numbers import ALL


class Sheet:
    """All rows of a document at one width. Of some units only their number may be known, about:
    they are laid out when they are seen, or piece by piece."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.laid: list[Laid] = []
        self._tops: list[int] = []
        self._unlaid: dict[int, None] = {}
        self.height = 0
        self.changed_from = 0

    def update(self, units: Sequence[Unit], changed_from: int, at_once: int | None = None) -> None:
        """Lay out the units from `changed_from` on, those behind the first `at_once` characters
        later; `self.changed_from` is the first new row."""
        changed_from = min(changed_from, len(self.laid))
        del self._tops[changed_from:]
        old = self.laid[changed_from:]
        del self.laid[changed_from:]
        for place in [each for each in self._unlaid if each >= changed_from]:
            del self._unlaid[place]
        self.height = self._bottom()
        self.changed_from = self.height
        same = True
        for place, unit in enumerate(units[changed_from:]):
            before = old[place] if place < len(old) else None
            if before is not None and before.holds_for(unit):
                before.unit = unit
                self._add(before)
                self.changed_from = self.height if same else self.changed_from
                continue
            if place == 0 and before is not None and before.unit.block is unit.block:
                laid = before
                laid.unit, laid.expected = unit, 0
                self.changed_from = self.height + int(unit.gap) + laid.settled_rows
            else:
                laid = Laid(unit)
            same = False
            if at_once is not None and at_once <= 0:
                laid.expected = _expected_rows(unit, self.width)
                self._unlaid[len(self.laid)] = None
            else:
                widths = laid.widths
                self._lay(laid)
                if widths != laid.widths and place == 0:
                    self.changed_from = self.height
                at_once = None if at_once is None else at_once - (unit.end - unit.start)
            self._add(laid)

    def _add(self, laid: Laid) -> None:
        self._tops.append(self.height)
        self.laid.append(laid)
        self.height += laid.height

    def _bottom(self) -> int:
        return self._tops[-1] + self.laid[-1].height if self.laid else 0

    def _lay(self, laid: Laid) -> None:
        unit = laid.unit
        block = unit.block
        if not laid.rows and unit.gap:
            laid.rows.append(empty_row(unit.start))
            laid.settled_rows = 1
        if isinstance(block, Code):
            del laid.rows[laid.settled_rows :]
            code_rows(block, self.width, laid, int(unit.gap))
        elif isinstance(block, Table):
            table_rows(block, self.width, laid, int(unit.gap))
        else:
            laid.rows.extend(block_rows(block, self.width))
        if unit.join != "\n" and laid.rows:
            laid.rows[-1] = laid.rows[-1]._replace(join=unit.join)

    # --- what is laid out later ---------------------------------------------------------------

    @property
    def whole(self) -> bool:
        """Whether all units are laid out."""
        return not self._unlaid

    def lay_out(self, first: int, last: int) -> int:
        """Lay out what stands from one row to another. Gives the first row that has changed."""
        place = self._place_of(first)
        changed_from = ALL
        while self._unlaid and place < len(self.laid) and self._tops[place] <= last:
            if place in self._unlaid:
                changed_from = min(changed_from, self._lay_later(place))
                self._measure(place)
            place += 1
        return changed_from

    def lay_out_some(self, characters: int | None) -> int:
        """The same for what comes next, until so many characters are laid out."""
        first = None
        changed_from = ALL
        for place in list(self._unlaid):
            if characters is not None and characters <= 0:
                break
            first = place if first is None else min(first, place)
            unit = self.laid[place].unit
            changed_from = min(changed_from, self._lay_later(place))
            characters = None if characters is None else characters - (unit.end - unit.start)
        if first is not None:
            self._measure(first)
        return changed_from

    def _lay_later(self, place: int) -> int:
        laid = self.laid[place]
        del self._unlaid[place]
        laid.expected = 0
        self._lay(laid)
        return self._tops[place]

    def _measure(self, place: int) -> None:
        """Where the units from `place` on stand."""
        top = self._tops[place]
        del self._tops[place:]
        for laid in self.laid[place:]:
            self._tops.append(top)
            top += laid.height
        self.height = top

    # --- reading ------------------------------------------------------------------------------

    def _place_of(self, index: int) -> int:
        return max(0, bisect_right(self._tops, index) - 1)

    def row(self, index: int) -> Row:
        place = self._place_of(index)
        laid = self.laid[place]
        index -= self._tops[place]
        if not laid.expected:
            return laid.rows[index]
        unit = laid.unit
        return empty_row(unit.start + (unit.end - unit.start) * index // laid.expected)

    def rows(self, start: int, end: int) -> Iterable[Row]:
        return (self.row(index) for index in range(max(0, start), min(end, self.height)))

    def row_of_source(self, source: int) -> int:
        """The first row that reaches beyond `source`."""
        place = _first(len(self.laid), lambda each: self.laid[each].last > source)
        if place == len(self.laid):
            return self.height
        laid, top = self.laid[place], self._tops[place]
        if not laid.expected:
            return top + _first(len(laid.rows), lambda each: laid.rows[each].last > source)
        start, end = laid.unit.start, laid.unit.end
        return top + laid.expected * max(0, source - start) // max(1, end - start)


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """The first number from which on it holds; `count` if it never does."""
    return bisect_left(range(count), True, key=holds)


def _expected_rows(unit: Unit, width: int) -> int:
    """About how many rows it will have."""
    block = unit.block
    lines = 0
    if isinstance(block, Code):
        lines = len(block.lines)
    elif isinstance(block, Table):
        lines = len(block.rows)
    return max(1, lines, (unit.end - unit.start) // width) + unit.gap
