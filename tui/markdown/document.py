"""An answer as blocks, while its text grows: only its open end is parsed again.

`open_end` says what is open, and why that is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from markdown_it import MarkdownIt

from tui.markdown.blocks import CodeBlock, ContinuationPrefix, Item, TableBlock, Unit
from tui.markdown.cutting import LONGEST_OPEN_CHARACTERS, mark_continued, place_to_cut
from tui.markdown.open_end import OpenEnd
from tui.markdown.parser import BlockBuilder, Group, SourceLines, groups_of, make_parser
from tui.markdown.references import References

SLICE_CHARACTERS: Final = 2_000
READ_AGAIN_CHARACTERS: Final = 4_000
"""Characters of blocks that name a new definition, to be read again with each slice."""
_parser: MarkdownIt | None = None


def _the_parser() -> MarkdownIt:
    global _parser
    if _parser is None:
        _parser = make_parser()
    return _parser


class Document:
    """`units` are drawn one under the other; those from `changed_from` on are new or different.

    `parsed` characters were taken in; `work` is how many were parsed for that, again and again.
    """

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.changed_from = 0
        self.parsed: int = 0
        self.work: int = 0
        self._text = ""
        self.open_end = OpenEnd()
        self._references = References()
        self._had_references = False
        self._stale: dict[int, None] = {}
        self._whole: Document | None = None

    def grow(self, text: str, limit: int = SLICE_CHARACTERS, until: int | None = None) -> bool:
        """Take in at most `limit` characters more of `text`, as far as `until`.

        It begins with what was taken before. False: nothing to do.
        """
        start = self.parsed
        whole = len(text) if until is None else min(len(text), until)
        if start >= whole:
            return self._read_stale()
        self._text = text
        # A reader that takes in more at once than others must not miss the place of a cut.
        longest = self.open_end.boundary.start + LONGEST_OPEN_CHARACTERS
        end = min(whole, start + limit, longest)
        if end < whole and end < longest:
            # Whole lines are cheaper: half a line is parsed twice.
            end = max(text.rfind("\n", start, end) + 1, 0) or end
        self.parsed = end
        self._parse()
        if end - self.open_end.boundary.start >= LONGEST_OPEN_CHARACTERS:
            self._cut()
        changed_from = self.changed_from
        self._read_stale()
        self.changed_from = min(self.changed_from, changed_from)
        return True

    def finish(self, work: int | None = None) -> bool:
        """No more comes: half a row of a table is a row. False: that changes nothing.

        If there were definitions of links, all is read again, `work` characters at a call until it
        is `finished`.
        """
        if self._had_references:
            return self._read_whole(work)
        table = self._last_table()
        if table is None:
            return False
        changed = table.settled < len(table.rows)
        table.finish()
        self.changed_from = len(self.units) - 1
        return changed

    @property
    def finished(self) -> bool:
        """Whether the last `finish` has come to its end."""
        return not self._had_references

    # With which definitions a block was read again depends on how the text fell into slices. A
    # finished answer must not depend on that, so one that has definitions is read once more, as a
    # whole, in slices that the text alone decides. Rows that come out the same are kept.

    def _read_whole(self, work: int | None) -> bool:
        whole = self._whole = self._whole or Document()
        before = whole.work
        while whole.grow(self._text, until=self.parsed):
            if work is not None and whole.work - before >= work:
                self.work += whole.work - before
                return False
        self.work += whole.work - before
        self._whole, self._had_references = None, False
        self._stale.clear()
        if (table := whole._last_table()) is not None:
            table.finish()
        self.units, self.changed_from = whole.units, 0
        return True

    def _last_table(self) -> TableBlock | None:
        block = self.units[-1].block if self.units else None
        return block if isinstance(block, TableBlock) else None

    # --- parsing ------------------------------------------------------------------------------

    def _parse(self) -> None:
        groups, source, references = self._read(self.parsed)
        line = self.open_end.advance(groups, self.units, source)
        self._references.settle(
            {
                label: definition
                for label, definition in references.items()
                if definition["map"][1] <= line
            }
        )
        self._show_references(references)

    def _cut(self) -> None:
        """Settle the beginning of what has been open for too long."""
        changed_from, boundary = self.changed_from, self.open_end.boundary
        last = self.units[-1].block if len(self.units) > boundary.units else None
        offset = place_to_cut(self._text, boundary.start, self.parsed, last)
        groups, source, references = self._read(offset)
        self._references.settle(references)
        self.open_end.cut(groups, self.units, source)
        if offset < self.parsed:
            self._parse()
        self.changed_from = min(self.changed_from, changed_from)

    def _read(self, end: int) -> tuple[list[Group], SourceLines, Mapping[str, Any]]:
        """Replace the units from the open one on by what stands there up to `end`.

        Returns:
            The blocks as groups of tokens, their lines, and the definitions in them.
        """
        tail = self.open_end.tail(self._text, end)
        self.work += len(tail)
        source = self.open_end.source(self._text, end)
        references = self._references.with_room()
        env: dict[str, Any] = {"references": references}
        frozen = self.open_end.boundary.units
        open_unit = self.units[frozen] if frozen < len(self.units) else None
        groups = groups_of(_the_parser().parse(tail, env), open_unit.number if open_unit else 0)
        self.changed_from = frozen
        self._replace_open(groups, source, open_unit)
        return groups, source, references.maps[0]

    def _replace_open(
        self, groups: list[Group], source: SourceLines, open_unit: Unit | None
    ) -> None:
        builder, boundary = BlockBuilder(source), self.open_end.boundary
        prefix = self.open_end.prefix if not boundary.opening else None
        # Fences and tables that go on keep their block, with the rows of what is settled of it.
        del self.units[boundary.units :]
        for number, group in enumerate(groups):
            if number == 0 and prefix is not None:
                block = builder.block(group)
                gap = mark_continued(block, prefix) and prefix.gap
                unit = Unit(block, boundary.start, gap, group.number, prefix)
            elif number == 0 and open_unit is not None:
                unit = self._grown(open_unit, group, builder)
            else:
                gap = bool(self.units)
                if not group.first_of_list:
                    gap = source.blank_before(group.line)
                start = source.at_line(group.line)
                unit = Unit(builder.block(group), start, gap, group.number)
            unit.end = source.at_line(group.end_line)
            self.units.append(unit)

    def _grown(self, unit: Unit, group: Group, builder: BlockBuilder) -> Unit:
        """The open unit as it is now: longer, or something else altogether."""
        block = unit.block
        first = group.tokens[0]
        opened = bool(self.open_end.boundary.opening)
        if opened and isinstance(block, CodeBlock) and first.type == "fence":
            del block.lines[block.settled :]
            block.lines.extend(builder.code_lines(first.content, group.line + 1))
            if block.colours is not None:
                block.colours.forget_from(block.settled)
            return unit
        if opened and isinstance(block, TableBlock) and first.type == "table_open":
            block.half_row = False
            del block.rows[block.settled :]
            block.rows.extend(builder.table(group.tokens, header=False).rows)
            return unit
        return Unit(builder.block(group), unit.start, unit.gap, group.number)

    # --- references ---------------------------------------------------------------------------

    def _show_references(self, open_end: Mapping[str, Any]) -> None:
        """Note the blocks above that name what is defined only now: they are to be read again."""
        references, units = self._references, self.units
        finished = range(references.known_users, self.open_end.boundary.units)
        references.know_users(self._text_of(units[index]) for index in finished)
        if changed := references.changed(open_end):
            self._had_references = True
            self._stale |= dict.fromkeys(references.users(changed))

    def _text_of(self, unit: Unit) -> str:
        """The text of a block in which a definition may be named."""
        return "" if isinstance(unit.block, CodeBlock) else self._text[unit.start : unit.end]

    @property
    def stale(self) -> bool:
        """Whether something is to be read again because of what it names: `grow` does."""
        return bool(self._stale)

    def _read_stale(self) -> bool:
        """Read some of what names definitions that are known only now. False: there was none."""
        most = self.work + READ_AGAIN_CHARACTERS
        changed_from = len(self.units)
        for index in list(self._stale):
            if self.work >= most:
                break
            del self._stale[index]
            self._read_again(index)
            changed_from = min(changed_from, index)
        self.changed_from = changed_from
        return changed_from < len(self.units)

    def _read_again(self, index: int) -> None:
        unit = self.units[index]
        start, end = unit.start, unit.end
        self.work += end - start
        text = self._text
        prefix = unit.prefix or ContinuationPrefix()
        starts = [start] * (1 + prefix.text.count("\n"))
        starts.extend(start + match.end() for match in re.finditer("\n", text[start:end]))
        source = SourceLines(text, starts, end)
        env = {"references": self._references.all_known()}
        groups = groups_of(_the_parser().parse(prefix.text + text[start:end], env), unit.number)
        if groups:
            block = BlockBuilder(source).block(groups[0])
            mark_continued(block, prefix)
            self.units[index] = replace(unit, block=block)

    # --- for copying --------------------------------------------------------------------------

    def code_blocks(self) -> list[str]:
        """The text of each piece of code, wherever it stands."""
        blocks: list[list[str]] = []
        for unit in self.units:
            for code in _codes(unit.block):
                if code.separator is not None and blocks:
                    blocks[-1] += code.separator, code.text
                else:
                    blocks.append([code.text])
        return ["".join(pieces) for pieces in blocks]


def _codes(block: object) -> Iterator[CodeBlock]:
    if isinstance(block, CodeBlock):
        yield block
    elif isinstance(block, Item) or hasattr(block, "children"):
        for child in getattr(block, "children", ()):
            yield from _codes(child.block)
