"""Thoughts that a model writes into its text, between `<think>` and `</think>`. Pure, linear."""

# A model may speak of these tags, so one counts only where a model that thinks puts it:
#
#   <think>, <thinking>   At the beginning of the answer or of a paragraph, indented by less than
#                         four spaces, or directly behind another thought. Never in fenced code.
#   its closing tag       Anywhere in the thought.
#   a closing tag alone   The chat template has opened the thought, and the server gives only what
#                         the model wrote. It counts once, before any opening tag, outside of code
#                         and quotes: at the beginning of a line, behind a sentence, or directly
#                         behind a word. All text so far was a thought then (RETRACT), and
#                         `ThinkTagMemory` keeps that in mind for the next answer of this endpoint.
#
# An answer of such an endpoint begins as a thought. If it comes to a good end without the closing
# tag, it was none: the text is given once more, as text, and the memory is cleared.
#
# What may be the beginning of a tag is held back, at most 11 characters, and only where a tag would
# count. So the pieces are the same however the text is cut, when neighbours of a kind are joined.

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from gramophone.core.frozen import frozen

_NAMES: Final = ("think", "thinking")
_OPENING: Final = tuple(f"<{name}>" for name in _NAMES)
_CLOSING: Final = tuple(f"</{name}>" for name in _NAMES)
_LONGEST_TAG: Final = max(map(len, _CLOSING))

_HEAD_CHARS: Final = 80
"""So many characters of a line decide whether it is a fence."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LIST_NUMBER = re.compile(r"\s*\d+[.)]\s*")
_BACKTICKS = re.compile(r"`+")
_INDENT_CHARS: Final = 3
_CODE_INDENT: Final = ("    ", "\t")
_SENTENCE_ENDS: Final = frozenset(".!?…。！？)”’»")
_QUOTES: Final = frozenset("`'\"(<[{«“‘*_/\\")


class TagKind(Enum):
    """Kind of a piece."""

    TEXT = auto()
    THOUGHT = auto()
    RETRACT = auto()
    """Report that the text so far was a thought."""
    UNCLOSED = auto()
    """The thought before was never closed; the answer may stand in it."""


@frozen
class TagPiece:
    """A piece of an answer; RETRACT and UNCLOSED have no text."""

    kind: TagKind
    text: str = ""


class ThinkTagMemory:
    """Memory of one endpoint: whether its answers begin within a thought."""

    def __init__(self) -> None:
        self.begins_thinking = False


class ThinkTagReader:
    """Reader of the text of one answer."""

    def __init__(self, memory: ThinkTagMemory) -> None:
        self._memory = memory
        self._position = _Position()
        self._held = ""
        self._closing: tuple[str, ...] = ()
        """Tags that close the thought under way; empty outside of one."""
        self._tagged = False
        self._skips_space = False
        self._has_text = False
        self._at_begin = True
        self._assumed: list[str] | None = None
        """Text of a thought that only the memory has opened."""
        if memory.begins_thinking:
            self._closing, self._assumed = _CLOSING, []

    def take_plain(self, text: str) -> bool:
        """Take in a text that is one piece of text, as most are; False where it needs `feed`."""
        if "<" in text or self._held or self._skips_space or self._closing:
            return False
        if self._at_begin or not self._has_text:
            blank = not text or text.isspace()
            self._at_begin, self._has_text = self._at_begin and blank, not blank
        self._position.add(text)
        return True

    def feed(self, text: str) -> list[TagPiece]:
        """The pieces of the next text."""
        buffer, self._held = self._held + text, ""
        pieces: list[TagPiece] = []
        start = 0
        while start < len(buffer):
            start = self._step(buffer, start, pieces)
        return pieces

    def flush(self) -> list[TagPiece]:
        """Give what was held back, where something else than text follows."""
        if not self._held:
            return []
        pieces: list[TagPiece] = []
        held, self._held = self._held, ""
        self._pass(held)
        self._give(held, pieces)
        return pieces

    def end(self, *, cut_short: bool) -> list[TagPiece]:
        """The last pieces; `cut_short` where the answer did not come to a good end."""
        pieces = self.flush()
        if not self._closing:
            return pieces
        self._closing = ()
        if self._assumed is None or cut_short:
            return [*pieces, TagPiece(TagKind.UNCLOSED)]
        self._memory.begins_thinking = False
        text, self._assumed = "".join(self._assumed), None
        return [*pieces, TagPiece(TagKind.TEXT, text)] if text else pieces

    def _step(self, buffer: str, start: int, pieces: list[TagPiece]) -> int:
        """Read up to the next tag, and it; where nothing is left, to the end."""
        if self._skips_space:
            start = len(buffer) - len(buffer[start:].lstrip())
            if start == len(buffer):
                return start
            self._skips_space = False
        given = start
        bracket = buffer.find("<", start)
        while bracket >= 0:
            self._pass(buffer[given:bracket])
            tag, maybe = _tag_at(buffer, bracket, self._tags())
            if tag or maybe:
                self._give(buffer[start:bracket], pieces)
                if maybe:
                    self._held = buffer[bracket:]
                    return len(buffer)
                self._take(tag, pieces)
                return bracket + len(tag)
            given, bracket = bracket, buffer.find("<", bracket + 1)
        self._pass(buffer[given:])
        self._give(buffer[start:], pieces)
        return len(buffer)

    def _pass(self, text: str) -> None:
        """Move on behind a text."""
        if self._at_begin:
            self._at_begin = not text or text.isspace()
        if not self._closing:
            self._position.add(text)

    def _tags(self) -> tuple[str, ...]:
        """The tags that would count here."""
        if self._closing:
            # An answer that is taken for a thought may open it by itself.
            return (*self._closing, *_OPENING) if self._at_begin else self._closing
        tags = _OPENING if self._position.opens else ()
        return tags if self._tagged or not self._position.closes else (*tags, *_CLOSING)

    def _take(self, tag: str, pieces: list[TagPiece]) -> None:
        """Take in a tag that counts."""
        closes, orphaned = tag in _CLOSING, not self._closing
        if not closes:
            self._closing, self._assumed = (f"</{tag[1:]}",), None
        else:
            self._closing, self._assumed = (), None
            self._position = _Position()
            if orphaned:
                self._memory.begins_thinking = True
                if self._has_text:
                    pieces.append(TagPiece(TagKind.RETRACT))
                self._has_text = False
        self._tagged = self._skips_space = True
        self._at_begin = False

    def _give(self, text: str, pieces: list[TagPiece]) -> None:
        """Add text of the present kind."""
        if not text:
            return
        if self._closing:
            if self._assumed is not None:
                self._assumed.append(text)
            pieces.append(TagPiece(TagKind.THOUGHT, text))
            return
        self._has_text = self._has_text or not text.isspace()
        pieces.append(TagPiece(TagKind.TEXT, text))


def _tag_at(buffer: str, index: int, tags: tuple[str, ...]) -> tuple[str, bool]:
    """The tag at this index, or nothing; and whether the end of the buffer may begin one."""
    candidate = buffer[index : index + _LONGEST_TAG].lower()
    ends = index + len(candidate) == len(buffer)
    maybe = False
    for tag in tags:
        if candidate.startswith(tag):
            return tag, False
        maybe = maybe or (ends and tag.startswith(candidate))
    return "", maybe


class _Position:
    """The position behind a text in Markdown: whether a tag counts there."""

    def __init__(self) -> None:
        self._fence = ""
        self._begins_paragraph = True
        self._begin_line()

    def _begin_line(self) -> None:
        self._head = ""
        self._blank = True
        self._in_code = False
        self._last = ""
        self._last_mark = ""

    @property
    def opens(self) -> bool:
        """Whether an opening tag counts."""
        return self._begins_paragraph and self._begins_line

    @property
    def closes(self) -> bool:
        """Whether a closing tag counts that nothing has opened."""
        if self._fence or self._in_code:
            return False
        if self._blank:
            return self._begins_line
        if self._begins_paragraph and self._head.startswith(_CODE_INDENT):
            return False
        if not self._last.isspace():
            return self._last not in _QUOTES
        return self._last_mark in _SENTENCE_ENDS and not _LIST_NUMBER.fullmatch(self._head)

    @property
    def _begins_line(self) -> bool:
        """Whether no more than an indentation stands in this line, outside of code."""
        indented = len(self._head) > _INDENT_CHARS or "\t" in self._head
        return self._blank and not indented and not self._fence

    def add(self, text: str) -> None:
        """Move on behind this text."""
        if "\n" not in text:
            self._add_to_line(text)
            return
        first, *lines = text.split("\n")
        self._add_to_line(first)
        for line in lines:
            self._end_line()
            self._add_to_line(line)

    def _add_to_line(self, text: str) -> None:
        if not text:
            return
        if len(self._head) < _HEAD_CHARS:
            self._head += text[: _HEAD_CHARS - len(self._head)]
        if "`" in text:
            runs = len(_BACKTICKS.findall(text)) - (text[0] == "`" == self._last)
            self._in_code ^= bool(runs % 2)
        if marks := text.rstrip():
            self._blank, self._last_mark = False, marks[-1]
        self._last = text[-1]

    def _end_line(self) -> None:
        closes = False
        if match := _FENCE.match(self._head):
            fence, rest = match[1], self._head[match.end() :]
            if not self._fence:
                self._fence = fence
            elif fence.startswith(self._fence) and not rest.strip():
                self._fence, closes = "", True
        self._begins_paragraph = closes or self._blank
        self._begin_line()
