"""What each slash command of the conversation does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.core.intents import Regenerate
from gramophone.text.sanitize import plain_line
from tui.conversation.slash.commands import Refused
from tui.conversation.slash.copy_targets import passage
from tui.conversation.slash.settings_commands import CHOOSING, chosen, stands, told
from tui.conversation.welcome import NOT_KEPT
from tui.messages import CopyWanted
from tui.support.error_toast import notify_error

if TYPE_CHECKING:
    from tui.screens.conversation import ConversationScreen

# The commands that are a key by another name.
_ACTIONS: Final = {
    "close": "close_pane",
    "help": "app.help",
    "history": "history",
    "quit": "app.quit",
    "settings": "app.settings",
    "sound": "pin_sound",
}


async def obey(screen: ConversationScreen, name: str, argument: str) -> None:
    """Do what the command says; the argument is as it was typed."""
    match name:
        case _ if name in CHOOSING:
            _choose(screen, name, argument)
        case "new":
            await _open(screen, argument)
        case "pane":
            _go_to(screen, argument)
        case "all" if argument and screen.grid.many:
            screen.send(argument, screen.grid.panes)
        case "all":
            screen.action_to_all()
        case "fork":
            await screen.fork()
        case "regenerate":
            screen.pane.post(Regenerate())
        case "edit" | "speak":
            _last_turn(screen, name)
        case "mute" | "unmute":
            screen.mute(name == "mute")
        case "copy":
            _copy(screen, argument)
        case "title":
            screen.run_worker(_entitle(screen, argument), group="title")
        case "export":
            screen.run_worker(_export(screen), group="export")
        case _ if name in _ACTIONS:
            await screen.run_action(_ACTIONS[name])
        case _:
            raise ValueError(f"/{name} is declared and not handled")


# --- what the conversation goes by ----------------------------------------------------------------


def _choose(screen: ConversationScreen, name: str, argument: str) -> None:
    pane = screen.pane
    if not argument:
        screen.tell(stands(name, pane.choice, pane.setup, pane.system_prompt))
        return
    wanted = chosen(name, argument, pane.choice, screen.backend.choices(), screen.provider())
    if isinstance(wanted, Refused):
        screen.tell(wanted.sentence, refused=True)
        return
    try:
        pane.choose(wanted)
    except ConfigError as error:
        screen.tell(str(error), refused=True)
    else:
        screen.tell(told(name, wanted))


async def _open(screen: ConversationScreen, model: str) -> None:
    choice = screen.pane.choice
    if model:
        wanted = chosen("model", model, choice, screen.backend.choices(), screen.provider())
        if isinstance(wanted, Refused):
            screen.tell(wanted.sentence, refused=True)
            return
        choice = wanted
    await screen.open_pane(choice)


# --- panes ----------------------------------------------------------------------------------------


def _go_to(screen: ConversationScreen, number: str) -> None:
    panes = screen.grid.panes
    if number.isdecimal() and 1 <= int(number) <= len(panes):
        screen.grid.choose(panes[int(number) - 1])
    elif len(panes) == 1:
        screen.action_go_pane(1)
    else:
        screen.tell(f"/pane takes a number from 1 to {len(panes)}.", refused=True)


# --- turns ----------------------------------------------------------------------------------------


def _last_turn(screen: ConversationScreen, name: str) -> None:
    view = screen.pane.model.last("user" if name == "edit" else "assistant")
    if view is None:
        what = "asked yet that could be edited" if name == "edit" else "answered yet"
        screen.tell(f"Nothing {what}: ask something first.", refused=True)
    elif name == "edit":
        screen.edit(view.turn)
    else:
        screen.speak(view.turn)


def _copy(screen: ConversationScreen, what: str) -> None:
    found = passage(screen.pane.model.visible, what)
    if isinstance(found, str):
        screen.tell(found, refused=True)
    else:
        screen.post_message(CopyWanted(found.text, found.what))


# --- the session ----------------------------------------------------------------------------------


async def _entitle(screen: ConversationScreen, title: str) -> None:
    started = screen.pane.model.session
    if not title:
        screen.tell("Write the title after /title.", refused=True)
        return
    if started is None or screen.pane.untouched:
        screen.tell("Nothing to title yet: say something first.", refused=True)
        return
    if not screen.pane.kept:
        screen.tell(NOT_KEPT, refused=True)
        return
    try:
        library = await screen.backend.open_library()
        await library.rename(started.session_id, title)
    except GramophoneError as error:
        notify_error(screen, error)
    else:
        screen.tell(f"This session is called {plain_line(title)!r} now.")


async def _export(screen: ConversationScreen) -> None:
    from tui.sessions.export_flow import export_sessions

    started = screen.pane.model.session
    if started is None or screen.pane.untouched:
        screen.tell("Nothing to export yet: say something first.", refused=True)
        return
    if not screen.pane.kept:
        screen.tell(NOT_KEPT, refused=True)
        return
    try:
        library = await screen.backend.open_library()
        record = await library.session(started.session_id)
    except GramophoneError as error:
        notify_error(screen, error)
    else:
        await export_sessions(screen, screen.backend.open_library, [record.summary])
