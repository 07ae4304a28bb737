"""Rows as strips of the terminal: looks become styles of the theme, offsets become cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style

from gramophone.text.graphemes import end_of, start_of
from tui.markdown.code import Colours
from tui.markdown.layout import Decoration, Slice, TextRow
from tui.markdown.styles import LOOKS, QUIET, SPOKEN, TO_BE_READ, TO_COME, HitSpan
from tui.theme.contrast import quieter, readable


class SpokenSpan(NamedTuple):
    """Offsets in the turn's text of the word that is spoken now.

    Text before it has been heard, text behind it is to come.
    """

    start: int
    end: int


class StyledText(NamedTuple):
    """Text of one style: the looks that it has, joined by "+" from the outside in.

    `copied` says whether it is part of what is read; `source` is its offset in the turn's text, -1
    for what layout has put in.
    """

    text: str
    looks: str
    href: str = ""
    copied: bool = True
    source: int = -1


class Painter:
    """Paints on one base style of the widget; another theme needs another painter."""

    def __init__(self, base: Style, selected: RichStyle) -> None:
        self.base = base
        self._selected = selected
        self._styles: dict[tuple[str, str], RichStyle] = {}

    def strip(
        self,
        row: TextRow,
        width: int,
        *,
        spoken_span: SpokenSpan | None = None,
        hits: Sequence[HitSpan] = (),
        span: tuple[int, int] | None = None,
    ) -> Strip:
        """The row at full width; `span` are the characters that are selected."""
        segments: list[Segment] = []
        at = 0
        for piece in _with_hits(pieces(row, spoken_span), hits):
            style = self.style(piece.looks, piece.href)
            if span is None:
                segments.append(Segment(piece.text, style))
            else:
                segments.extend(self._with_selection(piece.text, style, at, span))
            at += len(piece.text)
        # Rows are cut at the width: a bullet, or a grapheme, may be wider than a narrow pane.
        strip = Strip(segments)
        rest = width - strip.cell_length
        if rest <= 0:
            return strip.crop(0, width)
        return Strip([*segments, Segment(" " * rest, self.style("", ""))], width)

    def _with_selection(
        self, text: str, style: RichStyle, at: int, span: tuple[int, int]
    ) -> Iterable[Segment]:
        # The terminal draws a grapheme as one only if no change of style comes in between.
        start = start_of(text, max(0, span[0] - at))
        end = len(text) if span[1] < 0 else end_of(text, max(start, span[1] - at))
        if start:
            yield Segment(text[:start], style)
        if end > start:
            yield Segment(text[start:end], style + self._selected)
        if end < len(text):
            yield Segment(text[end:], style)

    def style(self, looks: str, href: str = "") -> RichStyle:
        # What is inner wins, as in CSS. There are few combinations of looks, and parsing a style
        # costs more than drawing a row with it.
        cached = self._styles.get((looks, href))
        if cached is None:
            style = self.base
            for look in dict.fromkeys(looks.split("+")):
                if words := LOOKS.get(look):
                    style += Style.parse(words)
                if look in QUIET:
                    style = _quiet(style)
                elif look in TO_BE_READ:
                    style = self._readable(style)
            cached = style.rich_style
            if href:
                cached += RichStyle(meta={"href": href})
            self._styles[looks, href] = cached
        return cached

    def _readable(self, style: Style) -> Style:
        colour, text, ground = style.foreground, self.base.foreground, style.background
        if colour is None or text is None or ground is None:
            return style
        return style + Style(foreground=readable(colour, text, ground))


def _quiet(style: Style) -> Style:
    if style.foreground is None or style.background is None:
        return style
    return style + Style(foreground=quieter(style.foreground, style.background))


def pieces(row: TextRow, spoken_span: SpokenSpan | None = None) -> Iterable[StyledText]:
    """The row from left to right, cut where the look changes and where the spoken word stands."""
    looks = ""
    for part in row.parts:
        if isinstance(part, Slice):
            yield from _slice_pieces(part, looks, spoken_span)
        elif part.text:
            yield StyledText(part.text, f"{looks}+{part.look}", copied=part.copied)
        else:
            looks = f"{looks}+{part.look}"


def _slice_pieces(part: Slice, looks: str, spoken_span: SpokenSpan | None) -> Iterable[StyledText]:
    code = part.code
    if code is not None and code.language:
        if code.colours is None:
            code.colours = Colours(code.language)
        code.colours.colour(code.lines, part.line)
    for text, run, source in part.flow.pieces(part.start, part.end):
        piece_looks = f"{looks}+{run.look}"
        # Code is not read aloud, so no part of it is heard or to come.
        if spoken_span is None or code is not None:
            yield StyledText(text, piece_looks, run.href, source=source)
            continue
        # The ends of the span are offsets; a terminal draws a grapheme as one, so it is lit whole.
        start = start_of(text, max(0, spoken_span.start - source))
        end = end_of(text, max(start, spoken_span.end - source))
        for begin, until, look in ((0, start, ""), (start, end, SPOKEN), (end, None, TO_COME)):
            if piece := text[begin:until]:
                yield StyledText(piece, f"{piece_looks}+{look}", run.href, source=source + begin)


def _with_hits(parts: Iterable[StyledText], hits: Sequence[HitSpan]) -> Iterable[StyledText]:
    """The pieces, cut where a hit begins or ends. Hits are in order and do not overlap."""
    if not hits:
        yield from parts
        return
    for piece in parts:
        at, text = 0, piece.text
        until = piece.source + len(text)
        first = bisect_right(hits, piece.source, key=_end_of_hit)
        for hit in hits[first:] if piece.source >= 0 else ():
            if hit.start >= until:
                break
            start = start_of(text, max(at, hit.start - piece.source))
            end = end_of(text, max(start, min(len(text), hit.end - piece.source)))
            if start > at:
                yield piece._replace(text=text[at:start], source=piece.source + at)
            if end > start:
                looks = f"{piece.looks}+{hit.look}"
                yield piece._replace(text=text[start:end], looks=looks, source=piece.source + start)
            at = max(at, end)
        if at < len(text):
            yield piece._replace(text=text[at:], source=piece.source + at if at else piece.source)


def _end_of_hit(hit: HitSpan) -> int:
    return hit.end


def copied(row: TextRow, start: int, end: int) -> str:
    """The text from one character of a row to another, -1 for its end, without bars and rules."""
    texts: list[str] = []
    at = 0
    for piece in pieces(row):
        until = len(piece.text) if end < 0 else end_of(piece.text, max(0, end - at))
        if piece.copied:
            texts.append(piece.text[start_of(piece.text, max(0, start - at)) : until])
        at += len(piece.text)
    return "".join(texts)


def framed(row: TextRow, before: Iterable[Decoration], cells: int) -> TextRow:
    """The row with decorations at its left; a filled one is made `cells` wide."""
    parts = (*before, *row.parts)
    if row.filled:
        parts = (*parts, Decoration(" " * max(0, cells - sum(map(_cells, parts)))))
    return row._replace(parts=parts)


def _cells(part: Slice | Decoration) -> int:
    return cell_len(
        part.text if isinstance(part, Decoration) else part.flow.text[part.start : part.end]
    )
