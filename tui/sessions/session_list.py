"""The list of stored sessions beneath headings of days; asks for more when it is read to its end.

A row is drawn when it comes into view: a list of a hundred thousand costs what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gramophone.library.library import SessionSummary
from gramophone.library.search_query import SearchWord
from tui import bindings
from tui.messages import AllRowsWanted, MarksChanged, MoreWanted
from tui.sessions.date_heading import PINNED, heading
from tui.sessions.row_marks import RowMarks
from tui.sessions.session_row import RowLook, session_row
from tui.theme.colour_names import ACCENT

_NEAR_END_ROWS = 12
_SIDE_CELLS = 2
_NARROWEST_CELLS = 20


class SessionList(OptionList):
    """Rows of `SessionSummary`, newest first. Some may be marked: then what is done is done with
    those."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION_LIST]

    def __init__(self, today: Callable[[], date] = date.today, *, one_line: bool = False) -> None:
        super().__init__(compact=True, markup=False)
        self.rows: list[SessionSummary] = []
        self.marks = RowMarks()
        self.one_line = one_line
        self._today = today
        self._ids: set[str] = set()
        self._heading = ""
        self._row_of: list[int] = []
        self._option_of: list[int] = []
        self._notes: dict[str, str] = {}
        self._words: Sequence[SearchWord] = ()
        self._by_beginning = False
        self._in_range = False

    @property
    def cursor(self) -> int | None:
        """Index of the row under the cursor."""
        index = self.highlighted
        if index is None or index >= len(self._row_of) or self._row_of[index] < 0:
            return None
        return self._row_of[index]

    @property
    def chosen(self) -> SessionSummary | None:
        """The session under the cursor."""
        row = self.cursor
        return self.rows[row] if row is not None else None

    @property
    def meant(self) -> list[SessionSummary]:
        """Sessions that an action applies to: the marked ones, else the one under the cursor."""
        if self.marks:
            return [row for row in self.rows if row.id in self.marks]
        return [self.chosen] if self.chosen is not None else []

    def has(self, session_id: str) -> bool:
        """Whether a session is listed."""
        return session_id in self._ids

    # --- rows ---------------------------------------------------------------------------------

    def fill(
        self,
        rows: Sequence[SessionSummary],
        words: Sequence[SearchWord] = (),
        *,
        by_beginning: bool = False,
    ) -> None:
        """Show these rows and no others; the cursor stays on its session, if that is there.
        Sessions that were searched come `by_beginning`, the others by when they were last active.
        """
        session_id = self.chosen.id if self.chosen is not None else ""
        before = self.cursor or 0
        self._words, self._by_beginning = words, by_beginning
        self._set_rows(rows)
        self.marks.keep(self._ids)
        ids = [row.id for row in self.rows]
        self._draw(ids.index(session_id) if session_id in self._ids else before)

    def extend(self, rows: Sequence[SessionSummary]) -> None:
        """Show these rows below the others; those that are there already stay as they are."""
        new = [row for row in rows if row.id not in self._ids]
        self.add_options(self._options_for(new))

    def drop(self, ids: Collection[str]) -> None:
        """Show these sessions no more; the next one gets the cursor."""
        before = self.cursor or 0
        row = sum(row.id not in ids for row in self.rows[:before])
        self._set_rows([row for row in self.rows if row.id not in ids])
        self.marks.remove(ids)
        self._draw(row)
        self.post_message(MarksChanged())

    def renew(self, summary: SessionSummary) -> None:
        """Show a changed session; its hit stays."""
        for index, row in enumerate(self.rows):
            if row.id == summary.id:
                self.rows[index] = summary
        self._redraw()

    def note(self, session_id: str, words: str) -> None:
        """Say on its row what is being done with a session; nothing takes it away."""
        self._notes[session_id] = words
        self._redraw()

    def go_to(self, session_id: str) -> None:
        """Put the cursor on a session."""
        for index, row in enumerate(self.rows):
            if row.id == session_id:
                self._put_cursor(index)

    # --- marks --------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the session under the cursor, or no longer, and go on to the next."""
        row = self.cursor
        if row is None:
            return
        self.marks.turn(self.rows[row].id)
        if row + 1 < len(self.rows):
            self._put_cursor(row + 1)
        self._marked()

    def action_mark_all(self) -> None:
        """Mark all sessions, those that are not read in yet too; once more: none."""
        self.post_message(AllRowsWanted(self._mark_all))

    def _mark_all(self) -> None:
        self.marks.turn_all(row.id for row in self.rows)
        self._marked()

    def action_extend(self, step: int) -> None:
        """Mark the session under the cursor and its neighbour, or take a step of that back."""
        if (row := self.cursor) is not None:
            self._extend_to(max(0, min(row + step, len(self.rows) - 1)))

    def _extend_to(self, target: int) -> None:
        if (row := self.cursor) is not None:
            self.marks.extend([row.id for row in self.rows], row, target)
            self._in_range = True
            self._put_cursor(target)
            self._in_range = False
            self._marked()

    def unmark(self) -> None:
        self.marks.clear()
        self._marked()

    def _marked(self) -> None:
        self._redraw()
        self.post_message(MarksChanged())

    # --- moving -------------------------------------------------------------------------------

    def action_last(self) -> None:
        """Go to the last session of all; those in between are read first."""
        self.post_message(AllRowsWanted(super().action_last))

    def action_one_line(self) -> None:
        """Show each session in one line, or with its facts beneath."""
        self.one_line = not self.one_line
        self._draw(self.cursor or 0)

    async def _on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a row; one on the cursor's row opens it, one with Shift marks
        all from the cursor to there."""
        event.prevent_default()
        index: int | None = event.style.meta.get("option")
        row = self._row_of[index] if index is not None and index < len(self._row_of) else -1
        if row < 0:
            return
        if event.shift:
            self._extend_to(row)
        elif index == self.highlighted:
            self.action_select()
        else:
            self._put_cursor(row)

    # --- within -------------------------------------------------------------------------------

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        if not self._in_range:
            self.marks.end_range()
        near_end = len(self._row_of) - _NEAR_END_ROWS
        if self.rows and highlighted is not None and highlighted >= near_end:
            self.post_message(MoreWanted())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # A session takes two lines or three.
        near_end_y = self.max_scroll_y - 2 * _NEAR_END_ROWS
        if self.rows and old_value < new_value and new_value >= near_end_y:
            self.post_message(MoreWanted())

    def draw_row(self, row: int, width: int) -> Content:
        """The row as it is now, so wide."""
        summary = self.rows[row]
        look = RowLook(
            today=self._today(),
            words=self._words,
            marked=summary.id in self.marks,
            note=self._notes.get(summary.id, ""),
            one_line=self.one_line,
            by_beginning=self._by_beginning,
        )
        return session_row(summary, max(_NARROWEST_CELLS, width), look)

    def height_of(self, row: int) -> int:
        """Lines that the row takes."""
        if self.one_line:
            return 1
        return 3 if self.rows[row].snippet else 2

    def _put_cursor(self, row: int) -> None:
        self.highlighted = self._option_of[row]

    def _draw(self, row: int) -> None:
        if not self.is_attached:
            # What was begun on a screen may be done when that is gone.
            return
        rows = self.rows
        self._set_rows(())
        self.set_options(self._options_for(rows))
        if self.rows:
            self._put_cursor(min(row, len(self.rows) - 1))

    def _redraw(self) -> None:
        """Draw what is in view again; nothing has another height."""
        if self.is_attached:
            self._option_render_cache.clear()
            self.refresh()

    def _set_rows(self, rows: Iterable[SessionSummary]) -> None:
        self.rows = list({row.id: row for row in rows}.values())
        self._ids = {row.id for row in self.rows}
        self._row_of, self._option_of, self._heading = [], [], ""

    def _options_for(self, rows: Iterable[SessionSummary]) -> list[Option]:
        """Options of rows that come next, with the headings of new days between them."""
        options: list[Option] = []
        today = self._today()
        for summary in rows:
            words = self._heading_of(summary, today)
            if words != self._heading:
                self._heading = words
                self._row_of.append(-1)
                options.append(Option(Content.styled(words, f"bold {ACCENT}"), disabled=True))
            self._option_of.append(len(self._row_of))
            self._row_of.append(len(self.rows))
            options.append(Option(_RowVisual(self, len(self.rows))))
            self.rows.append(summary)
            self._ids.add(summary.id)
        return options

    def _heading_of(self, summary: SessionSummary, today: date) -> str:
        if self._by_beginning:
            return heading(summary.created_at, today)
        return PINNED if summary.pinned else heading(summary.latest_at, today)


class _RowVisual(Visual):
    """One row, drawn by the list when it is in view."""

    def __init__(self, listed: SessionList, row: int) -> None:
        self._listed = listed
        self._row = row

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        return self._listed.draw_row(self._row, width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._listed.height_of(self._row)
