"""All keys of the client, gathered from the bindings themselves: help and docs cannot lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.binding import Binding, BindingType

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
}
_NAMES = {word.lower(): name for name, word in _WORDS.items()}


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """One binding as help shows it."""

    id: str
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
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


def key_groups() -> list[KeyGroup]:
    """Every binding of ours, place by place."""
    from tui.app import GramophoneApp
    from tui.screens.confirm import ConfirmScreen
    from tui.screens.conversation import ConversationScreen
    from tui.screens.event import EventScreen
    from tui.screens.export import ExportScreen, PathInput
    from tui.screens.help import HelpScreen
    from tui.screens.history import HistoryScreen
    from tui.screens.latency import LatencyScreen
    from tui.screens.session import SessionScreen
    from tui.screens.timeline import TimelineScreen
    from tui.widgets.event_table import EventTable
    from tui.widgets.prompt import Prompt
    from tui.widgets.session_list import SessionList
    from tui.widgets.transcript import Transcript
    from tui.widgets.waterfall_chart import Bars

    places: list[tuple[str, list[BindingType]]] = [
        ("Conversation", ConversationScreen.BINDINGS),
        ("Prompt", Prompt.BINDINGS),
        ("Transcript", Transcript.BINDINGS),
        ("History", HistoryScreen.BINDINGS),
        ("List of sessions", SessionList.BINDINGS),
        ("Session", SessionScreen.BINDINGS),
        ("Latency", [*LatencyScreen.BINDINGS, *Bars.BINDINGS]),
        ("Timeline", [*TimelineScreen.BINDINGS, *EventTable.BINDINGS]),
        ("Event", EventScreen.BINDINGS),
        ("Export", [*PathInput.BINDINGS, *ExportScreen.BINDINGS]),
        ("Question", ConfirmScreen.BINDINGS),
        ("Help", HelpScreen.BINDINGS),
        ("Everywhere", GramophoneApp.BINDINGS),
    ]
    return [KeyGroup(title, tuple(_helps(bindings))) for title, bindings in places]


def _helps(bindings: Iterable[BindingType]) -> Iterator[KeyHelp]:
    for binding in bindings:
        if isinstance(binding, Binding) and binding.id:
            keys = tuple(key_words(key.strip()) for key in binding.key.split(","))
            yield KeyHelp(binding.id, keys, binding.description)
