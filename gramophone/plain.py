"""Text of models and titles made harmless before it comes near the terminal.

Escape sequences, control characters, bidirectional overrides and zero-width characters go;
newlines and tabs stay. Pure: no screen here.
"""

from __future__ import annotations

import re

# A string sequence (OSC, DCS, …) counts only when it is closed: an open one would otherwise
# swallow the rest of an answer.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
_NEWLINE = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNFINISHED = re.compile(
    r"(?:\r"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}\x1b?"
    r"|\x1b[ -/]*)\Z"
)


def plain(text: str) -> str:
    """`text` without anything that could act on a terminal; lines end in `\\n` alone."""
    if _is_harmless(text):
        return text
    text = _ESCAPE.sub("", text)
    text = _NEWLINE.sub("\n", text)
    text = _UNWANTED.sub("", text)
    return _SURROGATE.sub("\ufffd", text)


def plain_line(text: str) -> str:
    """`text` made harmless and brought onto one line."""
    return " ".join(plain(text).split())


class PlainStream:
    """The same for text that comes in pieces: a sequence may be cut anywhere."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The harmless part of what has come; an unfinished sequence waits for its end."""
        text = self._held + piece
        if _is_harmless(text):
            self._held = ""
            return text
        unfinished = _UNFINISHED.search(text)
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return plain(text[:cut])

    def finish(self) -> str:
        """No more comes: give what was held."""
        held, self._held = self._held, ""
        return plain(held)


def _is_harmless(text: str) -> bool:
    """Whether nothing in it needs a closer look: nearly always, and in a tenth of the time."""
    seen = text.replace("\n", "").replace("\t", "")
    return seen.isprintable() and (seen.isascii() or not _UNWANTED.search(seen))
