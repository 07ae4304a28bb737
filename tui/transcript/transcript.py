"""The turns of a pane: read, selected, copied and taken up again, by keyboard or by mouse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.selection import Selection

from gramophone.text.sanitize import plain_line
from tui.messages import CopyWanted, TurnAction, TurnWanted
from tui.transcript.row_numbers import ALL, ROWS_OF_A_TURN
from tui.transcript.turn_scroll import TurnScroll
from tui.transcript.turn_view import TurnView

_NAMES = {"user": "the prompt", "assistant": "the answer", "notice": "the message"}


class Transcript(TurnScroll):
    """One turn is under the cursor once the user has put it there; keys act on that one, or on
    the last that is to be seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "next_turn", "Next turn", id="transcript.next", show=False),
        Binding("k", "turn_before", "Turn before", id="transcript.before", show=False),
        Binding("down", "scroll_down", "Scroll down", id="transcript.down", show=False),
        Binding("up", "scroll_up", "Scroll up", id="transcript.up", show=False),
        Binding("home,g", "scroll_home", "Go to the beginning", id="transcript.home", show=False),
        Binding("end,G", "follow", "Follow the end", id="transcript.follow", show=False),
        Binding("y,enter", "copy_turn", "Copy", id="transcript.copy", show=False),
        Binding("c", "copy_code", "Copy code", id="transcript.copy-code", show=False),
        Binding("e", "want('edit')", "Edit", id="transcript.edit", show=False),
        Binding("r", "want('regenerate')", "Answer again", id="transcript.regenerate", show=False),
        Binding("f", "want('fork')", "Go on from here", id="transcript.fork", show=False),
        Binding("s", "want('speak')", "Speak again", id="transcript.speak", show=False),
    ]

    clickable_words = False
    """Whether a kept session is read here: a click on a word of an answer asks to hear it from
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
        """The turn under the cursor, or the last that is to be seen."""
        view = self._view_here()
        return view.turn if view is not None else None

    @property
    def pointed(self) -> int | None:
        """The turn under the cursor, if the user has put it there."""
        return self._cursor if self._cursor in self._places else None

    def _place_here(self) -> int | None:
        place = self._places.get(self._cursor) if self._cursor is not None else None
        if place is not None and self._sheets[place].height:
            return place
        place = self._place_at(self.scroll_offset.y + self.size.height - 1)
        return place if place < len(self._sheets) and self._sheets[place].height else None

    def _view_here(self) -> TurnView | None:
        place = self._place_here()
        return self._sheets[place].view if place is not None else None

    def _point_at(self, place: int | None) -> None:
        """Put the cursor on this turn, or nowhere."""
        turn = self._sheets[place].view.turn if place is not None else None
        if turn == self._cursor:
            return
        before, self._cursor = self._cursor, turn
        for each in (before, turn):
            if each is not None and each in self._places:
                sheet = self._sheets[self._places[each]]
                sheet.mark(each == turn)
                self._repaint(self._places[each], 0, sheet.height)

    def action_next_turn(self) -> None:
        """Read on in a turn that is longer than the view, then go to the next."""
        if self._cursor is None or self._place_here() is None:
            self._point_at_first_in_view(backwards=False)
            return
        place = self._place_here() or 0
        bottom = self.scroll_offset.y + self.size.height
        if self._tops[place] + self._sheets[place].height > bottom + 1:
            self._go(self.scroll_offset.y + max(1, self.size.height - 2))
        else:
            self._step_to(range(place + 1, len(self._sheets)), from_above=True)

    def action_turn_before(self) -> None:
        if self._cursor is None or self._place_here() is None:
            self._point_at_first_in_view(backwards=True)
            return
        place = self._place_here() or 0
        if self._tops[place] < self.scroll_offset.y:
            self._go(max(self._tops[place], self.scroll_offset.y - max(1, self.size.height - 2)))
        else:
            self._step_to(range(place - 1, -1, -1), from_above=False)

    def _step_to(self, places: Iterable[int], *, from_above: bool) -> None:
        """To the first of these that is not taken back."""
        place = next((each for each in places if self._sheets[each].height), None)
        if place is not None:
            self._point_at(place)
            self._bring_into_view(place, from_above=from_above)

    def _point_at_first_in_view(self, *, backwards: bool) -> None:
        if self._place_here() is not None:
            line = self.scroll_offset.y + (self.size.height - 1 if backwards else 0)
            self._point_at(self._place_at(line))

    def _bring_into_view(self, place: int, *, from_above: bool) -> None:
        """As much of it as there is room for: its end if it was reached from below."""
        view_top, rows = self.scroll_offset.y, self.size.height
        self._wake(place)
        top, height = self._tops[place], self._sheets[place].height
        if height <= rows:
            if top < view_top:
                self._go(top)
            elif top + height > view_top + rows:
                self._go(top + height - rows)
        else:
            self._go(top if from_above else top + height - rows)

    def on_blur(self) -> None:
        self._point_at(None)

    # --- what is done with a turn -------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "want" and self.clickable_words)

    def action_want(self, action: TurnAction) -> None:
        if (view := self._view_here()) is not None:
            self.post_message(TurnWanted(action, view.turn))

    def action_copy_turn(self) -> None:
        """The selection, if there is one, else the whole turn as it was written."""
        if self.text_selection is not None and (text := self.screen.get_selected_text()):
            self.post_message(CopyWanted(text, "the selection"))
        elif (view := self._view_here()) is not None:
            text = view.text or "\n".join(view.failures)
            self.post_message(CopyWanted(text, _NAMES[view.voice]))

    def action_copy_code(self) -> None:
        """A piece of code of the turn; pressed again, the next."""
        place = self._place_here()
        if place is None:
            return
        sheet = self._sheets[place]
        with sheet.at_hand():
            blocks = sheet.code_blocks()
        if not blocks:
            self.notify("Nothing to copy: there is no code in this turn.", severity="warning")
            return
        turn = sheet.view.turn
        last_turn, last = self._code_copied or (turn, -1)
        number = (last + 1) % len(blocks) if last_turn == turn else 0
        self._code_copied = turn, number
        which = "the code" if len(blocks) == 1 else f"code {number + 1} of {len(blocks)}"
        self.post_message(CopyWanted(blocks[number], which))

    # --- selection ----------------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        if not self._sheets:
            return None
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else ALL
        found: list[str] = []
        join = ""
        until = min(len(self._sheets) - 1, last // ROWS_OF_A_TURN)
        for place in range(first // ROWS_OF_A_TURN, until + 1):
            sheet, base = self._sheets[place], place * ROWS_OF_A_TURN
            with sheet.at_hand():
                for index in range(max(0, first - base), min(sheet.height - 1, last - base) + 1):
                    text, after = sheet.text_of(index, selection.get_span(base + index) or (0, 0))
                    found += join, text
                    join = after
        return "".join(found), "\n"

    def _select(self, place: int, first: int, last: int, span: tuple[int, int]) -> None:
        base = place * ROWS_OF_A_TURN
        start, end = Offset(span[0], base + first), Offset(span[1], base + last)
        self.screen.selections = {self: Selection(start, end)}

    # --- the mouse ----------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A link is shown and never opened; a word is heard from there; twice selects the word,
        three times the turn."""
        event.prevent_default()
        event.stop()
        meta = event.style.meta
        place = self._place_at(self.scroll_offset.y + event.y)
        if place >= len(self._sheets):
            return
        row = self.scroll_offset.y + event.y - self._tops[place]
        sheet = self._sheets[place]
        at = self._character_at(event)
        if event.chain == 2 and at is not None:
            self._select(place, row, row, sheet.word_at(row, at))
        elif event.chain == 3:
            self._select(place, 1, sheet.height - 2, (0, 1 << 20))
        elif event.chain == 1 and self.text_selection is None:
            self._point_at(place)
            if isinstance(href := meta.get("href"), str):
                self.notify(plain_line(href), title="Link", markup=False)
            elif self.clickable_words and at is not None:
                self._hear(sheet.view, sheet.word_source_at(row, at))

    def _character_at(self, event: events.Click) -> int | None:
        """Which character of its row was clicked."""
        _, offset = self.screen.get_widget_and_offset_at(event.screen_x, event.screen_y)
        return offset.x if offset is not None else None

    def _hear(self, view: TurnView, source: int | None) -> None:
        if view.voice == "assistant" and source is not None:
            self.post_message(TurnWanted("hear", view.turn, source))
