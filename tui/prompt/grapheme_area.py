"""Text area that treats a grapheme as one character: for keys, mouse, cursor and line breaks.

Textual counts characters, so that Backspace would take one person out of a family and a line
could end within a flag. Joiners that are typed, which Textual takes for no text, come in as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.widgets import TextArea

from gramophone.text.graphemes import after, before, end_of, graphemes, is_plain, start_of
from gramophone.text.joiners import is_joiner

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.document._document import Location

_WORD = re.compile(r"\S+\s*|\s+")


class GraphemeArea(TextArea):
    """A subclass that moves the cursor passes the location through `whole`."""

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.wrapped_document = _WholeWraps(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._rewrap_and_refresh_virtual_size()

    async def _on_key(self, event: events.Key) -> None:
        if event.character is not None and is_joiner(event.character) and not self.read_only:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character, *self.selection)

    def whole(self, location: Location, *, after: bool) -> Location:
        """The location, or one end of the grapheme it lies in."""
        row, column = location
        line = self.document[row]
        return row, end_of(line, column) if after else start_of(line, column)

    def get_cursor_left_location(self) -> Location:
        row, column = self.cursor_location
        if not column:
            return super().get_cursor_left_location()
        return row, before(self.document[row], column)

    def get_cursor_right_location(self) -> Location:
        row, column = self.cursor_location
        line = self.document[row]
        return (
            (row, after(line, column))
            if column < len(line)
            else super().get_cursor_right_location()
        )

    def get_cursor_up_location(self) -> Location:
        return self.whole(super().get_cursor_up_location(), after=False)

    def get_cursor_down_location(self) -> Location:
        return self.whole(super().get_cursor_down_location(), after=False)

    def get_cursor_word_left_location(self) -> Location:
        return self.whole(super().get_cursor_word_left_location(), after=False)

    def get_cursor_word_right_location(self) -> Location:
        return self.whole(super().get_cursor_word_right_location(), after=True)

    def get_target_document_location(self, event: events.MouseEvent) -> Location:
        return self.whole(super().get_target_document_location(event), after=False)

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        if is_plain(line.plain):
            return line
        return _WholeText(line.plain, end=line.end, no_wrap=line.no_wrap)


class _WholeText(Text):
    """Text whose looks change between graphemes only: the terminal draws what it gets at once."""

    def stylize(self, style: str | Style, start: int = 0, end: int | None = None) -> None:
        if start >= 0 and (end is None or end >= 0):
            start = start_of(self.plain, start)
            end = None if end is None else end_of(self.plain, end)
        super().stylize(style, start, end)


class _WholeWraps(WrappedDocument):
    """Lines broken between graphemes, each as wide as the terminal draws it."""

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        super().wrap(width, tab_width)
        self._wrap_whole()

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        super().wrap_range(start, old_end, new_end)
        self._wrap_whole()

    def _wrap_whole(self) -> None:
        """Wrap those lines again that Textual may have broken within a grapheme."""
        # Lines with a tab are left to Textual: a tab's width depends on the column it begins at.
        lines = self.document.lines
        again = [
            number
            for number, line in enumerate(lines)
            if self._width and not is_plain(line) and "\t" not in line
        ]
        if not again:
            return
        # Textual has three tables of one wrapping: breaks of each line, line and part of each row,
        # and rows of each line. The first is corrected, the others follow from it.
        for number in again:
            self._wrap_offsets[number] = wrap_offsets(lines[number], self._width)
        self._offset_to_line_info = [
            (number, section)
            for number, offsets in enumerate(self._wrap_offsets)
            for section in range(len(offsets) + 1)
        ]
        self._line_index_to_offsets = [[] for _ in self._wrap_offsets]
        for row, (number, _) in enumerate(self._offset_to_line_info):
            self._line_index_to_offsets[number].append(row)


def wrap_offsets(line: str, width: int) -> list[int]:
    """Indices at which a line is broken to fit `width` cells.

    Between words, and within a word that is longer than the line.
    """
    breaks: list[int] = []
    used = 0
    for word in _WORD.finditer(line):
        cells = cell_len(word[0])
        # The cursor may stand on the space behind a word, which needs no room.
        if used + cell_len(word[0].rstrip()) <= width and used + cells <= width:
            used += cells
            continue
        if cells <= width:
            breaks.append(word.start())
            used = cells
            continue
        if used:
            breaks.append(word.start())
            used = 0
        for start, end in graphemes(line, word.start(), word.end()):
            piece = cell_len(line[start:end])
            if used + piece > width and used:
                breaks.append(start)
                used = 0
            used += piece
    return breaks
