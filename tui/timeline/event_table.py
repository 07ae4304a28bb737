"""A table of events, drawn row by row as they come into view: 100,000 open as fast as ten."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Event
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.timeline.event_rows import Beginnings, TimeMode, detail_of, time_words

_TROUBLE: Final = frozenset({"Failed"})
_WARNING: Final = frozenset({"WarningReceived", "Underran", "FlushRefused", "TurnInterrupted"})


@frozen
class Columns:
    """Cells of each column, with the gap to the next; the detail has the rest."""

    time: int
    turn: int
    kind: int
    decimals: int

    @classmethod
    def of(cls, width: int) -> Columns:
        """Columns for a width; a narrow table lacks the turn, and three digits of the time."""
        return cls(15, 6, 20, 6) if width >= 72 else cls(10, 0, 14, 3)

    def parts(self, time: str, turn: str, kind: str) -> tuple[str, str]:
        """The columns before the detail: figures aligned to the right, names to the left."""
        figures = f"{time[: self.time - 2]:>{self.time - 2}}  "
        if self.turn:
            figures += f"{turn:>{self.turn - 2}}  "
        return figures, f"{kind[: self.kind - 2]:<{self.kind}}"


class EventHeader(Widget):
    """The titles over the columns."""

    DEFAULT_CSS = "EventHeader { height: 1; color: $ink-muted 60%; text-style: bold; }"

    def __init__(self) -> None:
        super().__init__()
        self._mode = TimeMode.SESSION

    def show(self, mode: TimeMode) -> None:
        self._mode = mode
        self.refresh()

    def render(self) -> Content:
        columns = Columns.of(self.size.width)
        title = self._mode.value if columns.turn else self._mode.value.split()[-1].capitalize()
        return Content("".join((*columns.parts(title, "Turn", "Kind"), "Detail")))


class EventChosen(Message):
    """Request to show the event under the cursor in full."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class EventTable(ScrollView, can_focus=True):
    """Rows of events, all of them or those that a filter has found."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "event-table--time",
        "event-table--kind",
        "event-table--detail",
        "event-table--warning",
        "event-table--trouble",
        "event-table--cursor",
    }
    DEFAULT_CSS = """
    EventTable {
        height: 1fr;
        background: $background;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-color: $foreground 15%;
        &:focus {
            scrollbar-color: $accent;
        }
        & > .event-table--time { color: $ink-muted 60%; }
        & > .event-table--kind { color: $foreground; }
        & > .event-table--detail { color: $ink-muted 60%; }
        & > .event-table--warning { color: $text-warning; }
        & > .event-table--trouble { color: $text-error; }
        & > .event-table--cursor { background: $foreground 6%; }
        &:focus > .event-table--cursor {
            background: $cursor-ground 18%;
            text-style: $cursor-style;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.EVENT_TABLE]

    def __init__(self) -> None:
        super().__init__()
        self._events: Sequence[Event] = ()
        self._indexes: Sequence[int] = ()
        self._beginnings = Beginnings(())
        self._cursor = 0
        self._mode = TimeMode.SESSION
        self._drawn: LRUCache[tuple[int, bool], Strip] = LRUCache(512)

    # --- contents -----------------------------------------------------------------------------

    def fill(self, timeline: Sequence[Event]) -> None:
        """Show these events, all of them."""
        self._events = timeline
        self._beginnings = Beginnings(timeline)
        self.show_only(range(len(timeline)))

    def show_only(self, indexes: Sequence[int]) -> None:
        """Show only the events with these indexes; the cursor stays at its event, or near it."""
        index = self._indexes[self._cursor] if self._cursor < len(self._indexes) else 0
        self._indexes = indexes
        self.virtual_size = Size(0, len(indexes))
        self._drawn.clear()
        self.go_to_event(index)
        self.refresh()

    def go_to_event(self, index: int) -> None:
        """Put the cursor on the event with this index, or on the next one that is shown."""
        self._go_to(bisect_left(self._indexes, index))

    @property
    def chosen(self) -> Event | None:
        """The event under the cursor."""
        return self._event(self._cursor)

    @property
    def mode(self) -> TimeMode:
        return self._mode

    def count_from(self, mode: TimeMode) -> None:
        """Change the origin of the times in the first column."""
        self._mode = mode
        self._drawn.clear()
        self.refresh()

    def _event(self, row: int) -> Event | None:
        return self._events[self._indexes[row]] if 0 <= row < len(self._indexes) else None

    # --- the cursor ---------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self._go_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go_to(self._cursor + by * max(1, self.size.height - 1))

    def action_edge(self, edge: int) -> None:
        self._go_to(0 if edge == 0 else len(self._indexes) - 1)

    def action_open(self) -> None:
        if (event := self.chosen) is not None:
            self.post_message(EventChosen(event))

    def on_click(self, event: events.Click) -> None:
        row = round(self.scroll_offset.y) + event.y
        if row < len(self._indexes):
            self._go_to(row)
            if event.chain == 2:
                self.action_open()

    def _go_to(self, row: int) -> None:
        self._cursor = max(0, min(row, len(self._indexes) - 1))
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
        self.refresh()

    # --- rows ---------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()

    def on_resize(self) -> None:
        self._drawn.clear()
        self._go_to(self._cursor)

    def on_focus(self) -> None:
        self._drawn.clear()

    def on_blur(self) -> None:
        self._drawn.clear()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row = round(self.scroll_offset.y) + y
        if (event := self._event(row)) is None:
            return Strip.blank(width, self.rich_style)
        key = (row, row == self._cursor)
        if (strip := self._drawn.get(key)) is None:
            base = self._base(row)
            strip = self._row(event, row, base).crop_extend(0, width, base)
            self._drawn[key] = strip
        return strip

    def _base(self, row: int) -> Style:
        if row == self._cursor:
            return self.rich_style + self.get_component_rich_style("event-table--cursor")
        return self.rich_style

    def _row(self, event: Event, row: int, base: Style) -> Strip:
        kind = type(event).__name__
        kind_style = "trouble" if kind in _TROUBLE else "warning" if kind in _WARNING else "kind"
        turn = getattr(event, "turn", None)
        columns = Columns.of(self.size.width)
        time = self._time(event, row, columns.decimals)
        figures, name = columns.parts(time, "" if turn is None else str(turn), kind)
        # A field may hold a whole answer, and of that one line is seen. Four times the width is
        # still enough when the sanitizer has taken out what does not show.
        detail = Content(plain_line(detail_of(event, longest=4 * self.size.width)))
        room = self.scrollable_content_region.width - len(figures) - len(name)
        detail = detail.truncate(room, ellipsis=True).plain
        parts = ((figures, "time"), (name, kind_style), (detail, "detail"))
        return Strip(Segment(text, base + self._colour(style)) for text, style in parts)

    def _colour(self, name: str) -> Style:
        return Style(color=self.get_component_rich_style(f"event-table--{name}").color)

    def _time(self, event: Event, row: int, decimals: int) -> str:
        match self._mode:
            case TimeMode.SESSION:
                return time_words(event.at_us, sign=False, decimals=decimals)
            case TimeMode.ABOVE:
                above = self._event(row - 1)
                from_us = None if above is None else above.at_us
            case TimeMode.TURN:
                from_us = self._beginnings.before(event.at_us)
        if from_us is None:
            return ""
        return time_words(event.at_us - from_us, sign=True, decimals=decimals)
