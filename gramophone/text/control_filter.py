"""Control filter: keeps control characters and escape sequences from a voice.

It stands in front of the Markdown reader and takes one character at a time.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from gramophone.text.characters import is_emoji, is_invisible
from gramophone.text.joiners import CONTEXT, without_strays

GLUE: Final = "\u00a0"
"""Replacement of every no-break space, so that later layers know one of them."""

_LINE_ENDS: Final = frozenset("\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_NO_BREAK: Final = frozenset("\u00a0\u202f\u2007")
_STRINGS: Final = frozenset("]PX^_")
_MARK, _MARK_END, _MARK_FIELD = "\ue200", "\ue201", "\ue202"
"""Private-use characters around the mark of a source, as some models write it, and within it."""
_MARK_NAMES: Final = ("cite", "filecite", "navlist", "image_group", "video", "entity")
_JOINERS: Final = frozenset("\u200c\u200d")
_VARIANTS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))))
"""Selectors that change how a character is drawn, and not how it is read."""
_CODE_STRINGS: Final = frozenset("\x90\x98\x9d\x9e\x9f")


# States of the parser of ECMA-48 (escape, control and string sequences), as far as their ends
# matter, and of the private-use marks around citations.
class _State(Enum):
    TEXT = auto()
    ESCAPE = auto()
    SEQUENCE = auto()
    STRING = auto()
    STRING_ESCAPE = auto()
    MARK_NAME = auto()
    MARK = auto()


class ControlFilter:
    """Pass text through, one character at a time, without its control characters."""

    def __init__(self) -> None:
        self._state = _State.TEXT
        self._after_return = False
        self._name = ""
        self._before = ""
        self._joiner = ""

    def pass_on(self, char: str) -> str:
        """Give what is left of `char`: itself, a plain space, a newline, `GLUE` or nothing.

        Text that was held back comes before it: what looked like the name of a mark, or a joiner
        that belongs to the spelling.
        """
        if char in _JOINERS and self._state is _State.TEXT:
            self._joiner = self._joiner or char
            return ""
        passed = self._without_controls(char)
        if not passed:
            return ""
        joiner, self._joiner = self._joiner, ""
        if joiner and not is_emoji(passed[0]):
            joined = without_strays(joiner + passed[0], self._before)
            passed = joined + passed[1:]
        # A plain letter ends what a joiner may look back on.
        self._before = passed if char < "\u0300" else (self._before + passed)[-CONTEXT:]
        return passed

    def finish(self) -> str:
        """Take the end of the text; give a joiner that it ends with, where it is spelling."""
        joiner, self._joiner = self._joiner, ""
        return without_strays(joiner, self._before)

    def _without_controls(self, char: str) -> str:
        after_return, self._after_return = self._after_return, False
        if char == "\n" and after_return:
            return ""
        if self._state is _State.MARK_NAME:
            name, self._name = self._name, ""
            if self._names_mark(name, char):
                return ""
            self._state = _State.TEXT
            return name + self._without_controls(char)
        if self._state is not _State.TEXT and not self._leave(char):
            return ""
        if char == "\r":
            self._after_return = True
            return "\n"
        if char in _LINE_ENDS:
            return "\n"
        if char.isspace():
            return GLUE if char in _NO_BREAK else " "
        if char == "\x1b":
            self._state = _State.ESCAPE
        elif char == "\x9b":
            self._state = _State.SEQUENCE
        elif char == _MARK:
            self._state = _State.MARK_NAME
        elif char in _CODE_STRINGS:
            self._state = _State.STRING
        return "" if char in _VARIANTS or is_invisible(char) else char

    def _names_mark(self, name: str, char: str) -> bool:
        """Say whether `char` goes on with the name of a mark, or begins its fields."""
        if char in (_MARK_FIELD, _MARK_END):
            self._state = _State.MARK if char == _MARK_FIELD else _State.TEXT
            return name in _MARK_NAMES
        if not any(mark_name.startswith(name + char) for mark_name in _MARK_NAMES):
            return False
        self._name = name + char
        return True

    def _leave(self, char: str) -> bool:
        """Step through an escape sequence; True when `char` is text again."""
        # A newline ends any sequence: a broken one must not swallow the rest of an answer.
        if char in "\r\n":
            self._state = _State.TEXT
            return True
        state = self._state
        if state is _State.ESCAPE:
            self._state = self._after_escape(char)
        elif state is _State.SEQUENCE:
            if not " " <= char <= "?":
                self._state = _State.TEXT
                # Anything but a final byte is no part of the sequence.
                return not "@" <= char <= "~"
        elif state is _State.MARK:
            self._state = _State.TEXT if char == _MARK_END else state
        elif char in "\x07\x9c" or (state is _State.STRING_ESCAPE and char == "\\"):
            self._state = _State.TEXT
        else:
            self._state = _State.STRING_ESCAPE if char == "\x1b" else _State.STRING
        return False

    @staticmethod
    def _after_escape(char: str) -> _State:
        if char == "\x1b":
            return _State.ESCAPE
        if char == "[":
            return _State.SEQUENCE
        if char in _STRINGS:
            return _State.STRING
        # Intermediate bytes lead to a final one, as in the choice of a character set.
        return _State.ESCAPE if " " <= char <= "/" else _State.TEXT
