"""The list of kept sessions; asks for more when it is read to near its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gramophone.library.library import SessionSummary
from gramophone.library.search_query import SearchWord
from tui import bindings
from tui.messages import MarksChanged, MoreWanted
from tui.sessions.session_row import session_row

_NEAR_END_ROWS = 12
_SIDE_CELLS = 2
_NARROWEST_CELLS = 20


class SessionList(OptionList):
    """Rows of `SessionSummary`, newest first. Some may be marked: then what is done is done with
    those."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION_LIST]

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)
        self.rows: list[SessionSummary] = []
        self.marked: dict[str, None] = {}
        self._notes: dict[str, str] = {}
        self._words: Sequence[SearchWord] = ()

    @property
    def chosen(self) -> SessionSummary | None:
        """The session under the cursor."""
        index = self.highlighted
        return self.rows[index] if index is not None and index < len(self.rows) else None

    @property
    def meant(self) -> list[SessionSummary]:
        """Sessions that an action applies to: the marked ones, else the one under the cursor."""
        if self.marked:
            return [row for row in self.rows if row.id in self.marked]
        return [self.chosen] if self.chosen is not None else []

    # --- rows ---------------------------------------------------------------------------------

    def fill(self, rows: Sequence[SessionSummary], words: Sequence[SearchWord] = ()) -> None:
        """Show these rows and no others; the cursor stays on its session, if that is there."""
        session_id = self.chosen.id if self.chosen is not None else ""
        self.rows, self._words = list(rows), words
        ids = [row.id for row in rows]
        for removed_id in set(self.marked) - set(ids):
            del self.marked[removed_id]
        index = ids.index(session_id) if session_id in ids else self.highlighted or 0
        self._draw(index)

    def extend(self, rows: Sequence[SessionSummary]) -> None:
        """Show these rows below the others; those that are there already stay as they are."""
        ids = {row.id for row in self.rows}
        new = [row for row in rows if row.id not in ids]
        self.rows.extend(new)
        self.add_options(self._option(row) for row in new)

    def drop(self, ids: Collection[str]) -> None:
        """Show these sessions no more; the next one gets the cursor."""
        before = self.highlighted or 0
        index = sum(row.id not in ids for row in self.rows[:before])
        self.rows = [row for row in self.rows if row.id not in ids]
        for session_id in ids:
            self.marked.pop(session_id, None)
        self._draw(index)
        self.post_message(MarksChanged())

    def renew(self, summary: SessionSummary) -> None:
        """Show a changed session; its hit stays."""
        for index, row in enumerate(self.rows):
            if row.id == summary.id:
                self.rows[index] = summary
                self._redraw(index)

    def note(self, session_id: str, words: str) -> None:
        """Say on its row what is being done with a session; nothing takes it away."""
        self._notes[session_id] = words
        for index, row in enumerate(self.rows):
            if row.id == session_id:
                self._redraw(index)

    def go_to(self, session_id: str) -> None:
        """Put the cursor on a session."""
        for index, row in enumerate(self.rows):
            if row.id == session_id:
                self.highlighted = index

    # --- marks --------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the session under the cursor, or no longer, and go on to the next."""
        index, row = self.highlighted, self.chosen
        if index is None or row is None:
            return
        if row.id in self.marked:
            del self.marked[row.id]
        else:
            self.marked[row.id] = None
        self._redraw(index)
        if index + 1 < len(self.rows):
            self.highlighted = index + 1
        self.post_message(MarksChanged())

    def action_mark_all(self) -> None:
        """Mark all sessions that have been read in; once more: none."""
        every = dict.fromkeys(row.id for row in self.rows)
        self.marked = {} if self.marked == every else every
        self._draw(self.highlighted or 0)
        self.post_message(MarksChanged())

    def unmark(self) -> None:
        self.marked = {}
        self._draw(self.highlighted or 0)
        self.post_message(MarksChanged())

    # --- the mouse ----------------------------------------------------------------------------

    async def _on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a row; one on the cursor's row opens it."""
        event.prevent_default()
        index: int | None = event.style.meta.get("option")
        if index is None:
            return
        if index == self.highlighted:
            self.action_select()
        else:
            self.highlighted = index

    # --- within -------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        if self.option_count:
            self._draw(self.highlighted or 0)

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        if highlighted is not None and highlighted >= len(self.rows) - _NEAR_END_ROWS:
            self.post_message(MoreWanted())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # A session takes two lines or three.
        near_end_y = self.max_scroll_y - 2 * _NEAR_END_ROWS
        if self.rows and old_value < new_value and new_value >= near_end_y:
            self.post_message(MoreWanted())

    def _draw(self, index: int) -> None:
        if not self.is_attached:
            # What was begun on a screen may be done when that is gone.
            return
        self.set_options(self._option(row) for row in self.rows)
        if self.rows:
            self.highlighted = min(index, len(self.rows) - 1)

    def _redraw(self, index: int) -> None:
        if self.is_attached:
            self.replace_option_prompt_at_index(index, self._option(self.rows[index]).prompt)

    def _option(self, row: SessionSummary) -> Option:
        width = max(_NARROWEST_CELLS, self.size.width - _SIDE_CELLS)
        return Option(
            session_row(
                row,
                width,
                words=self._words,
                marked=row.id in self.marked,
                note=self._notes.get(row.id, ""),
            )
        )
