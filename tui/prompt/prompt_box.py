"""Prompt with its list of completions and the line about attached files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from gramophone.core.picture import Picture
from gramophone.text.mentions import mentions
from tui.conversation.slash.commands import SlashCommand
from tui.messages import CandidateTaken, OfferChanged
from tui.prompt import attachments
from tui.prompt.completions import Completions
from tui.prompt.draft import Draft
from tui.prompt.prompt import Prompt
from tui.support.formatting import counted, file_size
from tui.theme.colour_names import MUTED, WARNING

LOOK_AFTER_S = 0.15
MOST_NAMED = 3
LONGEST_NAME = 30


class PromptBox(Vertical):
    """Stands below a pane. Its prompt says what is sent; `commands` are those it offers."""

    DEFAULT_CSS = """
    PromptBox {
        height: auto;
        .attached {
            height: auto;
            max-height: 2;
            padding: 0 2;
            display: none;
        }
    }
    """

    def __init__(
        self, commands: Sequence[SlashCommand] = (), *, directory: Path | None = None
    ) -> None:
        super().__init__()
        self._commands = commands
        self._directory = directory

    def compose(self) -> ComposeResult:
        yield Static(classes="attached", markup=False)
        yield Completions()
        yield Prompt(self._commands, directory=self._directory)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @on(OfferChanged)
    def _offer_changed(self, event: OfferChanged) -> None:
        event.stop()
        self.query_one(Completions).show(event.offer)

    @on(CandidateTaken)
    def _candidate_taken(self, event: CandidateTaken) -> None:
        event.stop()
        self.prompt.action_take(event.index)
        self.prompt.focus()

    # --- what will be attached ----------------------------------------------------------------

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        draft = self.prompt.draft
        if mentions(draft.text):
            self.run_worker(partial(self._look, draft), group="attached", exclusive=True)
        else:
            self.workers.cancel_group(self, "attached")
            self._say(Content(""))

    async def _look(self, draft: Draft) -> None:
        """Say what would go out with the prompt now."""
        await asyncio.sleep(LOOK_AFTER_S)
        attached = await asyncio.to_thread(
            attachments.attached,
            mentions(draft.text),
            self.prompt.directory,
            draft.strange,
            draft.pictures,
        )
        if isinstance(attached, attachments.NotAttached):
            self._say(Content.styled(attached.sentence, WARNING))
            return
        words = Content("")
        if names := [*map(_text, attached.texts), *map(_picture, attached.pictures)]:
            words = Content.styled(f"attached: {_listed(names)}", MUTED)
        if attached.unread:
            gap = Content("\n" if names else "")
            sentence = f"pasted, so not attached: {', '.join(map(_short, attached.unread))}"
            words += gap + Content.styled(sentence, WARNING)
        self._say(words)

    def _say(self, words: Content) -> None:
        note = self.query_one(".attached", Static)
        if words != note.content:
            # An update asks for a layout of the whole screen: not with every key.
            note.display = bool(words)
            note.update(words)


def _text(file: attachments.Attachment) -> str:
    return f"{_short(file.name)} ({counted(len(file.text), 'character')})"


def _picture(picture: Picture) -> str:
    return f"{_short(picture.name)} ({picture.size}, {file_size(picture.file_bytes)})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _short(name: str) -> str:
    """Shorten a path to its end, which says most about it."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
