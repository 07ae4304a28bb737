"""A session's title: its first words, on one line, safe to draw."""

from __future__ import annotations

import re

from gramophone.text import joiners
from gramophone.text.graphemes import cut

_WORDS = 8
_CHARACTERS = 60
# Terminal sequences go as a whole: without their escape character they would read "[31m".
_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")


def title_of(text: str) -> str:
    """The first words of `text`, at most 60 characters; empty when there are none."""
    # Only the beginning matters, and the text may be a book.
    head = "".join(map(_drawable, _SEQUENCES.sub("", cut(text, 2_000))))
    words = joiners.without_strays(joiners.without_runs(head)).split()
    title = " ".join(words[:_WORDS])
    if len(title) > _CHARACTERS:
        short = cut(title, _CHARACTERS - 1)
        return (short.rsplit(" ", 1)[0] if " " in short else short).rstrip() + "…"
    return title + "…" if len(words) > _WORDS and len(title) < _CHARACTERS else title


def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    # Controls, bidirectional overrides, lone surrogates and private use are not printable.
    drawable = character.isprintable() or joiners.is_joiner(character)
    return character if drawable else ""
