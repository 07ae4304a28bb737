"""Going on with a stored session: in the pane that is spoken to, as if it had never been closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import AvailableOptions, Backend, ConversationOptions
from gramophone.ports.language_model import Message
from gramophone.ports.stored_turns import message_of
from tui.conversation.layout import MOST_PANES
from tui.conversation.pane_grid import PaneGrid
from tui.conversation.talk_pane import TalkPane
from tui.support.error_toast import notify_error

_LOCAL = "local"
_BEFORE = "What was said here before stays in its own session: F2 has it."


class ResumeHost(Protocol):
    """Screen on which a session goes on, as this module sees it."""

    @property
    def screen(self) -> Screen[object]: ...

    @property
    def backend(self) -> Backend: ...

    @property
    def grid(self) -> PaneGrid: ...

    def notice(self, sentence: str, *, refused: bool = False) -> None: ...


def continuation(
    record: SessionRecord,
    pictures: Mapping[str, bytes],
    choices: AvailableOptions,
    named: Collection[str] = (),
) -> tuple[ConversationOptions, list[Message]]:
    """Options and messages with which a stored session goes on; `pictures` are the files of its
    pictures by their SHA-256.

    A provider or voice that is not available any more is left out, and so are the options `named`
    on the command line: those that are configured hold. A server has models that no list names,
    so of a provider that is there the model stays; only a local one must be there, too.
    """
    summary = record.summary
    there = summary.model in choices.models.get(summary.provider, ()) or summary.provider != _LOCAL
    usable = bool(summary.model) and summary.provider in choices.providers and there
    usable = usable and not {"provider", "model"} & set(named)
    voiced = summary.voice in choices.voices and "voice" not in named
    choice = ConversationOptions(
        provider=summary.provider if usable else "",
        model=summary.model if usable else "",
        voice=summary.voice if voiced else "",
        system_prompt="" if "system" in named else record.system_prompt,
    )
    messages = [
        message_of(turn, pictures, turn.give_back)
        for turn in record.turns
        if turn.counts and turn.text.strip()
    ]
    return choice, messages


async def resume_session(host: ResumeHost, session_id: str) -> None:
    """Go on with a session in place of the conversation spoken to, which stays stored; go to the
    pane that has it, if it is open."""
    if (pane := _pane_with(host.grid, session_id)) is not None:
        host.grid.choose(pane)
        return
    try:
        library = await host.backend.open_library()
        record = await library.session(session_id)
        pictures = await library.pictures(session_id)
    except GramophoneError as error:
        notify_error(host.screen, error)
        return
    choice, inherited = continuation(record, pictures, host.backend.choices())
    if not host.grid.chosen.stored:
        await _inherit(host, choice, inherited)
        return
    has_turns = not host.grid.chosen.untouched
    await host.grid.replace(choice, inherited, record)
    if has_turns:
        host.notice(_BEFORE)


def _pane_with(grid: PaneGrid, session_id: str) -> TalkPane | None:
    return next(
        (
            pane
            for pane in grid.panes
            if pane.session_id == session_id and not pane.untouched and pane.stored
        ),
        None,
    )


async def _inherit(host: ResumeHost, choice: ConversationOptions, inherited: list[Message]) -> None:
    """Go on where nothing is stored: with the turns of the session, which stays as it is."""
    if host.grid.chosen.untouched:
        await host.grid.replace(choice, inherited)
    elif host.grid.full:
        host.notice(f"{MOST_PANES} panes are open; close one with F4 first.", refused=True)
    else:
        await host.grid.open(choice, inherited)
