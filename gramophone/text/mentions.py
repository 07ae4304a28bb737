"""Paths of files that a prompt names with `@`, as in `Sum up @notes.md`."""

from __future__ import annotations

import re
from typing import Final

from gramophone.core.frozen import frozen

MENTION_BEGINS: Final = r"(?<![^\s(\[{])@"
"""Pattern of the `@`: one inside a word is an address or a handle of something else."""

_MENTION: Final = re.compile(MENTION_BEGINS + r'(?:"(?P<quoted>[^"\n]+)"|(?P<bare>[^\s"]+))')
_AFTER_A_PATH: Final = ".,;:!?'’)]}"


@frozen
class Mention:
    """A path behind an `@`; `paths` are the ways to read it, the one with its last punctuation
    first."""

    paths: tuple[str, ...]


def mentions(text: str) -> list[Mention]:
    """Mentions in a text, in order, each once; not all of them name a file."""
    unique: dict[tuple[str, ...], None] = {}
    for match in _MENTION.finditer(text):
        path = match["quoted"] or match["bare"]
        shorter = path if match["quoted"] else path.rstrip(_AFTER_A_PATH)
        unique[(path,) if shorter in ("", path) else (path, shorter)] = None
    return [Mention(paths) for paths in unique]


def mentioned_paths(text: str) -> frozenset[str]:
    """Every path that a text may name."""
    return frozenset(path for mention in mentions(text) for path in mention.paths)
