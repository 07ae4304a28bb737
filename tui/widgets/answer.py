"""The answer: Markdown that grows, drawn row by row; links are shown and never opened.

Imported when the first answer is drawn: its machinery is not needed for the first frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from gramophone.plain import plain_line
from tui.markdown.blocks import Code
from tui.markdown.code import Colours
from tui.markdown.document import Document
from tui.markdown.layout import Mark, Row, Sheet, Slice
from tui.markdown.looks import LOOKS, TO_COME

ALL: Final = 1 << 62


class Piece(NamedTuple):
    """Text of one look; `copied` says whether it is the answer's own."""

    text: str
    looks: str
    href: str = ""
    copied: bool = True


class Answer(Widget):
    """Draws a document. A row is painted when it comes into view, and kept until it changes."""

    DEFAULT_CSS = """
    Answer {
        width: 1fr;
        height: auto;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._document = Document()
        self._sheet: Sheet | None = None
        self._strips: dict[int, Strip] = {}
        self._styles_of: dict[tuple[str, str], RichStyle] = {}
        self._based_on: Style | None = None
        self._heard = ALL

    # --- text ---------------------------------------------------------------------------------

    def append(self, text: str) -> None:
        """More has come."""
        self._text += text
        changed_from, height = ALL, self._height
        while self._document.grow(self._text):
            changed_from = min(changed_from, self._lay_out())
        self._show(changed_from, height)

    def update(self, text: str) -> None:
        """Another text stands instead."""
        height = self._height
        self._text = text
        self._document = Document()
        if self._sheet is not None:
            self._sheet = Sheet(self._sheet.width)
        while self._document.grow(text):
            self._lay_out()
        self._show(0, height)

    def finish(self) -> None:
        """No more comes."""
        height = self._height
        if self._document.finish():
            self._show(self._lay_out(), height)

    def code_blocks(self) -> list[str]:
        """The text of each piece of code."""
        return self._document.code_blocks()

    @property
    def _height(self) -> int:
        return self._sheet.height if self._sheet is not None else -1

    def _lay_out(self) -> int:
        """Bring the rows up to date. Gives the first that may look different."""
        sheet, units = self._sheet, self._document.units
        place = self._document.changed_from
        if sheet is None:
            return 0
        sheet.update(units, place)
        changed = sheet.changed_from
        code = units[place].block if place < len(units) else None
        if isinstance(code, Code) and code.colours is not None and code.lines:
            # What is below may give other colours to what is above, within a stretch.
            line = code.colours.stretch_start(code.lines, code.settled)
            changed = min(changed, sheet.row_of_source(code.lines[line].source_at(0)))
        return changed

    def _show(self, changed_from: int, old_height: int) -> None:
        """Paint again the rows from `changed_from` on, and only these."""
        if changed_from == ALL:
            return
        self._forget(changed_from)
        height = self._height
        rows = max(height, old_height) - changed_from
        if self._sheet is None or height != old_height:
            self.refresh(layout=True)
        elif rows > 0:
            self.refresh(Region(0, changed_from, self._sheet.width, rows))

    def _forget(self, from_row: int, to_row: int = ALL) -> None:
        for row in [row for row in self._strips if from_row <= row < to_row]:
            del self._strips[row]

    # --- size ---------------------------------------------------------------------------------

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._sheet_of(width).height

    def _sheet_of(self, width: int) -> Sheet:
        sheet = self._sheet
        if sheet is None or sheet.width != max(1, width):
            sheet = self._sheet = Sheet(width)
            sheet.update(self._document.units, 0)
            self._strips.clear()
        return sheet

    # --- hearing ------------------------------------------------------------------------------

    def hear(self, offset: int | None) -> None:
        """Draw what is said after `offset` as still to come; None: nothing is."""
        if offset is None or offset >= len(self._text):
            offset = ALL
        else:
            while offset < len(self._text) and not self._text[offset].isspace():
                offset += 1
        old, self._heard = self._heard, offset
        if old == offset or self._sheet is None:
            return
        first, last = (self._sheet.row_of_source(each) for each in sorted((old, offset)))
        last = min(last + 1, self._sheet.height)
        self._forget(first, last)
        if last > first:
            self.refresh(Region(0, first, self._sheet.width, last - first))

    # --- painting -----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        sheet = self._sheet
        if sheet is None or y >= sheet.height:
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        if self._based_on != self.visual_style:
            self._based_on = self.visual_style
            self._strips.clear()
            self._styles_of.clear()
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            return self._painted(sheet.row(y), sheet.width, span).apply_offsets(0, y)
        strip = self._strips.get(y)
        if strip is None:
            strip = self._painted(sheet.row(y), sheet.width, None).apply_offsets(0, y)
            self._strips[y] = strip
        return strip

    def notify_style_update(self) -> None:
        self._based_on = None
        super().notify_style_update()

    def _painted(self, row: Row, width: int, span: tuple[int, int] | None) -> Strip:
        segments: list[Segment] = []
        at = 0
        for piece in _pieces(row, self._heard):
            style = self._style(piece.looks, piece.href)
            if span is None:
                segments.append(Segment(piece.text, style))
            else:
                segments.extend(self._selected(piece.text, style, at, span))
            at += len(piece.text)
        strip = Strip(segments)
        rest = width - strip.cell_length
        if rest <= 0:
            return strip.crop(0, width)
        looks = _row_looks(row) if row.filled else ""
        return Strip([*segments, Segment(" " * rest, self._style(looks, ""))], width)

    def _selected(
        self, text: str, style: RichStyle, at: int, span: tuple[int, int]
    ) -> Iterable[Segment]:
        start = min(len(text), max(0, span[0] - at))
        end = len(text) if span[1] < 0 else min(len(text), max(start, span[1] - at))
        if start:
            yield Segment(text[:start], style)
        if end > start:
            yield Segment(text[start:end], style + self.selection_style)
        if end < len(text):
            yield Segment(text[end:], style)

    def _style(self, looks: str, href: str) -> RichStyle:
        found = self._styles_of.get((looks, href))
        if found is None:
            style = self.visual_style
            for look in dict.fromkeys(looks.split("+")):
                if words := LOOKS.get(look):
                    style += Style.parse(words)
            found = style.rich_style
            if href:
                found += RichStyle(meta={"href": href})
            self._styles_of[looks, href] = found
        return found

    # --- selection and links ------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        sheet = self._sheet
        if sheet is None or not sheet.height:
            return None
        first = selection.start.y if selection.start is not None else 0
        last = min(sheet.height - 1, selection.end.y if selection.end is not None else ALL)
        found: list[str] = []
        join = ""
        for y in range(max(0, first), last + 1):
            span = selection.get_span(y)
            if span is None:
                continue
            row = sheet.row(y)
            found += join, _copied(row, *span).rstrip()
            join = row.join
        return "".join(found), "\n"

    def on_click(self, event: events.Click) -> None:
        href = event.style.meta.get("href")
        if isinstance(href, str):
            event.stop()
            self.notify(plain_line(href), title="Link", markup=False)


def _row_looks(row: Row) -> str:
    return "+".join(part.look for part in row.parts if isinstance(part, Mark) and not part.text)


def _pieces(row: Row, heard: int) -> Iterable[Piece]:
    """The row from left to right, cut where the look changes and where hearing has come to."""
    looks = ""
    for part in row.parts:
        if isinstance(part, Slice):
            yield from _slice_pieces(part, looks, heard)
        elif part.text:
            yield Piece(part.text, f"{looks}+{part.look}", copied=part.copied)
        else:
            looks = f"{looks}+{part.look}"


def _slice_pieces(part: Slice, looks: str, heard: int) -> Iterable[Piece]:
    code = part.code
    if code is not None and code.language:
        if code.colours is None:
            code.colours = Colours(code.language)
        code.colours.colour(code.lines, part.line)
    for text, run, source in part.flow.pieces(part.start, part.end):
        mine = f"{looks}+{run.look}"
        said = max(0, min(len(text), heard - source))
        if said:
            yield Piece(text[:said], mine, run.href)
        if said < len(text):
            yield Piece(text[said:], f"{mine}+{TO_COME}", run.href)


def _copied(row: Row, start: int, end: int) -> str:
    """The characters between two places of a row, without bars and rules."""
    found: list[str] = []
    at = 0
    for piece in _pieces(row, ALL):
        until = len(piece.text) if end < 0 else max(0, end - at)
        if piece.copied:
            found.append(piece.text[max(0, start - at) : until])
        at += len(piece.text)
    return "".join(found)
