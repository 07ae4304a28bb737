"""Field of one line that treats a grapheme as one character; joiners can be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input
from textual.widgets.input import Selection

from gramophone.text.graphemes import after, before
from gramophone.text.joiners import is_joiner

if TYPE_CHECKING:
    from textual import events


class GraphemeInput(Input):
    """`Input` without its counting of characters, which takes one person out of a family emoji."""

    async def _on_key(self, event: events.Key) -> None:
        if event.character is not None and is_joiner(event.character):
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(event.character)

    def action_cursor_left(self, select: bool = False) -> None:
        if not self.cursor_position or not (select or self.selection.is_empty):
            super().action_cursor_left(select)
            return
        self._go(before(self.value, self.cursor_position), select)

    def action_cursor_right(self, select: bool = False) -> None:
        if self.cursor_at_end or not (select or self.selection.is_empty):
            super().action_cursor_right(select)
            return
        self._go(after(self.value, self.cursor_position), select)

    def action_delete_left(self) -> None:
        if self.selection.is_empty and self.cursor_position:
            self.delete(before(self.value, self.cursor_position), self.cursor_position)
        else:
            super().action_delete_left()

    def action_delete_right(self) -> None:
        if self.selection.is_empty and not self.cursor_at_end:
            self.delete(self.cursor_position, after(self.value, self.cursor_position))
        else:
            super().action_delete_right()

    def _go(self, position: int, select: bool) -> None:
        if select:
            self.selection = Selection(self.selection.start, position)
        else:
            self.cursor_position = position
