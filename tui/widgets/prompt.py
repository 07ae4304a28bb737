"""The prompt: several lines, Enter sends, a history of what was sent in this sitting."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from gramophone.plain import plain
from tui.messages import FollowWanted, PromptEmpty, PromptSent, ScrollWanted

_IN_ORDER = frozenset({"prompt.send", "prompt.newline"})


class Prompt(TextArea):
    """Says `PromptSent`; knows nothing of who answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="prompt.send"),
        Binding(
            "alt+enter,ctrl+j,shift+enter",
            "newline",
            "New line",
            id="prompt.newline",
            key_display="Alt+Enter",
        ),
        Binding("up", "cursor_up", "Earlier prompt", id="prompt.earlier", show=False),
        Binding("down", "cursor_down", "Later prompt", id="prompt.later", show=False),
        Binding("pageup", "scroll_pages(-1)", "Read above", id="prompt.page-up", show=False),
        Binding("pagedown", "scroll_pages(1)", "Read on", id="prompt.page-down", show=False),
        Binding(
            "end,ctrl+e",
            "cursor_line_end",
            "End of line, then of the conversation",
            id="prompt.end",
            show=False,
        ),
    ]

    def __init__(self) -> None:
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            compact=True,
            placeholder="Say something · Alt+Enter: new line",
        )
        self._sent: list[str] = []
        self._place = 0
        self._draft = ""

    # --- sending ------------------------------------------------------------------------------

    def action_send(self) -> None:
        text = self.text.strip()
        if not text:
            self.post_message(PromptEmpty())
            return
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._place, self._draft = len(self._sent), ""
        self.clear()
        self.history.clear()
        self.post_message(PromptSent(text))

    def action_newline(self) -> None:
        self.insert("\n")
        self.scroll_cursor_visible()

    async def _on_key(self, event: events.Key) -> None:
        """Send and newline take their turn among the keys typed before and after them.

        A binding would run when the key has bubbled up, or with priority before the keys that
        still wait here: either way a fast typist's letters would land in the wrong prompt.
        """
        if event.is_printable:
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.binding.id in _IN_ORDER:
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)
        elif event.key == "enter":
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert(plain(event.text))
        self.scroll_cursor_visible()

    # --- history ------------------------------------------------------------------------------

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self._browse(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self._browse(1)
        else:
            super().action_cursor_down(select)

    def _browse(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self._sent):
            return
        if self._place == len(self._sent):
            self._draft = self.text
        self._place = place
        self.load_text(self._draft if place == len(self._sent) else self._sent[place])
        self.move_cursor(self.document.end)

    # --- keys meant for the transcript --------------------------------------------------------

    def action_scroll_pages(self, pages: int) -> None:
        self.post_message(ScrollWanted(pages))

    def action_cursor_line_end(self, select: bool = False) -> None:
        if not select and self.cursor_location == self.document.end:
            self.post_message(FollowWanted())
        else:
            super().action_cursor_line_end(select)
