"""Actions of the slash commands of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from textual.screen import Screen

from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.core.intents import Regenerate, Submit
from gramophone.ports.backend import Backend, ConversationOptions
from gramophone.text.sanitize import plain_line
from tui.conversation.pane_grid import PaneGrid
from tui.conversation.slash.commands import Refused
from tui.conversation.slash.copy_targets import passage
from tui.conversation.slash.settings_commands import (
    CHOOSING,
    changed_options,
    changed_words,
    present_words,
)
from tui.conversation.talk_pane import TalkPane
from tui.conversation.welcome import NOT_KEPT
from tui.messages import CopyWanted
from tui.support.error_toast import notify_error

# The screen runs the commands, and the commands act on the screen. As a protocol the screen needs
# not be imported here, where it would import itself.


class SlashHost(Protocol):
    """Screen on which commands are typed, as they see it."""

    @property
    def screen(self) -> Screen[object]: ...

    @property
    def backend(self) -> Backend: ...

    @property
    def grid(self) -> PaneGrid: ...

    @property
    def pane(self) -> TalkPane: ...

    def provider(self) -> str: ...

    def notice(self, sentence: str, *, refused: bool = False) -> None: ...

    def send(self, question: Submit, panes: Sequence[TalkPane]) -> None: ...

    def edit(self, turn: int) -> None: ...

    def speak(self, turn: int) -> None: ...

    def mute(self, muted: bool) -> None: ...

    async def fork(self) -> None: ...

    async def open_pane(self, choice: ConversationOptions) -> None: ...

    def action_to_all(self) -> None: ...

    def action_go_pane(self, step: int) -> None: ...


# The commands that are a key by another name.
_ACTIONS: Final = {
    "close": "close_pane",
    "help": "app.help",
    "history": "history",
    "quit": "app.quit",
    "settings": "app.settings",
    "sound": "pin_sound",
}


async def run_slash_command(host: SlashHost, name: str, argument: str) -> None:
    """Carry out a command; the argument is as it was typed.

    Raises:
        ValueError: a command was declared that is missing here.
    """
    match name:
        case _ if name in CHOOSING:
            _choose(host, name, argument)
        case "new":
            await _open(host, argument)
        case "pane":
            _go_to(host, argument)
        case "all" if argument and host.grid.many:
            host.send(Submit(argument), host.grid.panes)
        case "all":
            host.action_to_all()
        case "fork":
            await host.fork()
        case "regenerate":
            host.pane.post(Regenerate())
        case "edit" | "speak":
            _last_turn(host, name)
        case "mute" | "unmute":
            host.mute(name == "mute")
        case "find":
            host.pane.find(argument)
        case "copy":
            _copy(host, argument)
        case "title":
            host.screen.run_worker(_set_title(host, argument), group="title")
        case "export":
            host.screen.run_worker(_export(host), group="export")
        case _ if name in _ACTIONS:
            await host.screen.run_action(_ACTIONS[name])
        case _:
            raise ValueError(f"/{name} is declared and not handled")


# --- settings of the conversation -----------------------------------------------------------------


def _choose(host: SlashHost, name: str, argument: str) -> None:
    pane = host.pane
    if not argument:
        host.notice(present_words(name, pane.choice, pane.setup, pane.system_prompt))
        return
    options = changed_options(name, argument, pane.choice, host.backend.choices(), host.provider())
    if isinstance(options, Refused):
        host.notice(options.sentence, refused=True)
        return
    try:
        pane.choose(options)
    except ConfigError as error:
        host.notice(str(error), refused=True)
    else:
        host.notice(changed_words(name, options))


async def _open(host: SlashHost, model: str) -> None:
    choice = host.pane.choice
    if model:
        options = changed_options("model", model, choice, host.backend.choices(), host.provider())
        if isinstance(options, Refused):
            host.notice(options.sentence, refused=True)
            return
        choice = options
    await host.open_pane(choice)


# --- panes ----------------------------------------------------------------------------------------


def _go_to(host: SlashHost, number: str) -> None:
    panes = host.grid.panes
    if number.isdecimal() and 1 <= int(number) <= len(panes):
        host.grid.choose(panes[int(number) - 1])
    elif len(panes) == 1:
        host.action_go_pane(1)
    else:
        host.notice(f"/pane takes a number from 1 to {len(panes)}.", refused=True)


# --- turns ----------------------------------------------------------------------------------------


def _last_turn(host: SlashHost, name: str) -> None:
    view = host.pane.model.last("user" if name == "edit" else "assistant")
    if view is None:
        missing = "asked yet that could be edited" if name == "edit" else "answered yet"
        host.notice(f"Nothing {missing}: ask something first.", refused=True)
    elif name == "edit":
        host.edit(view.turn)
    else:
        host.speak(view.turn)


def _copy(host: SlashHost, part: str) -> None:
    copied = passage(host.pane.model.visible, part)
    if isinstance(copied, str):
        host.notice(copied, refused=True)
    else:
        host.screen.post_message(CopyWanted(copied.text, copied.name))


# --- the session ----------------------------------------------------------------------------------


async def _set_title(host: SlashHost, title: str) -> None:
    session_id = host.pane.session_id
    if not title:
        host.notice("Write the title after /title.", refused=True)
        return
    if not session_id or host.pane.untouched:
        host.notice("Nothing to title yet: say something first.", refused=True)
        return
    if not host.pane.stored:
        host.notice(NOT_KEPT, refused=True)
        return
    try:
        library = await host.backend.open_library()
        await library.rename(session_id, title)
    except GramophoneError as error:
        notify_error(host.screen, error)
    else:
        host.notice(f"This session is called {plain_line(title)!r} now.")


async def _export(host: SlashHost) -> None:
    from tui.sessions.export_flow import export_sessions

    session_id = host.pane.session_id
    if not session_id or host.pane.untouched:
        host.notice("Nothing to export yet: say something first.", refused=True)
        return
    if not host.pane.stored:
        host.notice(NOT_KEPT, refused=True)
        return
    try:
        library = await host.backend.open_library()
        record = await library.session(session_id)
    except GramophoneError as error:
        notify_error(host.screen, error)
    else:
        await export_sessions(host.screen, host.backend.open_library, [record.summary])
