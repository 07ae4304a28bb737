"""Halves of surrogate pairs, which JSON may hold and UTF-8 may not: a pair is joined, also where
it comes in two pieces, and a half without its other half becomes U+FFFD. Pure."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALF = re.compile("[\ud800-\udbff]\\Z")


def whole(text: str) -> str:
    """`text` as UTF-8 can hold it."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def escaped(json_text: str) -> str:
    """JSON text with its halves as JSON escapes them, so that nothing is lost."""
    if json_text.isascii() or not _HALF.search(json_text):
        return json_text
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", json_text)


class SurrogateJoiner:
    """Makes text whole that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is certain now; a first half at the end waits for the next piece."""
        text = self._held + piece
        held = None if text.isascii() else _FIRST_HALF.search(text)
        self._held = held[0] if held else ""
        return whole(text[: len(text) - len(self._held)])

    def finish(self) -> str:
        """No more comes: U+FFFD for a half that waited, else nothing."""
        held, self._held = self._held, ""
        return REPLACEMENT if held else ""
