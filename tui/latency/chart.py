"""The chart of a latency view: bars and marks under an axis of time, with a cursor on a row."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from gramophone.analysis.latency import Waterfall
from tui import bindings
from tui.latency.rows import LABEL_CELLS, Chart, ChartRow, mark_words, row_words
from tui.latency.time_axis import Window
from tui.messages import FootChanged
from tui.theme.colour_names import CURSOR

ZOOM = 0.5
STEP = 0.25
_HEADROOM = 1.15
_CURSOR = CURSOR


class WaterfallChart(Vertical):
    """One answer, and perhaps another beside it, in a window that can be moved and zoomed."""

    DEFAULT_CSS = """
    WaterfallChart {
        height: 1fr;
        VerticalScroll {
            height: 1fr;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            scrollbar-background: $background;
            scrollbar-background-hover: $background;
            scrollbar-color: $foreground 15%;
        }
    }
    """

    def compose(self) -> ComposeResult:
        yield Axis()
        with VerticalScroll(can_focus=False):
            yield Bars()

    def __init__(self) -> None:
        super().__init__()
        self._fall: Waterfall | None = None
        self._other: Waterfall | None = None
        self.window = Window(0, 1)
        self._whole = False

    @property
    def bars(self) -> Bars:
        return self.query_one(Bars)

    def show(self, fall: Waterfall, other: Waterfall | None) -> None:
        """Draw this answer, over that one."""
        self._fall, self._other = fall, other
        self.fit()

    # --- the window ---------------------------------------------------------------------------

    @property
    def whole_us(self) -> int:
        """The furthest end of a window."""
        falls = [fall for fall in (self._fall, self._other) if fall is not None]
        return max(1000, *(fall.end_us for fall in falls))

    @property
    def shows_whole(self) -> bool:
        return self._whole

    def fit(self, *, whole: bool | None = None) -> None:
        """Show the way to the first sample, or the whole answer."""
        if whole is not None:
            self._whole = whole
        self._look_at(Window(0, self.whole_us if self._whole else self._way_us()))

    def _way_us(self) -> int:
        """The time until it sounds, and a little more.

        Without sound, that is until the last step before the end.
        """
        reached = [0]
        for fall in (self._fall, self._other):
            if fall is not None:
                reached += [stage.end_us for stage in fall.stages if not stage.stream][:-1]
        way_us = max(reached)
        return min(self.whole_us, round(way_us * _HEADROOM)) if way_us else self.whole_us

    def zoom(self, factor: float) -> None:
        """Show less or more time, around the stage under the cursor if it can be seen."""
        # What one looks at stays where it is: the window changes around it, not around its middle.
        stage = self.bars.row.stage if self.bars.row else None
        middle_us = (self.window.start_us + self.window.end_us) // 2
        around_us = (stage.start_us + stage.end_us) // 2 if stage else middle_us
        if not self.window.start_us <= around_us <= self.window.end_us:
            around_us = middle_us
        self._look_at(self.window.zoomed(factor, around_us, self.whole_us))

    def move(self, share: float) -> None:
        """Move the window along the answer, by a share of its length."""
        self._look_at(self.window.moved(round(share * self.window.span_us), self.whole_us))

    def _look_at(self, window: Window) -> None:
        self.window = window
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        bars = self.bars
        if self._fall is not None and bars.size.width:
            chart = Chart(self._fall, self._other, self.window, bars.size.width)
            self.query_one(Axis).show(chart.axis())
            bars.show(chart)


class Axis(Widget):
    """The time axis above the bars, which stays where it is while they scroll."""

    DEFAULT_CSS = "Axis { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._content = Content("")

    def show(self, content: Content) -> None:
        self._content = content
        self.refresh()

    def render(self) -> Content:
        return self._content


class Bars(Widget, can_focus=True):
    """The rows; the foot of the screen has the numbers of the one under the cursor."""

    DEFAULT_CSS = "Bars { height: auto; min-height: 1; text-wrap: nowrap; }"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LATENCY_CHART]

    def __init__(self) -> None:
        super().__init__()
        self._chart: Chart | None = None
        self._rows: list[ChartRow] = []
        self._cursor = 0

    @property
    def row(self) -> ChartRow | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    def show(self, chart: Chart) -> None:
        """Draw the chart; the cursor stays on the line of the same name."""
        before = self.row
        self._chart, self._rows = chart, chart.rows()
        name = before.stage.name if before is not None and before.stage is not None else None
        rows = [number for number, row in enumerate(self._rows) if row.selectable]
        same = (n for n in rows if (stage := self._rows[n].stage) and stage.name == name)
        nearest = min((abs(number - self._cursor), number) for number in rows)[1] if rows else 0
        self._cursor = next(same, nearest)
        self.refresh(layout=True)
        self._describe_row()

    def render(self) -> Content:
        lines = [row.content for row in self._rows]
        if self._rows:
            lines[self._cursor] = lines[self._cursor].stylize_before(_CURSOR)
        return Content("\n").join(lines)

    # --- the cursor ---------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        rows = [number for number, row in enumerate(self._rows) if row.selectable]
        if self._cursor in rows:
            number = rows.index(self._cursor) + by
            if 0 <= number < len(rows):
                self._go_to(rows[number])
            else:
                # The legend, below the last row that can be chosen, can still be read.
                self._reveal(0 if by < 0 else len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self._rows) and self._rows[event.y].selectable:
            self._go_to(event.y)
            self._describe_mark(event.x)

    def _go_to(self, row: int) -> None:
        self._cursor = row
        self._reveal(row)
        self.refresh()
        self._describe_row()

    def _reveal(self, row: int) -> None:
        scroll = self.parent
        if isinstance(scroll, VerticalScroll):
            scroll.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True)

    # --- the foot -----------------------------------------------------------------------------

    def _describe_row(self) -> None:
        row = self.row
        self._show_at_foot(row_words(row) if row is not None else "")

    def _show_at_foot(self, words: str) -> None:
        # Textual lets a message go no further up than to the widget in whose handler it was made.
        # This one may be made in a handler of the chart or the screen, and has to pass both.
        self.post_message(FootChanged(words).set_sender(self))

    def _describe_mark(self, cell: int) -> None:
        """Describe the mark that was clicked, or the nearest one in the row."""
        chart, row = self._chart, self.row
        if chart is None or row is None or not row.marks or cell < LABEL_CELLS:
            return
        at_us = chart.at_us(cell)
        nearest = min(row.marks, key=lambda mark: abs(mark.at_us - at_us))
        self._show_at_foot(mark_words(nearest))
