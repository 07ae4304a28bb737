"""An answer as it grows: only its open end is parsed again.

Block structure is decided line by line, so what begins on a finished line and is followed by
another block never changes. The end is parsed from where its last block begins; of a long fence
or table, from its last line, with its opening put before it. Whatever has more than
`LONGEST_OPEN_CHARACTERS` still open is cut, at a place that the text alone decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from markdown_it import MarkdownIt

from tui.markdown.blocks import Block, Code, Item, Lead, Table, Unit
from tui.markdown.cutting import (
    LONGEST_OPEN_CHARACTERS,
    between,
    go_on,
    lead_of,
    place_to_cut,
)
from tui.markdown.parser import Group, Reader, Source, groups_of, make_parser
from tui.markdown.references import References

SLICE_CHARACTERS: Final = 2_000
READ_AGAIN_CHARACTERS: Final = 4_000
"""So much of what names a new definition is read again with each slice."""
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
        self._kept: int = 0
        self._boundary: int = 0
        self._head: str = ""
        self._head_start: int = 0
        self._lead: Lead | None = None
        self._references = References()
        self._had_references = False
        self._stale: dict[int, None] = {}
        self._anew: Document | None = None

    def grow(self, text: str, limit: int = SLICE_CHARACTERS, until: int | None = None) -> bool:
        """Take in at most `limit` characters more of `text`, as far as `until`.

        It begins with what was taken before. False: nothing to do.
        """
        start = self.parsed
        whole = len(text) if until is None else min(len(text), until)
        if start >= whole:
            return self._read_stale()
        self._text = text
        # Whoever takes in more at once than others does not miss the place of a cut.
        longest = self._boundary + LONGEST_OPEN_CHARACTERS
        end = min(whole, start + limit, longest)
        if end < whole and end < longest:
            # Whole lines are cheaper: half a line is parsed twice.
            end = max(text.rfind("\n", start, end) + 1, 0) or end
        self.parsed = end
        self._parse()
        if end - self._boundary >= LONGEST_OPEN_CHARACTERS:
            self._cut()
        changed_from = self.changed_from
        self._read_stale()
        self.changed_from = min(self.changed_from, changed_from)
        return True

    def finish(self, work: int | None = None) -> bool:
        """No more comes: half a row of a table is a row. False: that changes nothing.

        A definition that came late may have changed what stood above it: then all is read anew,
        `work` characters at a call until it is `finished`.
        """
        if self._had_references:
            return self._read_whole(work)
        unit = self.units[-1] if self.units else None
        if unit is None or not isinstance(table := unit.block, Table):
            return False
        changed = table.settled < len(table.rows)
        table.settled = len(table.rows)
        self.changed_from = len(self.units) - 1
        return changed

    @property
    def finished(self) -> bool:
        """Whether the last `finish` has come to its end."""
        return not self._had_references

    def _read_whole(self, work: int | None) -> bool:
        anew = self._anew = self._anew or Document()
        before = anew.work
        while anew.grow(self._text, until=self.parsed):
            if work is not None and anew.work - before >= work:
                self.work += anew.work - before
                return False
        self.work += anew.work - before
        self._anew, self._had_references = None, False
        self._stale.clear()
        if anew.units and isinstance(table := anew.units[-1].block, Table):
            table.settled = len(table.rows)
        self.units, self.changed_from = anew.units, 0
        return True

    # --- parsing ------------------------------------------------------------------------------

    def _parse(self) -> None:
        groups, source, references = self._read(self.parsed)
        whole_lines = len(source.line_starts) - 1
        self._close_finished(groups, source, whole_lines, references)
        self._show_references(references)

    def _read(self, end: int) -> tuple[list[Group], Source, Mapping[str, Any]]:
        """Replace the units from the open one on by what stands there up to `end`. Gives the
        definitions in it, too."""
        marks = self._head + (self._lead.text if self._lead else "")
        tail = marks + self._text[self._boundary : end]
        self.work += len(tail)
        source = Source(self._text, self._line_starts(end), end)
        references = self._references.with_room()
        env: dict[str, Any] = {"references": references}
        open_unit = self.units[self._kept] if self._kept < len(self.units) else None
        groups = groups_of(_the_parser().parse(tail, env), open_unit.number if open_unit else 0)
        self.changed_from = self._kept
        self._take(groups, source, open_unit)
        return groups, source, references.maps[0]

    def _line_starts(self, end: int) -> list[int]:
        """Where the parsed lines begin in the whole text, those of head and lead among them."""
        starts: list[int] = []
        head_end = self._head_start + len(self._head)
        self._add_line_starts(starts, self._head_start, head_end)
        if self._lead is not None:
            starts.extend([self._boundary] * self._lead.text.count("\n"))
        self._add_line_starts(starts, self._boundary, end)
        if not starts or (end > self._boundary and self._text[end - 1] == "\n"):
            starts.append(end)
        return starts

    def _add_line_starts(self, starts: list[int], begin: int, end: int) -> None:
        while begin < end:
            starts.append(begin)
            newline = self._text.find("\n", begin, end)
            begin = newline + 1 if newline >= 0 else end

    def _take(self, groups: list[Group], source: Source, open_unit: Unit | None) -> None:
        """Replace the units from the open one on."""
        reader = Reader(source)
        del self.units[self._kept :]
        for place, group in enumerate(groups):
            if place == 0 and self._lead is not None and not self._head:
                unit = self._going_on(self._boundary, self._lead, group, reader)
            elif place == 0 and open_unit is not None:
                unit = self._grown(open_unit, group, reader)
            else:
                gap = bool(self.units)
                if not group.first_of_list:
                    gap = source.blank_before(group.line)
                start = source.at_line(group.line)
                unit = Unit(reader.block(group), start, gap, group.number)
            unit.end = source.at_line(group.end_line)
            self.units.append(unit)

    def _grown(self, unit: Unit, group: Group, reader: Reader) -> Unit:
        """The open unit as it is now: longer, or something else altogether."""
        block = unit.block
        first = group.tokens[0]
        if self._head and isinstance(block, Code) and first.type == "fence":
            del block.lines[block.settled :]
            block.lines.extend(reader.code_lines(first.content, group.line + 1))
            if block.colours is not None:
                block.colours.forget_from(block.settled)
            return unit
        if self._head and isinstance(block, Table) and first.type == "table_open":
            del block.rows[block.settled :]
            block.rows.extend(reader.table(group.tokens, header=False).rows)
            return unit
        return Unit(reader.block(group), unit.start, unit.gap, group.number)

    def _going_on(self, start: int, lead: Lead, group: Group, reader: Reader) -> Unit:
        """The rest of what was cut."""
        block = reader.block(group)
        gap = go_on(block, lead) and lead.gap
        return Unit(block, start, gap, group.number, lead)

    # --- what is finished ---------------------------------------------------------------------

    def _close_finished(
        self, groups: list[Group], source: Source, whole_lines: int, references: Mapping[str, Any]
    ) -> None:
        """Move the boundary as far as nothing above it can change any more."""
        open_place = max(
            (place for place, group in enumerate(groups) if group.line < whole_lines), default=-1
        )
        if open_place < 0:
            return
        group = groups[open_place]
        kept = self._kept + open_place
        unit = self.units[kept]
        had_head = bool(self._head) and open_place == 0
        boundary, head = source.at_line(group.line), ""
        head_start = boundary
        if had_head:
            boundary, head, head_start = self._boundary, self._head, self._head_start
        passed = group.line
        # Behind a lead, the opening is not in the text.
        led = open_place == 0 and not had_head and self._lead is not None
        match unit.block:
            case _ if led:
                boundary, head_start = self._boundary, self._boundary
            case Code() as code if group.tokens[0].type == "fence":
                passed, head_lines = self._settle_code(code, group, whole_lines)
                if head_lines is None:
                    kept, head = kept + 1, ""
                    boundary = source.at_line(passed)
                elif not had_head:
                    head = source.text[head_start : source.at_line(group.line + 1)]
                if head:
                    boundary = source.at_line(passed)
            case Table() as table if whole_lines >= group.line + 2:
                table.settled = max(1, len(table.rows) - (group.end_line > whole_lines))
                last = max(group.line + 2, min(group.end_line, whole_lines))
                if not had_head:
                    head = source.text[head_start : source.at_line(group.line + 2)]
                passed, boundary = last, source.at_line(last)
            case _:
                pass
        self._references.settle(
            {label: each for label, each in references.items() if each["map"][1] <= passed}
        )
        if boundary != self._boundary:
            self._lead = None
        self._kept, self._boundary = kept, boundary
        self._head, self._head_start = head, head_start

    def _settle_code(self, code: Code, group: Group, whole_lines: int) -> tuple[int, int | None]:
        """The first line that may still change; None with it when the fence is closed for good."""
        content = group.tokens[0].content
        count = content.count("\n") + (0 if content.endswith("\n") or not content else 1)
        closed = group.end_line - group.line - 1 > count
        if closed and group.end_line <= whole_lines:
            code.settled = len(code.lines)
            return group.end_line, None
        last = max(group.line + 1, min(group.end_line, whole_lines))
        unfinished = count - (last - group.line - 1)
        code.settled = len(code.lines) - max(0, unfinished)
        return last, 1

    def _cut(self) -> None:
        """Settle the beginning of what has been open for too long."""
        changed_from, text = self.changed_from, self._text
        last = self.units[-1].block if len(self.units) > self._kept else None
        place = place_to_cut(text, self._boundary, self.parsed, last)
        groups, source, references = self._read(place)
        self._references.settle(references)
        at_line_start = text[place - 1] == "\n"
        if groups and self._head and len(groups) == 1:
            self._lead = self._settle_all(self.units[-1].block, at_line_start)
        elif groups:
            unit = self.units[-1]
            unit.join = between(unit.block, text, place)
            gap = at_line_start and source.blank_before(len(source.line_starts) - 1)
            self._lead = lead_of(groups[-1], at_line_start=at_line_start)._replace(
                gap=gap, between=unit.join
            )
            self._kept, self._head = len(self.units), ""
        else:
            self._lead, self._head = None, ""
        self._boundary = place
        if not self._head:
            self._head_start = place
        if place < self.parsed:
            self._parse()
        self.changed_from = min(self.changed_from, changed_from)

    def _settle_all(self, block: Block, at_line_start: bool) -> Lead | None:
        """Settle what there is of a fence or a table, within a line too."""
        if isinstance(block, Code):
            block.settled = len(block.lines)
            if not at_line_start:
                block.cut_lines.add(block.settled)
        elif isinstance(block, Table):
            block.settled = len(block.rows)
            if not at_line_start:
                return Lead("| ")
        return None

    # --- references ---------------------------------------------------------------------------

    def _show_references(self, open_end: Mapping[str, Any]) -> None:
        """Links may be defined below the text that uses them: such text is read again."""
        references, units = self._references, self.units
        finished = range(references.known_users, self._kept)
        references.know_users(self._text_of(units[place]) for place in finished)
        if changed := references.changed(open_end):
            self._had_references = True
            self._stale |= dict.fromkeys(references.users(changed))

    def _text_of(self, unit: Unit) -> str:
        """What may name a definition in it."""
        return "" if isinstance(unit.block, Code) else self._text[unit.start : unit.end]

    @property
    def stale(self) -> bool:
        """Whether something is to be read again because of what it names: `grow` does."""
        return bool(self._stale)

    def _read_stale(self) -> bool:
        """Read some of what names definitions that are known only now. Whether there was any."""
        most = self.work + READ_AGAIN_CHARACTERS
        changed_from = len(self.units)
        for place in list(self._stale):
            if self.work >= most:
                break
            del self._stale[place]
            self._read_again(place)
            changed_from = min(changed_from, place)
        self.changed_from = changed_from
        return changed_from < len(self.units)

    def _read_again(self, place: int) -> None:
        unit = self.units[place]
        start, end = unit.start, unit.end
        self.work += end - start
        text = self._text
        lead = unit.lead or Lead()
        starts = [start] * (1 + lead.text.count("\n"))
        starts.extend(start + match.end() for match in re.finditer("\n", text[start:end]))
        source = Source(text, starts, end)
        env = {"references": self._references.all_known()}
        groups = groups_of(_the_parser().parse(lead.text + text[start:end], env), unit.number)
        if groups:
            block = Reader(source).block(groups[0])
            go_on(block, lead)
            self.units[place] = replace(unit, block=block)

    # --- for copying --------------------------------------------------------------------------

    def code_blocks(self) -> list[str]:
        """The text of each piece of code, wherever it stands."""
        found: list[list[str]] = []
        for unit in self.units:
            for code in _codes(unit.block):
                if code.behind is not None and found:
                    found[-1] += code.behind, code.text
                else:
                    found.append([code.text])
        return ["".join(pieces) for pieces in found]


def _codes(block: object) -> Iterator[Code]:
    if isinstance(block, Code):
        yield block
    elif isinstance(block, Item) or hasattr(block, "children"):
        for child in getattr(block, "children", ()):
            yield from _codes(child.block)
