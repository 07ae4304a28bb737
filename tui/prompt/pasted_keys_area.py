"""Text area that recognises a paste which the terminal sends as single keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.prompt.grapheme_area import GraphemeArea
from tui.prompt.key_burst import GAP_S, KeyBurst

if TYPE_CHECKING:
    from textual import events


class PastedKeysArea(GraphemeArea):
    """A subclass asks `in_a_burst` about every key first.

    The key that sends is the one bound to the action `send`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._burst = KeyBurst()

    @staticmethod
    def key_time(event: events.Key) -> float:
        """Time of a key press in seconds, taken by the terminal's thread."""
        return event.time

    async def action_send(self) -> None:
        """Send the text; for subclasses."""

    def take_pasted_keys(self, text: str) -> None:
        """Take note that lines were pasted, although they came as keys; for subclasses."""

    async def in_a_burst(self, event: events.Key) -> bool:
        """Take a key of a paste that comes as keys; whether nothing else is to be done with it."""
        # First what came before: this key tells what a held Enter means, and whether a burst is
        # over.
        burst, at_s = self._burst, self.key_time(event)
        await self._settle_enter(at_s)
        if burst.over(at_s):
            self.end_burst()
        fast = burst.follows(at_s)
        burst.key(at_s, event.character or "" if event.is_printable else "")
        if not fast:
            return False
        active = self.screen.active_bindings.get(event.key)
        if event.key == "tab" and burst.lines:
            self._write("\t")
        elif active is not None and active.node is self and active.binding.action == "send":
            number = burst.hold()
            self.set_timer(GAP_S, lambda: self._wait_for_keys(number))
        else:
            return False
        event.stop()
        event.prevent_default()
        return True

    def end_burst(self) -> None:
        """Report the lines of the burst, if there are any, as pasted."""
        if self._burst.lines:
            self.take_pasted_keys(self._burst.text)

    def _wait_for_keys(self, number: int) -> None:
        """Keys that came meanwhile are on their way through the app's queue, then through ours."""
        self.app.call_later(self.call_later, self._no_key_followed, number)

    async def _no_key_followed(self, number: int) -> None:
        if number == self._burst.holds:
            await self._settle_enter(None)

    async def _settle_enter(self, at_s: float | None) -> None:
        match self._burst.settle(at_s):
            case "newline":
                self._write("\n")
            case "send":
                await self.action_send()
            case _:
                pass

    def _write(self, text: str) -> None:
        """Write in place of the selection."""
        self._replace_via_keyboard(text, *self.selection)
        self.scroll_cursor_visible()
