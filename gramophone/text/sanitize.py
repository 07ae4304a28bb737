"""Sanitizing: text of others made harmless before it comes near a terminal.

Escape sequences, control characters, bidirectional overrides and zero-width characters are
removed, except those that belong to the spelling (`joiners`); newlines and tabs stay.
"""

from __future__ import annotations

import json
import re

from gramophone.text import joiners

# A sequence that is longer has no end, and no terminal waits for it.
_MOST_CHARS = 4096
_START = re.compile(r"[\x1b\x90\x98\x9b\x9d-\x9f]")
_OPEN_SHORT = rf"(?:\x1b\[|\x9b)[0-?]{{0,{_MOST_CHARS}}}[ -/]{{0,{_MOST_CHARS}}}"
_OPEN_ESCAPE = rf"\x1b[ -/]{{0,{_MOST_CHARS}}}"
_SHORT = re.compile(rf"{_OPEN_SHORT}[@-~]|{_OPEN_ESCAPE}[0-OQ-WYZ\\`-~]")
_UNFINISHED_SHORT = re.compile(rf"(?:\r|{_OPEN_SHORT}|{_OPEN_ESCAPE})\Z")
# A string sequence (OSC, DCS, …) counts only when it is closed: an open one would otherwise
# swallow the rest of an answer.
_STRING = re.compile(r"\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]")
_CLOSERS = "\x07\x1b\x9c"
_CLOSER = re.compile(f"[{_CLOSERS}]")
_NEWLINE = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_DOUBTFUL = re.compile(f"{_UNWANTED.pattern}|[{joiners.CHARACTERS}]")
_ACTING = re.compile(f"{_UNWANTED.pattern}|[\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain(text: str) -> str:
    """Remove everything that could act on a terminal; lines end in `\\n` alone."""
    return text if _is_harmless(text) else joiners.without_strays(_without_controls(text))


def plain_line(text: str) -> str:
    """Make `text` harmless and bring it onto one line."""
    return " ".join(plain(text).split())


def with_escapes(text: str) -> str:
    """Escape (`\\u009b`) every character that could act on a terminal, as JSON does, so that a JSON
    document keeps its value."""
    return _ACTING.sub(lambda match: json.dumps(match[0])[1:-1], text)


class PlainStream:
    """`plain` for text that comes in pieces: a sequence may be cut anywhere."""

    def __init__(self) -> None:
        self._held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """Give the harmless text so far; an unfinished sequence waits for its end, a joiner for
        the character it joins to."""
        text = self._held + piece
        self._held = ""
        if _is_harmless(text):
            return self._release(text)
        cut = unfinished(text)
        clean = _without_controls(text[:cut])
        judged = joiners.judged(self._before, clean)
        self._held = clean[judged:] + text[cut:]
        return self._release(clean[:judged])

    def finish(self) -> str:
        """Take the end of the text; give what was held."""
        held, self._held = self._held, ""
        return self._release(_without_controls(held))

    def _release(self, text: str) -> str:
        before, self._before = self._before, (self._before + text)[-joiners.CONTEXT :]
        return joiners.without_strays(text, before)


def _without_controls(text: str) -> str:
    text = without_sequences(text)
    text = _NEWLINE.sub("\n", text)
    text = joiners.without_runs(_UNWANTED.sub("", text))
    return _SURROGATE.sub("\ufffd", text)


def _is_harmless(text: str) -> bool:
    """Say whether nothing in it needs a closer look: nearly always, and in a tenth of the time."""
    line = text.replace("\n", "").replace("\t", "")
    return line.isprintable() and (line.isascii() or not _DOUBTFUL.search(line))


def without_sequences(text: str) -> str:
    """Remove escape sequences, in time proportional to the length of `text`."""
    pieces: list[str] = []
    end = 0
    closer = -1
    for match in _START.finditer(text):
        start = match.start()
        if start < end:
            continue
        stop = None
        if short := _SHORT.match(text, start):
            stop = short.end()
        elif opened := _STRING.match(text, start):
            # The same closer is the next one for all that is opened before it.
            if closer < opened.end():
                closed = _CLOSER.search(text, opened.end())
                closer = closed.start() if closed else len(text)
            stop = _string_end(text, opened.end(), closer)
        if stop is not None:
            pieces.append(text[end:start])
            end = stop
    return "".join([*pieces, text[end:]]) if pieces else text[end:]


def _string_end(text: str, begin: int, closer: int) -> int | None:
    """Find the end of the string whose inside begins at `begin`; None if it is not closed there."""
    if closer == len(text) or closer - begin > _MOST_CHARS:
        return None
    if text[closer] != "\x1b":
        return closer + 1
    return closer + 2 if text.startswith("\\", closer + 1) else None


def unfinished(text: str) -> int:
    """Find the start of the sequence that `text` ends within; its length where there is none."""
    size = len(text)
    short = _UNFINISHED_SHORT.search(text, max(0, size - 2 * _MOST_CHARS - 2))
    first = short.start() if short else size
    end = size - 1 if text.endswith("\x1b") else size
    window = max(0, end - _MOST_CHARS - 2)
    # What is opened before the last closer is over; an escape is also the beginning of its own.
    window = max(window, *(text.rfind(closer, window, end) for closer in _CLOSERS))
    for opened in _STRING.finditer(text, window):
        if 0 <= end - opened.end() <= _MOST_CHARS:
            return min(first, opened.start())
    return first
