"""Whatever reads text of others takes time in proportion to its length, however odd the text is.

Each shape is what one of the parsers, or of the libraries that it stands on, might go through
again and again: things that are opened and never closed, marks without anything between them.
"""

from __future__ import annotations

import pytest

from tests.support.parsers import (
    CONTROLS,
    FOOTNOTES,
    MACHINES,
    PARSERS,
    QUERIES,
    SECRETS,
    TEXTS,
    TREES,
)
from tests.support.scaling import is_linear

SOME = {
    "plain": CONTROLS,
    "plain, in pieces": CONTROLS,
    "controls": CONTROLS[::4],
    "chunker": [
        ("", "`"),
        ("", "~"),
        ("", ":"),
        ("", "[a]("),
        ("", "<"),
        ("|", "a "),
        ("---", " "),
    ],
    "chunker, in pieces": [("", "A."), ("```", "a"), ("$", "a")],
    "sentences": [("", "A."), ("", "a "), ("", "...")],
    "inline controls": MACHINES[-4:],
    "server-sent events": MACHINES,
    "JSON": MACHINES,
    "redaction": SECRETS,
    "redaction with patterns": SECRETS,
    "filters": QUERIES,
    "search": [*QUERIES, ("", "a ")],
    "spans of an export": MACHINES,
    "hidden": SECRETS[:3],
    "expectation": TEXTS[:4],
    "captions": [("", "好"), ("", "a, ")],
    "lines of a bundle": MACHINES[::3],
    "parts of a bundle": [("", "a"), ("", "\n")],
    "chat trees": [(name, "x") for name in TREES],
    "texts of chats": FOOTNOTES[::2],
}


@pytest.mark.parametrize("name", PARSERS)
def test_time_grows_with_the_length_alone(name: str) -> None:
    grown = [shape for shape in SOME[name] if not is_linear(PARSERS[name], *shape)]
    assert grown == []
