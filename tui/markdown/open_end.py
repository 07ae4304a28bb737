"""The end of a growing text that may still change, and what it has to be parsed behind.

Theory of operation. CommonMark finds the structure of blocks line by line, and inline markup only
within a block (its appendix "A parsing strategy"). Hence, while text comes at the end:

- A block is frozen as soon as another one begins below it on a finished line: no later line can
  reach back over that one. Half a line may still become anything (`=` may underline a heading,
  `|` may continue a table), so it decides nothing.
- The last block is open. It is parsed again, from its first line, with every slice of text.
- A list is taken apart into its items, each a block of its own. CommonMark calls a list loose if
  any two of its items have an empty line between them, which the last item may decide. Here gaps
  are drawn where empty lines stand, so no item depends on a later one.
- One thing does reach back: the definition of a link (`[label]: address`) may stand below the
  text that uses it. `references` finds the blocks that have to be read again for it.

To parse the open block from its beginning costs O(n²) for one that is long, so these are not:

- A fence: its lines are frozen up to the last finished one. Its first line, the *opening*, is put
  before the rest, which is then parsed as the fence that it is.
- A table: likewise; its header and the row of dashes below it are the opening.
- Whatever has `LONGEST_OPEN_CHARACTERS` open all the same: it is cut, at a place that
  the text alone decides (`cutting`), so that rows do not depend on how the deltas fell. The rest
  is parsed behind a *prefix*: the marks of the containers that it stands in.

So the parser is always given `opening + prefix + text[start:]`. Of its lines, those of the opening
and of the text stand in the turn's text; those of the prefix count as standing at `start`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui.markdown.blocks import Block, CodeBlock, ContinuationPrefix, TableBlock, Unit
from tui.markdown.cutting import continuation_prefix, line_count, separator_at_cut
from tui.markdown.parser import Group, SourceLines


class Boundary(NamedTuple):
    """`units` are frozen; the text from offset `start` on is parsed, behind `opening`.

    The opening of a fence or a table stands in the text at `opening_start`.
    """

    units: int = 0
    start: int = 0
    opening: str = ""
    opening_start: int = 0


class OpenEnd:
    """Holds the boundary between what is frozen and what is parsed again, and moves it on."""

    def __init__(self) -> None:
        self.boundary = Boundary()
        self.prefix: ContinuationPrefix | None = None

    def tail(self, text: str, end: int) -> str:
        """The text to be parsed, up to the offset `end`."""
        prefix = self.prefix.text if self.prefix is not None else ""
        return self.boundary.opening + prefix + text[self.boundary.start : end]

    def source(self, text: str, end: int) -> SourceLines:
        """Offsets in the whole text of the lines of `tail`."""
        _, start, opening, opening_start = self.boundary
        starts = list(_line_starts(text, opening_start, opening_start + len(opening)))
        if self.prefix is not None:
            starts.extend([start] * self.prefix.text.count("\n"))
        starts.extend(_line_starts(text, start, end))
        if not starts or (end > start and text[end - 1] == "\n"):
            starts.append(end)
        return SourceLines(text, starts, end)

    # --- freezing -----------------------------------------------------------------------------

    def advance(self, groups: Sequence[Group], units: Sequence[Unit], source: SourceLines) -> int:
        """Move the boundary as far as nothing above it can change any more.

        `groups` are what `tail` was parsed to; the last of `units` were made of them.

        Returns:
            The first parsed line that may still change.
        """
        whole_lines = len(source.line_starts) - 1
        last = max((n for n, group in enumerate(groups) if group.line < whole_lines), default=-1)
        if last < 0:
            return 0
        before, group = self.boundary, groups[last]
        block, line = units[before.units + last].block, group.line
        opened = last == 0 and bool(before.opening)
        start = source.at_line(line)
        after = before if opened else Boundary(before.units + last, start, "", start)
        if last == 0 and not opened and self.prefix is not None:
            # The opening of what goes on behind a prefix is in the prefix, not in the text.
            after = after._replace(start=before.start, opening_start=before.start)
        elif isinstance(block, CodeBlock) and group.tokens[0].type == "fence":
            line, after = _freeze_code(block, group, source, after)
        elif isinstance(block, TableBlock) and whole_lines >= group.line + 2:
            line, after = _freeze_table(block, group, source, after)
        if after.start != before.start:
            self.prefix = None
        self.boundary = after
        return line

    def cut(self, groups: Sequence[Group], units: Sequence[Unit], source: SourceLines) -> None:
        """Freeze all that was parsed, though its last block, or its last line, may go on.

        `source` ends where the cut is.
        """
        text, offset = source.text, source.end
        at_line_start = text[offset - 1] == "\n"
        boundary = self.boundary._replace(start=offset)
        if groups and boundary.opening and len(groups) == 1:
            self.prefix = _freeze_all(units[-1].block, at_line_start=at_line_start)
        elif groups:
            unit = units[-1]
            unit.join = separator_at_cut(unit.block, text, offset)
            gap = at_line_start and source.blank_before(len(source.line_starts) - 1)
            prefix = continuation_prefix(groups[-1], at_line_start=at_line_start)
            self.prefix = prefix._replace(gap=gap, separator=unit.join)
            boundary = boundary._replace(units=len(units), opening="")
        else:
            self.prefix = None
            boundary = boundary._replace(opening="")
        if not boundary.opening:
            boundary = boundary._replace(opening_start=offset)
        self.boundary = boundary


def _line_starts(text: str, start: int, end: int) -> Iterator[int]:
    while start < end:
        yield start
        newline = text.find("\n", start, end)
        start = newline + 1 if newline >= 0 else end


def _freeze_code(
    code: CodeBlock, group: Group, source: SourceLines, boundary: Boundary
) -> tuple[int, Boundary]:
    """Settle the finished lines of a fence. Returns the first line that may still change."""
    whole_lines = len(source.line_starts) - 1
    count = line_count(group.tokens[0].content)
    closed = group.end_line - group.line - 1 > count
    # The fence ends with its closing line, or with the text or the container around it. Only the
    # first is for good, and only once that line is finished: behind the marks may come a letter.
    if closed and group.end_line <= whole_lines:
        code.settled = len(code.lines)
        start = source.at_line(group.end_line)
        return group.end_line, boundary._replace(units=boundary.units + 1, start=start, opening="")
    line = max(group.line + 1, min(group.end_line, whole_lines))
    unfinished = count - (line - group.line - 1)
    code.settled = len(code.lines) - max(0, unfinished)
    return line, _opened(boundary, source, group.line + 1, line)


def _freeze_table(
    table: TableBlock, group: Group, source: SourceLines, boundary: Boundary
) -> tuple[int, Boundary]:
    """Settle the finished rows of a table. Returns the first line that may still change."""
    whole_lines = len(source.line_starts) - 1
    # The header is settled: the dashes below it are there.
    table.half_row = len(table.rows) > 1 and group.end_line > whole_lines
    table.settled = max(1, table.whole_rows)
    line = max(group.line + 2, min(group.end_line, whole_lines))
    return line, _opened(boundary, source, group.line + 2, line)


def _opened(boundary: Boundary, source: SourceLines, opening_end: int, line: int) -> Boundary:
    """The boundary at a line within a block whose opening ends at the line `opening_end`."""
    opening = boundary.opening
    if not opening:
        opening = source.text[boundary.opening_start : source.at_line(opening_end)]
    return boundary._replace(start=source.at_line(line), opening=opening)


def _freeze_all(block: Block, *, at_line_start: bool) -> ContinuationPrefix | None:
    """Settle what there is of a fence or a table, within a line too."""
    if isinstance(block, CodeBlock):
        block.settled = len(block.lines)
        if not at_line_start:
            block.cut_lines.add(block.settled)
    elif isinstance(block, TableBlock):
        block.finish()
        if not at_line_start:
            return ContinuationPrefix("| ")
    return None
