"""Tags: the spelling of names, and changes as they are typed."""

from __future__ import annotations

from collections.abc import Iterable

from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line

LONGEST_TAG = 40


def tag_name(text: str) -> str:
    """The one spelling of a tag: lower case, no space, no `#` before it; empty when nothing is
    left."""
    name = "-".join(plain_line(text).casefold().replace(",", " ").replace("#", " ").split())
    return cut(name.lstrip("+-"), LONGEST_TAG).rstrip("-")


def tag_changes(typed: str, present: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags to add and to remove: `+new -old` changes, a plain list replaces what is there."""
    words = typed.replace(",", " ").split()
    changes = any(word[0] in "+-" for word in words)
    removed = {tag_name(word) for word in words if word.startswith("-")}
    added = {tag_name(word) for word in words if not word.startswith("-")}
    if not changes:
        removed = set(present) - added
    return tuple(sorted(added - {""})), tuple(sorted(removed - added - {""}))
