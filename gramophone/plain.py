"""Text of models and titles made harmless before it comes near the terminal.

Escape sequences, control characters, bidirectional overrides and zero-width characters go, but
for those that belong to the spelling (`joiners`); newlines and tabs stay. Pure: no screen here.
"""

from __future__ import annotations

import re

from gramophone import joiners

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
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_DOUBTFUL = re.compile(f"{_UNWANTED.pattern}|[{joiners.CHARACTERS}]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNFINISHED = re.compile(
    r"(?:\r"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}\x1b?"
    r"|\x1b[ -/]*)\Z"
)


def plain(text: str) -> str:
    """`text` without anything that could act on a terminal; lines end in `\\n` alone."""
    return text if _is_harmless(text) else joiners.without_strays(_without_controls(text))


def plain_line(text: str) -> str:
    """`text` made harmless and brought onto one line."""
    return " ".join(plain(text).split())


class PlainStream:
    """The same for text that comes in pieces: a sequence may be cut anywhere."""

    def __init__(self) -> None:
        self._held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """The harmless part of what has come; an unfinished sequence waits for its end, a joiner
        for what it joins to."""
        text = self._held + piece
        self._held = ""
        if _is_harmless(text):
            return self._given(text)
        unfinished = _UNFINISHED.search(text)
        cut = unfinished.start() if unfinished else len(text)
        clean = _without_controls(text[:cut])
        judged = joiners.judged(self._before, clean)
        self._held = clean[judged:] + text[cut:]
        return self._given(clean[:judged])

    def finish(self) -> str:
        """No more comes: give what was held."""
        held, self._held = self._held, ""
        return self._given(_without_controls(held))

    def _given(self, text: str) -> str:
        before, self._before = self._before, (self._before + text)[-joiners.CONTEXT :]
        return joiners.without_strays(text, before)


def _without_controls(text: str) -> str:
    text = _ESCAPE.sub("", text)
    text = _NEWLINE.sub("\n", text)
    text = joiners.without_runs(_UNWANTED.sub("", text))
    return _SURROGATE.sub("\ufffd", text)


def _is_harmless(text: str) -> bool:
    """Whether nothing in it needs a closer look: nearly always, and in a tenth of the time."""
    seen = text.replace("\n", "").replace("\t", "")
    return seen.isprintable() and (seen.isascii() or not _DOUBTFUL.search(seen))
