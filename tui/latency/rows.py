"""The rows of a latency view as styled text: axis, bars, marks; no widget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from textual.content import Content

from gramophone.analysis.latency import LatencyMark, LatencyStage, MarkKind, StageName, Waterfall
from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from tui.latency.time_axis import Window, bar, difference_words, line, span_words, ticks
from tui.support.formatting import counted
from tui.theme.colour_names import ACCENT, BESIDE, GRID, MUTED, PLAIN, SOUND, TROUBLE, WARNING

LABEL_CELLS: Final = 13
_FIGURE_CELLS: Final = 10
_NARROW: Final = 60
_NARROW_FIGURE_CELLS: Final = 9

STAGES: Final[tuple[StageName, ...]] = (
    "First delta",
    "Text sent",
    "First byte",
    "First sample",
    "End",
    "Text in",
    "Sound in",
)

# From the least to the most important: of two marks in one cell, the later of these is seen.
_GLYPHS: Final[dict[MarkKind, tuple[str, str]]] = {
    "flush sent": ("↑", PLAIN),
    "flush answered": ("↓", SOUND),
    "underrun": ("○", WARNING),
    "warning": ("!", WARNING),
    "flush refused": ("×", WARNING),
    "stopped": ("■", PLAIN),
    "failed": ("▲", TROUBLE),
}
_MARK_ROWS: Final[tuple[tuple[str, tuple[MarkKind, ...]], ...]] = (
    ("Flushes", ("flush sent", "flush answered", "flush refused")),
    ("Warnings", ("warning",)),
    ("Underruns", ("underrun",)),
    ("Stops", ("stopped", "failed")),
)

_BarShape: TypeAlias = Callable[[int, int, int], list[tuple[int, str]]]
Cells: TypeAlias = list[tuple[str, str]]
"""A character and its style for each cell."""


@frozen
class ChartRow:
    """One line of the chart. One with a `stage` or `marks` can be put under the cursor."""

    content: Content
    stage: LatencyStage | None = None
    marks: tuple[LatencyMark, ...] = ()

    @property
    def selectable(self) -> bool:
        return self.stage is not None or bool(self.marks)


@frozen
class Chart:
    """An answer, perhaps with another to compare it with, in a window of time.

    `width` counts the cells of a line, with its label and its figure.
    """

    fall: Waterfall
    other: Waterfall | None
    window: Window
    width: int

    @property
    def cells(self) -> int:
        """Cells between the labels and the figures."""
        return max(4, self.width - LABEL_CELLS - self._figure_cells)

    @property
    def _figure_cells(self) -> int:
        return _NARROW_FIGURE_CELLS if self.width < _NARROW else _FIGURE_CELLS

    def axis(self) -> Content:
        """Round moments over the bars."""
        drawn = [" "] * self.cells
        free = 0
        for cell, words in ticks(self.window, self.cells):
            if cell >= free and cell + len(words) <= self.cells:
                drawn[cell : cell + len(words)] = words
                free = cell + len(words) + 1
        return Content(" " * LABEL_CELLS) + Content.styled("".join(drawn), MUTED)

    def rows(self) -> list[ChartRow]:
        """The lines under the axis."""
        rows: list[ChartRow] = []
        for stream in (False, True):
            if stream:
                rows.append(self._gap())
            for name in STAGES:
                rows += self._stage_rows(name, stream)
        marked = [row for title, kinds in _MARK_ROWS for row in self._mark_rows(title, kinds)]
        if marked:
            rows += [self._gap(), *marked, ChartRow(Content("")), *self._legend()]
        return rows

    # --- lines --------------------------------------------------------------------------------

    def _stage_rows(self, name: StageName, stream: bool) -> list[ChartRow]:
        rows: list[ChartRow] = []
        stage = self.fall.stage(name)
        other = self.other.stage(name) if self.other is not None else None
        if stage is not None and stage.stream is stream:
            colour = SOUND if name == "Sound in" else MUTED if stream or name == "End" else ACCENT
            drawn = self._bar(bar, stage, colour)
            rows.append(ChartRow(self._line(name, drawn, span_words(stage.span_us), PLAIN), stage))
        if other is not None and other.stream is stream:
            label = "" if rows else name
            words = "" if stage is None else difference_words(stage.span_us - other.span_us)
            rows.append(ChartRow(self._line(label, self._bar(line, other, BESIDE), words, MUTED)))
        return rows

    def _mark_rows(self, title: str, kinds: Sequence[MarkKind]) -> list[ChartRow]:
        rows: list[ChartRow] = []
        for fall, dim in ((self.fall, False), (self.other, True)):
            marks = tuple(m for m in fall.marks if m.kind in kinds) if fall is not None else ()
            if marks:
                label = "" if rows else title
                drawn = self._marks(marks, dim=dim)
                content = self._line(label, drawn, f"{len(marks):,}", MUTED if dim else PLAIN)
                rows.append(ChartRow(content) if dim else ChartRow(content, marks=marks))
        return rows

    def _legend(self) -> Iterator[ChartRow]:
        """The names of the marks, on as many lines as it takes."""
        falls = [self.fall] if self.other is None else [self.fall, self.other]
        kinds = {mark.kind for fall in falls for mark in fall.marks}
        words = [f"{glyph} {kind}" for kind, (glyph, _) in _GLYPHS.items() if kind in kinds]
        text = ""
        for word in words:
            if text and LABEL_CELLS + len(text) + 3 + len(word) > self.width:
                yield ChartRow(Content.styled(" " * LABEL_CELLS + text, MUTED))
                text = ""
            text += f"   {word}" if text else word
        yield ChartRow(Content.styled(" " * LABEL_CELLS + text, MUTED))

    def _gap(self) -> ChartRow:
        return ChartRow(self._line("", self._grid(), "", MUTED))

    def _line(self, label: str, drawn: Cells, figure: str, style: str) -> Content:
        return Content.assemble(
            (label.ljust(LABEL_CELLS), MUTED),
            *_runs(drawn),
            (figure.rjust(self._figure_cells), style),
        )

    # --- cells --------------------------------------------------------------------------------

    def _grid(self) -> Cells:
        drawn: Cells = [(" ", "")] * self.cells
        for cell, _words in ticks(self.window, self.cells):
            drawn[cell] = ("┊", GRID)
        return drawn

    def _bar(self, shape: _BarShape, stage: LatencyStage, colour: str) -> Cells:
        drawn = self._grid()
        # A bar out of the window leaves an arrow at the side where it is.
        start, end = (self._eighths(at_us) for at_us in (stage.start_us, stage.end_us))
        filled = shape(start, end, self.cells)
        for cell, block in filled:
            drawn[cell] = (block, colour)
        if not filled:
            is_before = end <= 0
            drawn[0 if is_before else -1] = ("‹" if is_before else "›", GRID)
        return drawn

    def _marks(self, marks: Iterable[LatencyMark], *, dim: bool) -> Cells:
        drawn = self._grid()
        weight = list(_GLYPHS)
        for mark in sorted(marks, key=lambda mark: weight.index(mark.kind)):
            cell = self._eighths(mark.at_us) // 8
            # The end of the window belongs to its last cell, as in a closed interval.
            if mark.at_us == self.window.end_us:
                cell = self.cells - 1
            if 0 <= cell < self.cells:
                glyph, colour = _GLYPHS[mark.kind]
                drawn[cell] = (glyph, BESIDE if dim else colour)
        return drawn

    def _eighths(self, at_us: int) -> int:
        return self.window.eighths(at_us, self.cells)

    def at_us(self, cell: int) -> int:
        """The moment in the middle of a cell, counted from the left edge of the line."""
        share = (cell - LABEL_CELLS + 0.5) / self.cells
        return self.window.start_us + round(share * self.window.span_us)


def _runs(drawn: Cells) -> Iterator[tuple[str, str]]:
    """Cells joined to pieces of one style."""
    for style, cells in groupby(drawn, key=lambda cell: cell[1]):
        yield "".join(character for character, _ in cells), style


# --- in words ---------------------------------------------------------------------------------

_ENDS: Final[dict[StageName, str]] = {
    "First delta": "submit to the first delta (TTFT)",
    "Text sent": "first delta to the first text sent",
    "First byte": "first text sent to the first byte (TTFB)",
    "First sample": "first byte to the first sample",
    "End": "first sample to the end",
    "Text in": "first delta to the last",
    "Sound in": "first byte to the last",
}


def facts_of(fall: Waterfall, other: Waterfall | None) -> list[str]:
    """The figures of the answer, the most telling first, each beside the other's."""
    figures = fall.metrics
    facts: list[str] = []
    for name, value, beside in (
        ("first sound", figures.response_ms, other and other.metrics.response_ms),
        ("first words", figures.ttft_ms, other and other.metrics.ttft_ms),
        ("TTFB", figures.ttfb_ms, other and other.metrics.ttfb_ms),
        ("TTFA", figures.ttfa_ms, other and other.metrics.ttfa_ms),
    ):
        if value is None:
            continue
        words = f"{name} {span_words(round(value * 1000))}"
        if beside is not None:
            words += f" ({difference_words(round((value - beside) * 1000))})"
        facts.append(words)
    return facts or ["no text and no sound came"]


def row_words(row: ChartRow) -> str:
    """The numbers of a row, for the line at the foot."""
    if row.stage is not None:
        stage = row.stage
        ends = f"from {_at(stage.start_us)} to {_at(stage.end_us)}"
        return f"{stage.name}: {span_words(stage.span_us)}, {ends}; {_ENDS[stage.name]}"
    counts: Counter[MarkKind] = Counter(mark.kind for mark in row.marks)
    totals = ", ".join(_counted(kind, count) for kind, count in counts.items())
    return f"{totals}; first {mark_words(row.marks[0])}" if row.marks else ""


def mark_words(mark: LatencyMark) -> str:
    """One mark, with when it was."""
    return f"at {_at(mark.at_us)}: {plain_line(mark.words)}"


def _counted(kind: MarkKind, count: int) -> str:
    """`2 flushes sent`, `1 warning`, `3 underruns`; kinds that happen once are only named."""
    noun, _, participle = kind.partition(" ")
    if noun == "flush":
        return f"{count:,} {noun if count == 1 else 'flushes'} {participle}"
    return kind if kind in ("stopped", "failed") else counted(count, kind)


def _at(at_us: int) -> str:
    return "0" if at_us == 0 else span_words(at_us)
