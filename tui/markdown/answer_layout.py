"""The layout of an answer: its rows at a width, while its text grows.

Imported when the first answer is drawn: the parser is not needed for the first frame.
"""

from __future__ import annotations

from tui.markdown.blocks import CodeBlock
from tui.markdown.document import Document
from tui.markdown.document_rows import DocumentRows
from tui.markdown.layout import TextRow
from tui.transcript.row_numbers import ALL


class AnswerLayout:
    """Markdown and its rows. What changes them returns the first row that may look different, `ALL`
    if none does."""

    def __init__(self, width: int) -> None:
        self._document = Document()
        self._rows = DocumentRows(width)

    def grow(self, text: str, until: int | None = None, work: int | None = None) -> int:
        """Take in `text` as far as `until`; it begins with what was taken before.

        It ends sooner once `work` characters were parsed, those that are parsed again among them.
        """
        changed_from = ALL
        document = self._document
        most = None if work is None else document.work + work
        while (most is None or document.work < most) and document.grow(text, until=until):
            changed_from = min(changed_from, self._lay_out())
        return changed_from

    @property
    def parsed(self) -> int:
        """Characters of the text that were taken in."""
        return self._document.parsed

    @property
    def work(self) -> int:
        """Characters that were parsed so far, each counted as often as it was."""
        return self._document.work

    def finish(self, work: int | None = None) -> int:
        """Take in that no more text comes.

        After `work` characters that were parsed for it, it has to be called again, until it is
        `finished`.
        """
        return self._lay_out(work) if self._document.finish(work) else ALL

    @property
    def finished(self) -> bool:
        """Whether the last `finish` has come to its end."""
        return self._document.finished

    @property
    def stale(self) -> bool:
        """Whether rows of what was taken in are to change still: `grow` goes on with it."""
        return self._document.stale

    def widen(self, width: int, at_once: int | None = None) -> None:
        """Lay out all rows at another width, those behind the first `at_once` characters later."""
        if max(1, width) != self._rows.width:
            self._rows = DocumentRows(width)
            self._rows.update(self._document.units, 0, at_once)

    @property
    def whole(self) -> bool:
        """Whether all that was taken in is laid out."""
        return self._rows.whole

    def lay_out(self, first: int, last: int) -> int:
        """Lay out the units from one row to another, where they are not yet."""
        return self._rows.lay_out(first, last)

    def lay_out_some(self, characters: int | None) -> int:
        """Lay out about so many characters more of what is not yet."""
        return self._rows.lay_out_some(characters)

    def _lay_out(self, at_once: int | None = None) -> int:
        rows, units = self._rows, self._document.units
        first = self._document.changed_from
        rows.update(units, first, at_once)
        changed = rows.changed_from
        code = units[first].block if first < len(units) else None
        if isinstance(code, CodeBlock) and code.colours is not None and code.lines:
            # What is below may give other colours to what is above, within a stretch.
            last = max(0, len(code.lines) - 1)
            line = min(code.colours.colour(code.lines, min(code.settled, last)), last)
            changed = min(changed, rows.row_of_source(code.lines[line].source_at(0)))
        return changed

    # --- reading ------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        return self._rows.height

    def row(self, index: int) -> TextRow:
        return self._rows.row(index)

    def row_of_source(self, source: int) -> int:
        """The first row that reaches beyond this offset of the text."""
        return self._rows.row_of_source(source)

    def code_blocks(self) -> list[str]:
        """The text of each piece of code."""
        return self._document.code_blocks()
