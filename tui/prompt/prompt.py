"""Prompt: several lines, Enter sends, a history of what was sent.

Large pastes stand folded in it, files are named with `@`, and a slash at the beginning makes a
command of it. What it offers to complete it says in messages; `PromptBox` draws that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.document._edit import Edit

from gramophone.core.picture import Picture
from gramophone.text.mentions import mentioned_paths, mentions
from gramophone.text.sanitize import plain
from tui import bindings
from tui.conversation.slash import commands as slash
from tui.messages import (
    CommandGiven,
    EarlierPromptsWanted,
    FollowWanted,
    OfferChanged,
    PromptEmpty,
    PromptRefused,
    PromptSent,
    ScrollWanted,
)
from tui.prompt import attachments
from tui.prompt.completion_model import CompletionState
from tui.prompt.draft import Draft, is_large, label, unfolded
from tui.prompt.folding_area import FoldingArea
from tui.prompt.history import PromptHistory
from tui.theme.motion import motion_of

if TYPE_CHECKING:
    from textual.document._document import EditResult

READ_WITHIN_S = 5.0
BLINKS_AFTER_A_KEY = 10
"""The cursor changes so often, twice a second: each time costs as much as a frame of text."""


class Prompt(FoldingArea):
    """Posts `PromptSent` and `CommandGiven`; does not know who answers."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PROMPT]

    def __init__(
        self, commands: Sequence[slash.SlashCommand] = (), *, directory: Path | None = None
    ) -> None:
        """`directory` is the one that paths are relative to."""
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            compact=True,
            placeholder="Say something · Alt+Enter: new line",
        )
        self.directory = directory or Path.cwd()
        self._commands = tuple(commands)
        self._past = PromptHistory()
        self._past_asked = False
        self._waiting_for_past: Draft | None = None
        self._strange: frozenset[str] = frozenset()
        self._pictures: tuple[Picture, ...] = ()
        self._offer: CompletionState | None = None
        self._scanned: tuple[str, tuple[attachments.PathEntry, ...]] | None = None
        self._blinks_left = 0

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(
            self, self._layout_refreshed, immediate=True
        )

    def _layout_refreshed(self, _: object) -> None:
        """Keep the terminal's own cursor on the caret, where an input method draws."""
        caret = self.cursor_screen_offset
        if self.has_focus and self.app.cursor_position != caret:
            self.app.cursor_position = caret
            self.refresh()

    def _restart_blink(self) -> None:
        still = motion_of(self.app).reduced  # pyright: ignore[reportUnknownArgumentType]
        self._blinks_left = 0 if still else BLINKS_AFTER_A_KEY
        super()._restart_blink()

    def _toggle_cursor_blink_visible(self) -> None:
        self._blinks_left -= 1
        if self._blinks_left < 0:
            self._pause_blink()
        else:
            super()._toggle_cursor_blink_visible()

    # --- what stands in it --------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        return Draft(self.text, dict(self._pasted), self._strange, self._pictures)

    def show_draft(self, draft: Draft) -> None:
        """Put a prompt here, to be edited or sent; the cursor at its end."""
        self._pasted = dict(draft.pasted)
        self._strange, self._pictures = draft.strange, draft.pictures
        self.load_text(draft.text)
        self.move_cursor(self.document.end)
        self._set_offer(None)

    # --- sending ------------------------------------------------------------------------------

    async def action_send(self) -> None:
        if self._offer is not None and self._offer.taken_by_enter(self._line):
            self.action_take()
            return
        self.end_burst()
        draft = self.draft
        if not draft.whole.strip():
            self.post_message(PromptEmpty())
            return
        text = draft.text.strip()
        match slash.read(text, self._commands) if self._commands else slash.Prose(text):
            case slash.Refused(sentence):
                self.post_message(PromptRefused(sentence))
            case slash.Given(name, argument):
                self._sent(draft)
                self.post_message(CommandGiven(name, unfolded(argument, draft.pasted)))
            case slash.Prose(prose):
                await self._send_prose(prose, draft)

    async def _send_prose(self, prose: str, draft: Draft) -> None:
        whole, pictures = unfolded(prose, draft.pasted), ()
        if named := mentions(prose):
            read_files = partial(
                attachments.attached, named, self.directory, draft.strange, draft.pictures
            )
            try:
                async with asyncio.timeout(READ_WITHIN_S):
                    attached = await asyncio.to_thread(read_files)
            except TimeoutError:
                attached = attachments.NotAttached("A file did not come in time; try again.")
            if isinstance(attached, attachments.NotAttached):
                self.post_message(PromptRefused(attached.sentence))
                return
            whole = attachments.joined(whole, attached.texts)
            pictures = attached.pictures
        self._sent(draft)
        # A joiner may have been typed, and then what it joined been taken away.
        self.post_message(PromptSent(plain(whole), pictures))

    def _sent(self, draft: Draft) -> None:
        self._past.add(Draft(draft.text.strip(), draft.pasted, draft.strange))
        self.show_draft(Draft(""))

    def action_newline(self) -> None:
        self._write("\n")

    async def _on_key(self, event: events.Key) -> None:
        """Every key of the prompt takes its turn among those typed before and after it.

        A binding would run when the key has bubbled up, or with priority before the keys that
        still wait here: either way a fast typist's letters would land in the wrong place.
        """
        if await self.in_a_burst(event) or event.is_printable:
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self:
            if await self.app.run_action(active.binding.action, self):
                event.stop()
                event.prevent_default()
        elif event.key == "enter":
            event.prevent_default()

    # --- pasting ------------------------------------------------------------------------------

    def take_pasted_keys(self, text: str) -> None:
        """Mark the paths in pasted lines as strange, so that they are not read."""
        self._strange |= mentioned_paths(plain(text))

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    def action_paste(self) -> None:
        self.paste(self.app.clipboard)

    def paste(self, text: str) -> None:
        """Take in a text that was not typed: folded if it is large."""
        text = plain(text)
        if is_large(text):
            text = self.fold(text)
        else:
            # One path alone was pasted on purpose; in a text it may not have been seen.
            named = mentions(text)
            if not (len(named) == 1 and text.strip().startswith("@") and len(text.split()) == 1):
                self._strange |= mentioned_paths(text)
        self._write(text)
        self.action_close_list()

    # --- completing ---------------------------------------------------------------------------

    def edit(self, edit: Edit) -> EditResult:
        result = super().edit(edit)
        self._look_for_offer()
        return result

    @property
    def _line(self) -> str:
        return self.document[self.cursor_location[0]]

    def _set_offer(self, offer: CompletionState | None) -> None:
        if offer != self._offer:
            opened_or_closed = (offer is None) is not (self._offer is None)
            self._offer = offer
            self.post_message(OfferChanged(offer))
            if opened_or_closed:
                self.refresh_bindings()

    def _look_for_offer(self) -> None:
        """Offer completions of what was just typed."""
        row, column = self.cursor_location
        line = self._line
        offer = slash.complete(line, column, self._commands) if row == 0 else None
        typed = None if offer else attachments.fragment(line, column)
        if typed is None:
            self._scanned = None
        elif self._scanned is None or self._scanned[0] != typed.directory:
            self._scan(typed.directory)
        else:
            offer = attachments.offered(typed, self._scanned[1])
        self._set_offer(offer)

    def _scan(self, directory: str) -> None:
        """Read a directory; typing goes on while a slow disk is read."""
        # No entries stand for a scan that is under way: keys typed meanwhile start no second one.
        self._scanned = (directory, ())

        async def scan() -> None:
            entries = await asyncio.to_thread(attachments.scan, directory, self.directory)
            # Another directory may have been typed meanwhile.
            if self._scanned == (directory, ()):
                self._scanned = (directory, entries)
                self._look_for_offer()

        self.run_worker(scan, group="paths", exclusive=True)

    def action_take(self, index: int | None = None) -> None:
        """Write the chosen candidate, or the one at `index`."""
        offer = self._offer
        if offer is None:
            return
        text = (offer if index is None else offer.at(index)).chosen.text
        row = self.cursor_location[0]
        rest = self._line[offer.end :]
        end = offer.end + (1 if text.endswith(" ") and rest.startswith(" ") else 0)
        self._strange -= mentioned_paths(text)
        self._replace_via_keyboard(text, (row, offer.start), (row, end))

    def action_close_list(self) -> None:
        self._scanned = None
        self._set_offer(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("take", "close_list"):
            return self._offer is not None
        return super().check_action(action, parameters)

    def on_text_area_selection_changed(self) -> None:
        """End the offer when the cursor leaves what was being completed."""
        offer = self._offer
        if offer is not None and not offer.start <= self.cursor_location[1] <= offer.end:
            self._set_offer(None)

    # --- history ------------------------------------------------------------------------------

    def action_cursor_up(self, select: bool = False) -> None:
        if self._offer is not None and not select:
            self._set_offer(self._offer.moved(-1))
        elif not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self._browse_back()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if self._offer is not None and not select:
            self._set_offer(self._offer.moved(1))
        elif not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            if (later := self._past.later()) is not None:
                self.show_draft(later)
        else:
            super().action_cursor_down(select)

    def _browse_back(self) -> None:
        draft = self.draft
        at_end = self.cursor_location == self.document.end
        earlier = self._past.earlier(draft, search=at_end and "\n" not in draft.text)
        if not self._past_asked:
            self._past_asked = True
            self._waiting_for_past = draft if earlier is None else None
            self.post_message(EarlierPromptsWanted())
        if earlier is not None:
            self.show_draft(earlier)

    def remember(self, newest_first: Sequence[str]) -> None:
        """Add prompts of earlier sessions, as they were sent."""
        self._past.remember([self._recalled(text) for text in newest_first])
        waiting, self._waiting_for_past = self._waiting_for_past, None
        if waiting == self.draft:
            self._browse_back()

    def edit_again(self, prompt_text: str, pictures: tuple[Picture, ...]) -> None:
        """Show a question, with its pictures, to be changed and asked again."""
        self.show_draft(Draft(slash.as_text(prompt_text, self._commands), pictures=pictures))
        self.focus()

    def give_back(self, prompt_text: str, pictures: tuple[Picture, ...]) -> bool:
        """Show a prompt that was sent, unless another is being written; whether it is shown."""
        if self.text.strip():
            return False
        self.show_draft(replace(self._recalled(prompt_text), pictures=pictures))
        return True

    def _recalled(self, prompt_text: str) -> Draft:
        """Draft of a sent prompt: its files are named in it, not quoted."""
        text, names = attachments.parted(plain(prompt_text))
        if is_large(text):
            return Draft(label(prompt_text, 1), {1: prompt_text})
        return Draft(
            slash.as_text(text, self._commands),
            strange=mentioned_paths(text) - names,
        )

    # --- keys meant for the transcript --------------------------------------------------------

    def action_scroll_pages(self, pages: int) -> None:
        self.post_message(ScrollWanted(pages))

    def action_cursor_line_end(self, select: bool = False) -> None:
        if not select and self.cursor_location == self.document.end:
            self.post_message(FollowWanted())
        else:
            super().action_cursor_line_end(select)
