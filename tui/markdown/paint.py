"""From rows to what the terminal is given: looks become styles of the theme."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style

from gramophone.text.graphemes import end_of, start_of
from tui.markdown.code import Colours
from tui.markdown.layout import Mark, Row, Slice
from tui.markdown.styles import LOOKS, QUIET, SPOKEN, TO_BE_READ, TO_COME
from tui.theme.contrast import quieter, readable


class Hearing(NamedTuple):
    """Which characters of the source are spoken now: before them is heard, behind is to come."""

    start: int
    end: int


class Piece(NamedTuple):
    """Text of one look; `copied` says whether it is part of what is read."""

    text: str
    looks: str
    href: str = ""
    copied: bool = True
    source: int = -1


class Painter:
    """Paints for one look of the widget; another theme needs another painter."""

    def __init__(self, base: Style, selected: RichStyle) -> None:
        self.base = base
        self._selected = selected
        self._styles: dict[tuple[str, str], RichStyle] = {}

    def strip(
        self,
        row: Row,
        width: int,
        *,
        hearing: Hearing | None = None,
        span: tuple[int, int] | None = None,
    ) -> Strip:
        """The row at full width; `span` are the characters that are selected."""
        segments: list[Segment] = []
        at = 0
        for piece in pieces(row, hearing):
            style = self.style(piece.looks, piece.href)
            if span is None:
                segments.append(Segment(piece.text, style))
            else:
                segments.extend(self._with_selection(piece.text, style, at, span))
            at += len(piece.text)
        strip = Strip(segments)
        rest = width - strip.cell_length
        if rest <= 0:
            return strip.crop(0, width)
        return Strip([*segments, Segment(" " * rest, self.style("", ""))], width)

    def _with_selection(
        self, text: str, style: RichStyle, at: int, span: tuple[int, int]
    ) -> Iterable[Segment]:
        # The terminal draws a grapheme as one only where it gets it at once.
        start = start_of(text, max(0, span[0] - at))
        end = len(text) if span[1] < 0 else end_of(text, max(start, span[1] - at))
        if start:
            yield Segment(text[:start], style)
        if end > start:
            yield Segment(text[start:end], style + self._selected)
        if end < len(text):
            yield Segment(text[end:], style)

    def style(self, looks: str, href: str = "") -> RichStyle:
        found = self._styles.get((looks, href))
        if found is None:
            style = self.base
            for look in dict.fromkeys(looks.split("+")):
                if words := LOOKS.get(look):
                    style += Style.parse(words)
                if look in QUIET:
                    style = _quiet(style)
                elif look in TO_BE_READ:
                    style = self._readable(style)
            found = style.rich_style
            if href:
                found += RichStyle(meta={"href": href})
            self._styles[looks, href] = found
        return found

    def _readable(self, style: Style) -> Style:
        colour, text, ground = style.foreground, self.base.foreground, style.background
        if colour is None or text is None or ground is None:
            return style
        return style + Style(foreground=readable(colour, text, ground))


def _quiet(style: Style) -> Style:
    if style.foreground is None or style.background is None:
        return style
    return style + Style(foreground=quieter(style.foreground, style.background))


def pieces(row: Row, hearing: Hearing | None = None) -> Iterable[Piece]:
    """The row from left to right, cut where the look changes and where hearing has come to."""
    looks = ""
    for part in row.parts:
        if isinstance(part, Slice):
            yield from _slice_pieces(part, looks, hearing)
        elif part.text:
            yield Piece(part.text, f"{looks}+{part.look}", copied=part.copied)
        else:
            looks = f"{looks}+{part.look}"


def _slice_pieces(part: Slice, looks: str, hearing: Hearing | None) -> Iterable[Piece]:
    code = part.code
    if code is not None and code.language:
        if code.colours is None:
            code.colours = Colours(code.language)
        code.colours.colour(code.lines, part.line)
    for text, run, source in part.flow.pieces(part.start, part.end):
        mine = f"{looks}+{run.look}"
        if hearing is None or code is not None:  # Code is not read aloud.
            yield Piece(text, mine, run.href, source=source)
            continue
        start = start_of(text, max(0, hearing.start - source))
        end = end_of(text, max(start, hearing.end - source))
        for begin, until, look in ((0, start, ""), (start, end, SPOKEN), (end, None, TO_COME)):
            if said := text[begin:until]:
                yield Piece(said, f"{mine}+{look}", run.href, source=source + begin)


def copied(row: Row, start: int, end: int) -> str:
    """The characters between two places of a row, without bars and rules."""
    found: list[str] = []
    at = 0
    for piece in pieces(row):
        until = len(piece.text) if end < 0 else end_of(piece.text, max(0, end - at))
        if piece.copied:
            found.append(piece.text[start_of(piece.text, max(0, start - at)) : until])
        at += len(piece.text)
    return "".join(found)


def framed(row: Row, before: Iterable[Mark], cells: int) -> Row:
    """The row with marks at its left; a filled one is made `cells` wide."""
    parts = (*before, *row.parts)
    if row.filled:
        parts = (*parts, Mark(" " * max(0, cells - sum(map(_cells, parts)))))
    return row._replace(parts=parts)


def _cells(part: Slice | Mark) -> int:
    return cell_len(part.text if isinstance(part, Mark) else part.flow.text[part.start : part.end])
