"""Definitions of links (`[label]: address`), and which frozen blocks name them.

A definition may stand anywhere in a text, and of two for one label the first counts (CommonMark
4.7). What the open end defines holds only for as long as it is parsed like that: half of an
address is an address, too. So there are two maps, one of definitions that stand for good and one
of those at the open end, and with every slice the labels are found that lead elsewhere than
before.

Every step takes time in proportion to the open end and to the blocks that it changes. Nothing goes
through all definitions or all blocks: a text of thousands of either would take O(n²).
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any, Final

_LABEL: Final = re.compile(r"\[([^\[\]]+)\]")


class References:
    """Definitions that stand for good, those of the open end, and the blocks that use them."""

    def __init__(self) -> None:
        self._settled: dict[str, Any] = {}
        self._shown: dict[str, str] = {}
        self._new: set[str] = set()
        self._users: dict[str, list[int]] = {}
        self._known_users = 0
        self._open_end: Mapping[str, Any] = {}

    def with_room(self) -> ChainMap[str, Any]:
        """A map for the parser to read and to write: what it adds stands in the first map."""
        return ChainMap({}, self._settled)

    def all_known(self) -> ChainMap[str, Any]:
        """A map for the parser of all definitions, those of the open end among them."""
        return ChainMap({}, dict(self._open_end), self._settled)

    def settle(self, definitions: Mapping[str, Any]) -> None:
        """Take these in for good; the first definition of a label counts."""
        for label, definition in definitions.items():
            if label not in self._settled:
                self._settled[label] = definition
                self._new.add(label)

    def changed(self, open_end: Mapping[str, Any]) -> set[str]:
        """The labels that lead elsewhere than at the last call, with these at the open end."""
        # Only labels that were open or are new can lead elsewhere: what has settled never does.
        now = {label: str(definition["href"]) for label, definition in open_end.items()}
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
        """Take in the texts of the blocks that were frozen since the last call."""
        for text in texts:
            for label in labels_of(text):
                self._users.setdefault(label, []).append(self._known_users)
            self._known_users += 1

    @property
    def known_users(self) -> int:
        """Number of frozen blocks that were taken in."""
        return self._known_users

    def users(self, labels: Iterable[str]) -> list[int]:
        """The frozen blocks that name one of these."""
        return sorted({block for label in labels for block in self._users.get(label, ())})


def labels_of(text: str) -> set[str]:
    """The texts in brackets, in the form in which labels are compared."""
    from markdown_it.common.utils import normalizeReference

    return {normalizeReference(label) for label in _LABEL.findall(text)}
