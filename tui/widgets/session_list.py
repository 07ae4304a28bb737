"""The list of kept sessions; asks for more when it is read to near its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gramophone.ports import SessionSummary
from tui.messages import MoreWanted
from tui.session_row import session_row

_NEAR_END_ROWS = 12
_SIDE_CELLS = 4


class SessionList(OptionList):
    """Rows of `SessionSummary`, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", id="list.open"),
        Binding("j", "cursor_down", "Next session", id="list.next", show=False),
        Binding("k", "cursor_up", "Session before", id="list.before", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)
        self.rows: list[SessionSummary] = []

    @property
    def chosen(self) -> SessionSummary | None:
        """The session under the cursor."""
        place = self.highlighted
        return self.rows[place] if place is not None and place < len(self.rows) else None

    def fill(self, rows: Sequence[SessionSummary]) -> None:
        """Show these rows and no others."""
        self.rows = list(rows)
        self._draw()

    def extend(self, rows: Sequence[SessionSummary]) -> None:
        """Show these rows below the others."""
        self.rows.extend(rows)
        self.add_options(self._option(row) for row in rows)

    def drop(self, session_id: str) -> None:
        """Show this session no more; the cursor stays where it was."""
        self.fill([row for row in self.rows if row.id != session_id])

    def on_resize(self, event: events.Resize) -> None:
        if self.option_count:
            self._draw()

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        if highlighted is not None and highlighted >= len(self.rows) - _NEAR_END_ROWS:
            self.post_message(MoreWanted())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        near_end_y = self.max_scroll_y - 2 * _NEAR_END_ROWS
        if self.rows and old_value < new_value and new_value >= near_end_y:
            self.post_message(MoreWanted())

    def _draw(self) -> None:
        place = self.highlighted
        self.set_options(self._option(row) for row in self.rows)
        if self.rows:
            self.highlighted = min(place or 0, len(self.rows) - 1)

    def _option(self, row: SessionSummary) -> Option:
        return Option(session_row(row, max(20, self.size.width - _SIDE_CELLS)))
