"""From rows to what the terminal is given: looks become styles of the theme."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style

from tui.markdown.code import Colours
from tui.markdown.layout import Mark, Row, Slice
from tui.markdown.looks import LOOKS, TO_COME

ALL: Final = 1 << 62


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
        self, row: Row, width: int, *, heard: int = ALL, span: tuple[int, int] | None = None
    ) -> Strip:
        """The row at full width; `span` are the characters that are selected."""
        segments: list[Segment] = []
        at = 0
        for piece in pieces(row, heard):
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
        start = min(len(text), max(0, span[0] - at))
        end = len(text) if span[1] < 0 else min(len(text), max(start, span[1] - at))
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
            found = style.rich_style
            if href:
                found += RichStyle(meta={"href": href})
            self._styles[looks, href] = found
        return found


def pieces(row: Row, heard: int = ALL) -> Iterable[Piece]:
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
            yield Piece(text[:said], mine, run.href, source=source)
        if said < len(text):
            yield Piece(text[said:], f"{mine}+{TO_COME}", run.href, source=source + said)


def copied(row: Row, start: int, end: int) -> str:
    """The characters between two places of a row, without bars and rules."""
    found: list[str] = []
    at = 0
    for piece in pieces(row):
        until = len(piece.text) if end < 0 else max(0, end - at)
        if piece.copied:
            found.append(piece.text[max(0, start - at) : until])
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
