"""All keys of the client, gathered from the bindings themselves: help and docs cannot lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from textual.binding import Binding, BindingType

from gramophone.core.frozen import frozen

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

_WORDS = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "space": "Space",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "asterisk": "*",
    "greater_than_sign": ">",
    "less_than_sign": "<",
}
_NAMES = {word.lower(): name for name, word in _WORDS.items()}


@frozen
class KeyHelp:
    """One binding as help shows it."""

    id: str
    keys: tuple[str, ...]
    words: str


@frozen
class KeyGroup:
    """The keys of one place."""

    title: str
    keys: tuple[KeyHelp, ...]


def key_words(key: str) -> str:
    """`ctrl+q` as `Ctrl+Q`, `escape` as `Esc`: words, which a screen reader can say."""
    return "+".join(
        _WORDS.get(part, part.capitalize() if len(part) > 1 or "+" in key else part)
        for part in key.split("+")
    )


def key_name(words: str) -> str:
    """`Ctrl+Q` as `ctrl+q`, `Esc` as `escape`; a letter alone stays, large or small, as it is."""
    if len(words) == 1:
        return _NAMES.get(words, words)
    return "+".join(_NAMES.get(part, part) for part in words.lower().split("+"))


def key_groups(keymap: Mapping[str, str] | None = None) -> list[KeyGroup]:
    """Every binding of ours, place by place; `keymap` holds the keys that were changed."""
    from tui.app import GramophoneApp
    from tui.latency.chart import Bars
    from tui.prompt.prompt import Prompt
    from tui.screens.conversation import ConversationScreen
    from tui.screens.dialogs.choose import ChoiceList, ChoiceScreen
    from tui.screens.dialogs.confirm import ConfirmScreen
    from tui.screens.dialogs.press_key import KeyCatcher
    from tui.screens.dialogs.progress import ProgressScreen
    from tui.screens.dialogs.text_input import ValueArea, ValueInput, WriteScreen
    from tui.screens.event import EventScreen
    from tui.screens.export import ExportScreen, PathInput
    from tui.screens.help import HelpScreen
    from tui.screens.history import HistoryScreen
    from tui.screens.latency import LatencyScreen
    from tui.screens.session import SessionScreen
    from tui.screens.settings import SettingsScreen
    from tui.screens.timeline import TimelineScreen
    from tui.sessions.search_field import SessionSearch
    from tui.sessions.session_list import SessionList
    from tui.settings.setting_list import SettingList
    from tui.timeline.event_table import EventTable
    from tui.transcript.transcript import Transcript

    places: list[tuple[str, list[BindingType]]] = [
        ("Conversation", ConversationScreen.BINDINGS),
        ("Prompt", Prompt.BINDINGS),
        ("Transcript", Transcript.BINDINGS),
        ("History", HistoryScreen.BINDINGS),
        ("Search of sessions", SessionSearch.BINDINGS),
        ("List of sessions", SessionList.BINDINGS),
        ("Progress", ProgressScreen.BINDINGS),
        ("Session", SessionScreen.BINDINGS),
        ("Latency", [*LatencyScreen.BINDINGS, *Bars.BINDINGS]),
        ("Timeline", [*TimelineScreen.BINDINGS, *EventTable.BINDINGS]),
        ("Event", EventScreen.BINDINGS),
        ("Export", [*PathInput.BINDINGS, *ExportScreen.BINDINGS]),
        ("Settings", [*SettingList.BINDINGS, *SettingsScreen.BINDINGS]),
        ("Choice", [*ChoiceList.BINDINGS, *ChoiceScreen.BINDINGS]),
        ("Line or value", [*ValueInput.BINDINGS, *ValueArea.BINDINGS, *WriteScreen.BINDINGS]),
        ("Key", KeyCatcher.BINDINGS),
        ("Question", ConfirmScreen.BINDINGS),
        ("Help", HelpScreen.BINDINGS),
        ("Everywhere", GramophoneApp.BINDINGS),
    ]
    changed = keymap or {}
    return [KeyGroup(title, tuple(_helps(bindings, changed))) for title, bindings in places]


def here_and_elsewhere(
    groups: Iterable[KeyGroup], screen: Screen[object]
) -> tuple[list[KeyGroup], list[KeyGroup]]:
    """The places that are on `screen` with what holds everywhere, and the others."""
    nodes: tuple[DOMNode, ...] = (cast("DOMNode", screen.app), screen, *screen.query())
    ids = {each.id for node in nodes for each in node.BINDINGS if isinstance(each, Binding)}
    here: list[KeyGroup] = []
    elsewhere: list[KeyGroup] = []
    for group in groups:
        (here if ids & {key.id for key in group.keys} else elsewhere).append(group)
    return here, elsewhere


def _helps(bindings: Iterable[BindingType], changed: Mapping[str, str]) -> Iterator[KeyHelp]:
    for binding in bindings:
        if isinstance(binding, Binding) and binding.id:
            names = changed.get(binding.id, binding.key).split(",")
            keys = tuple(key_words(name.strip()) for name in names)
            yield KeyHelp(binding.id, keys, binding.description)
