"""Surrogates: halves of pairs, which JSON may hold (RFC 8259, 8.2) and UTF-8 may not (RFC 3629).

A pair is joined, also where it comes in two pieces; a half without its other half becomes U+FFFD.
"""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

_HALF = re.compile("[\ud800-\udfff]")
_FIRST_HALF = re.compile("[\ud800-\udbff]\\Z")


def whole(text: str) -> str:
    """Give `text` as UTF-8 can hold it."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def escaped(json_text: str) -> str:
    """Give JSON text with every half escaped (`\\ud83d`), so that nothing is lost."""
    if json_text.isascii() or not _HALF.search(json_text):
        return json_text
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", json_text)


class SurrogateJoiner:
    """Joins pairs in text that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Give the text that is certain; a first half at the end waits for the next piece."""
        text = self._held + piece
        held = None if text.isascii() else _FIRST_HALF.search(text)
        self._held = held[0] if held else ""
        return whole(text[: len(text) - len(self._held)])

    def finish(self) -> str:
        """Take the end of the text; give U+FFFD for a half that waited, else nothing."""
        held, self._held = self._held, ""
        return REPLACEMENT if held else ""
