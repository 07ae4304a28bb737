"""The transcript of a pane: turns are read, selected, copied and taken up again, by keyboard or
by mouse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Offset
from textual.selection import Selection

from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.messages import CopyWanted, FindWanted, TurnAction, TurnWanted
from tui.transcript.row_numbers import ALL, ROWS_OF_A_TURN
from tui.transcript.row_text import word_at, word_source_at
from tui.transcript.searched_turns import SearchedTurns
from tui.transcript.turn_view import TurnView

_NAMES = {"user": "the prompt", "assistant": "the answer", "notice": "the message"}


class Transcript(SearchedTurns):
    """Turns with a cursor. One is under it once the user has put it there; keys act on that one,
    or on the last that is in view."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.TRANSCRIPT]

    clickable_words = False
    """Whether a stored session is read here: a click on a word of an answer asks to hear it from
    there, and nothing is asked again."""

    def __init__(self) -> None:
        super().__init__()
        self._cursor: int | None = None
        self._code_copied: tuple[int, int] | None = None

    def clear(self, *, follow: bool) -> None:
        self._cursor = self._code_copied = None
        super().clear(follow=follow)

    # --- the cursor ---------------------------------------------------------------------------

    @property
    def turn(self) -> int | None:
        """The turn under the cursor, or the last that is in view."""
        view = self._view_here()
        return view.turn if view is not None else None

    @property
    def pointed(self) -> int | None:
        """The turn under the cursor, if the user has put it there."""
        return self._cursor if self._cursor in self._turns.index_of else None

    def _index_here(self) -> int | None:
        turns = self._turns
        index = turns.index_of.get(self._cursor) if self._cursor is not None else None
        if index is not None and turns.layouts[index].height:
            return index
        index = turns.index_at(self.scroll_offset.y + self.size.height - 1)
        return index if index < len(turns) and turns.layouts[index].height else None

    def _view_here(self) -> TurnView | None:
        index = self._index_here()
        return self._turns.layouts[index].view if index is not None else None

    def _point_at(self, index: int | None) -> None:
        """Put the cursor on this turn, or nowhere."""
        turns = self._turns
        turn = turns.layouts[index].view.turn if index is not None else None
        if turn == self._cursor:
            return
        before, self._cursor = self._cursor, turn
        for number in (before, turn):
            if number is not None and number in turns.index_of:
                layout = turns.layouts[turns.index_of[number]]
                layout.mark(number == turn)
                self._repaint(turns.index_of[number], 0, layout.height)

    def action_next_turn(self) -> None:
        """Read on in a turn that is longer than the view, then go to the next."""
        index = self._index_here()
        if self._cursor is None or index is None:
            self._point_at_first_in_view(backwards=False)
            return
        turns, bottom = self._turns, self.scroll_offset.y + self.size.height
        if turns.tops[index] + turns.layouts[index].height > bottom + 1:
            self.go_to(self.scroll_offset.y + max(1, self.size.height - 2))
        else:
            self._step_to(range(index + 1, len(turns)), from_above=True)

    def action_turn_before(self) -> None:
        index = self._index_here()
        if self._cursor is None or index is None:
            self._point_at_first_in_view(backwards=True)
            return
        top, view_top = self._turns.tops[index], self.scroll_offset.y
        if top < view_top:
            self.go_to(max(top, view_top - max(1, self.size.height - 2)))
        else:
            self._step_to(range(index - 1, -1, -1), from_above=False)

    def _step_to(self, indexes: Iterable[int], *, from_above: bool) -> None:
        """Go to the first of these that is not taken back."""
        layouts = self._turns.layouts
        index = next((index for index in indexes if layouts[index].height), None)
        if index is not None:
            self._point_at(index)
            self._bring_into_view(index, from_above=from_above)

    def _point_at_first_in_view(self, *, backwards: bool) -> None:
        if self._index_here() is not None:
            line = self.scroll_offset.y + (self.size.height - 1 if backwards else 0)
            self._point_at(self._turns.index_at(line))

    def _bring_into_view(self, index: int, *, from_above: bool) -> None:
        """Show as much of a turn as there is room for: its end if it was reached from below."""
        view_top, rows = self.scroll_offset.y, self.size.height
        self._wake(index)
        top, height = self._turns.tops[index], self._turns.layouts[index].height
        if height <= rows:
            if top < view_top:
                self.go_to(top)
            elif top + height > view_top + rows:
                self.go_to(top + height - rows)
        else:
            self.go_to(top if from_above else top + height - rows)

    def on_blur(self) -> None:
        self._point_at(None)

    # --- what is done with a turn -------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("next_hit", "end_find"):
            return self.finding
        return not (action == "want" and self.clickable_words)

    def action_want(self, action: TurnAction) -> None:
        if (view := self._view_here()) is not None:
            self.post_message(TurnWanted(action, view.turn))

    def action_copy_turn(self) -> None:
        """Copy the selection, if there is one, else the whole turn as it was written."""
        if self.text_selection is not None and (text := self.screen.get_selected_text()):
            self.post_message(CopyWanted(text, "the selection"))
        elif (view := self._view_here()) is not None:
            text = view.text or "\n".join(view.failures)
            self.post_message(CopyWanted(text, _NAMES[view.voice]))

    def action_copy_code(self) -> None:
        """Copy a piece of code of the turn; pressed again, the next."""
        index = self._index_here()
        if index is None:
            return
        layout = self._turns.layouts[index]
        with layout.awake():
            blocks = layout.code_blocks()
        if not blocks:
            self.notify("Nothing to copy: there is no code in this turn.", severity="warning")
            return
        turn = layout.view.turn
        last_turn, last = self._code_copied or (turn, -1)
        number = (last + 1) % len(blocks) if last_turn == turn else 0
        self._code_copied = turn, number
        name = "the code" if len(blocks) == 1 else f"code {number + 1} of {len(blocks)}"
        self.post_message(CopyWanted(blocks[number], name))

    def action_thoughts(self) -> None:
        """Open the thoughts of the turn, or of the last before it that has some; or fold them."""
        layouts, last = self._turns.layouts, self._index_here()
        candidates = range(last, -1, -1) if last is not None else ()
        index = next((index for index in candidates if layouts[index].has_thoughts), None)
        if index is None:
            self.notify("There are no thoughts here.", severity="warning")
        else:
            self._toggle_thoughts(index)

    def _toggle_thoughts(self, index: int) -> None:
        self.toggle_thoughts(index)
        if self._turns.layouts[index].thoughts_open:
            self._bring_into_view(index, from_above=True)

    # --- finding ------------------------------------------------------------------------------

    def action_find(self) -> None:
        self.post_message(FindWanted())

    def action_next_hit(self, step: int) -> None:
        self.go_to_hit(step)

    def action_end_find(self) -> None:
        self.end_find()
        self.refresh_bindings()

    # --- selection ----------------------------------------------------------------------------

    # Textual selects text between two offsets of a widget. Rows of the screen will not do, for
    # they move while text streams above them. So the row of an offset is turn × 2²⁴ + row of the
    # turn: a selection stays on its words whatever grows elsewhere, and has room for turns of 16
    # million rows. Rows of turns at rest are laid out for the moment in which they are copied.

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        layouts = self._turns.layouts
        if not layouts:
            return None
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else ALL
        pieces: list[str] = []
        join = ""
        last_turn = min(len(layouts) - 1, last // ROWS_OF_A_TURN)
        for turn in range(first // ROWS_OF_A_TURN, last_turn + 1):
            layout, base = layouts[turn], turn * ROWS_OF_A_TURN
            with layout.awake():
                for row in range(max(0, first - base), min(layout.height - 1, last - base) + 1):
                    text, after = layout.text_of(row, selection.get_span(base + row) or (0, 0))
                    pieces += join, text
                    join = after
        return "".join(pieces), "\n"

    def _select(self, turn: int, first: int, last: int, span: tuple[int, int]) -> None:
        base = turn * ROWS_OF_A_TURN
        start, end = Offset(span[0], base + first), Offset(span[1], base + last)
        self.screen.selections = {self: Selection(start, end)}

    # --- the mouse ----------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Show a link, which is never opened, or play from a word; a double click selects the
        word, a triple click the turn."""
        event.prevent_default()
        event.stop()
        turns = self._turns
        index = turns.index_at(self.scroll_offset.y + event.y)
        if index >= len(turns):
            return
        row = self.scroll_offset.y + event.y - turns.tops[index]
        layout = turns.layouts[index]
        character = self._character_at(event)
        if event.chain == 2 and character is not None:
            self._select(index, row, row, word_at(layout.row(row), character))
        elif event.chain == 3:
            self._select(index, layout.text_top, layout.height - 2, (0, 1 << 20))
        elif event.chain == 1 and self.text_selection is None:
            self._point_at(index)
            if layout.is_thought(row):
                if row == 1:
                    self._toggle_thoughts(index)
            elif isinstance(href := event.style.meta.get("href"), str):
                self.notify(plain_line(href), title="Link", markup=False)
            elif self.clickable_words and character is not None:
                self._play_from(layout.view, word_source_at(layout.row(row), character))

    def _character_at(self, event: events.Click) -> int | None:
        """The character of its row that was clicked."""
        _, offset = self.screen.get_widget_and_offset_at(event.screen_x, event.screen_y)
        return offset.x if offset is not None else None

    def _play_from(self, view: TurnView, source: int | None) -> None:
        if view.voice == "assistant" and source is not None:
            self.post_message(TurnWanted("hear", view.turn, source))
