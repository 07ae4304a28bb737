"""Check of the user's keys against the bindings; nothing is applied here."""

from __future__ import annotations

from collections.abc import Mapping

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from tui.keys import KeyGroup, KeyHelp, key_groups, key_name, key_words

_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_NAMED = frozenset(key.value for key in Keys) | frozenset(KEY_NAME_REPLACEMENTS.values())


class WrongKeys(Exception):
    """Chosen keys are not possible; one sentence says which, and why."""


def checked(keys: Mapping[str, str]) -> dict[str, str]:
    """The same keys by the names Textual has for them.

    Raises:
        WrongKeys: an id or a key that there is not, or a key that would do two things.
    """
    groups = key_groups()
    known_ids = {key.id for group in groups for key in group.keys}
    chosen: dict[str, tuple[str, ...]] = {}
    for binding_id, keys_text in keys.items():
        if binding_id not in known_ids:
            raise WrongKeys(
                f"[keys] names {binding_id!r}, which is not a known key; docs/keys.md lists all."
            )
        chosen[binding_id] = _names(binding_id, keys_text)
    _refuse_clashes(groups, chosen)
    return {binding_id: ",".join(names) for binding_id, names in chosen.items()}


_TOGETHER = (
    {"Conversation", "Prompt", "Transcript"},
    {"History", "List of sessions"},
)
"""Places that are on one screen: what has the focus would take the other's key."""


def taken_by(binding_id: str, key: str, keymap: Mapping[str, str]) -> str:
    """One sentence where `key` does something else already in the places of a binding; else
    nothing. `keymap` holds the keys that were changed before."""
    groups = key_groups(keymap)
    everywhere = groups[-1]
    own = next(group for group in groups if any(other.id == binding_id for other in group.keys))
    near = {own.title, everywhere.title}.union(*(t for t in _TOGETHER if own.title in t))
    word = key_words(key)
    default_owners = {
        other.id for group in key_groups() for other in group.keys if word in other.keys
    }
    for group in groups:
        if group.title in near or own is everywhere:
            for other in group.keys:
                if {binding_id, other.id} <= default_owners:
                    continue  # Both have it by default, on purpose.
                if other.id != binding_id and word in other.keys:
                    return f"{word} is “{other.words}” ({group.title}); press another key."
    return ""


def _names(binding_id: str, keys_text: str) -> tuple[str, ...]:
    names = tuple(key_name(word.strip()) for word in keys_text.split(",") if word.strip())
    if not names:
        raise WrongKeys(f"[keys] {binding_id} is empty; name at least one key.")
    for name in names:
        if not _is_key(name):
            raise WrongKeys(f'[keys] {binding_id} is {name!r}, which no keyboard has; try "f5".')
    return names


def _is_key(name: str) -> bool:
    *modifiers, last = name.split("+") if len(name) > 1 else [name]
    return _MODIFIERS.issuperset(modifiers) and (
        (len(last) == 1 and last.isprintable())
        or last in _NAMED
        or key_to_character(last) is not None
    )


# Bindings that share a key as they come do so on purpose: Escape closes a list, else it stops an
# answer. So a clash is refused only where a changed key takes part in it.


def _refuse_clashes(groups: list[KeyGroup], chosen: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a key twice in one group, or in a group and everywhere."""
    everywhere = groups[-1]
    for group in groups:
        owner_of: dict[str, KeyHelp] = {}
        for key in (*everywhere.keys, *(() if group is everywhere else group.keys)):
            names = chosen.get(key.id)
            words = tuple(map(key_words, names)) if names else key.keys
            for word in words:
                owner = owner_of.setdefault(word, key)
                if owner is key or (word in owner.keys and word in key.keys):
                    continue
                if {key.id, owner.id} & chosen.keys():
                    raise WrongKeys(f"[keys] gives {word} to {owner.id} and {key.id} at once.")
