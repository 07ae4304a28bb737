"""Definitions of links (`[label]: address`), and which finished blocks name them."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any, Final

_LABEL: Final = re.compile(r"\[([^\[\]]+)\]")


class References:
    """Those that stand for good, and those of the open end, which may still change.

    Every step takes time in proportion to the open end and to the blocks that it changes.
    """

    def __init__(self) -> None:
        self._settled: dict[str, Any] = {}
        self._shown: dict[str, str] = {}
        self._new: set[str] = set()
        self._users: dict[str, list[int]] = {}
        self._known_users = 0
        self._open_end: Mapping[str, Any] = {}

    def with_room(self) -> ChainMap[str, Any]:
        """What the parser knows and may add to: what it adds stands in the first map."""
        return ChainMap({}, self._settled)

    def all_known(self) -> ChainMap[str, Any]:
        """The same with those of the open end."""
        return ChainMap({}, dict(self._open_end), self._settled)

    def settle(self, found: Mapping[str, Any]) -> None:
        """These stay; the first definition of a label counts."""
        for label, definition in found.items():
            if label not in self._settled:
                self._settled[label] = definition
                self._new.add(label)

    def changed(self, open_end: Mapping[str, Any]) -> set[str]:
        """The labels that lead elsewhere than at the last call, with these at the open end."""
        now = {label: str(each["href"]) for label, each in open_end.items()}
        settled = {
            label: str(self._settled[label]["href"])
            for label in self._shown.keys() | self._new
            if label in self._settled
        }
        before, after = self._shown, now | settled
        labels = before.keys() | after.keys()
        changed = {label for label in labels if before.get(label) != after.get(label)}
        self._shown = {label: href for label, href in now.items() if label not in self._settled}
        self._new.clear()
        self._open_end = open_end
        return changed

    def know_users(self, texts: Iterable[str]) -> None:
        """The texts of the blocks that were finished since the last call."""
        for text in texts:
            for label in labels_of(text):
                self._users.setdefault(label, []).append(self._known_users)
            self._known_users += 1

    @property
    def known_users(self) -> int:
        """How many finished blocks are known."""
        return self._known_users

    def users(self, labels: Iterable[str]) -> list[int]:
        """The finished blocks that name one of these."""
        return sorted({place for label in labels for place in self._users.get(label, ())})


def labels_of(text: str) -> set[str]:
    """What stands in brackets, in the form in which labels are compared."""
    from markdown_it.common.utils import normalizeReference

    return {normalizeReference(label) for label in _LABEL.findall(text)}
