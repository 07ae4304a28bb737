"""Keys in words, and the groups of keys that help, docs and settings show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from textual.binding import Binding

from gramophone.core.frozen import frozen
from tui.bindings import BINDING_GROUPS

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
    """Keys of one group, with its title."""

    title: str
    keys: tuple[KeyHelp, ...]


def key_words(key: str) -> str:
    """Key in words that a screen reader can say: `ctrl+q` as `Ctrl+Q`, `escape` as `Esc`."""
    return "+".join(
        _WORDS.get(part, part.capitalize() if len(part) > 1 or "+" in key else part)
        for part in key.split("+")
    )


def key_name(words: str) -> str:
    """Name of a key in words: `Ctrl+Q` as `ctrl+q`; a single letter keeps its case."""
    if len(words) == 1:
        return _NAMES.get(words, words)
    return "+".join(_NAMES.get(part, part) for part in words.lower().split("+"))


def key_groups(keymap: Mapping[str, str] | None = None) -> list[KeyGroup]:
    """Keys of every binding, group by group; `keymap` has other keys for some of their ids."""
    changed = keymap or {}
    return [
        KeyGroup(group.title, tuple(_help_of(binding, changed) for binding in group.bindings))
        for group in BINDING_GROUPS
    ]


def here_and_elsewhere(
    groups: Iterable[KeyGroup], screen: Screen[object]
) -> tuple[list[KeyGroup], list[KeyGroup]]:
    """Split groups into those with bindings on `screen` or in the app, and the others."""
    nodes: tuple[DOMNode, ...] = (cast("DOMNode", screen.app), screen, *screen.query())
    ids = {row.id for node in nodes for row in node.BINDINGS if isinstance(row, Binding)}
    here: list[KeyGroup] = []
    elsewhere: list[KeyGroup] = []
    for group in groups:
        (here if ids & {key.id for key in group.keys} else elsewhere).append(group)
    return here, elsewhere


def _help_of(binding: Binding, changed: Mapping[str, str]) -> KeyHelp:
    binding_id = binding.id or ""
    names = changed.get(binding_id, binding.key).split(",")
    return KeyHelp(
        binding_id, tuple(key_words(name.strip()) for name in names), binding.description
    )
