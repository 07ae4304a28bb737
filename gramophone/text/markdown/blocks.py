"""Matching at the start of a line of Markdown: headings, lists, quotes, tables, fences.

The state between lines is in `block_reader`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from gramophone.core.frozen import frozen

LONGEST_ROW: Final = 4000
"""Characters after which a table row that has not ended is taken for plain text."""

_LONGEST_LEAD: Final = 300
"""Characters that are waited for at most until it is known what a line begins with."""

_BULLET = re.compile(r"(?:[-*+·](?=[ \n]|\Z)|[•◦‣●○∙])([ \n]|\Z)?")
_NUMBER = re.compile(r"(?:[0-9]{1,3}|[A-Za-z]|[ivx]{2,4})\\?[.)]([ \n]|\Z)")
_NUMBER_OPEN = re.compile(r"(?:[0-9]{1,3}|[A-Za-z]|[ivx]{2,4})(?:\\?[.)]?)\Z")
_HEADING = re.compile(r"#{1,6}([ \n]|\Z)")
_TASK = re.compile(r"\[[ xX]\](?=[ \n]|\Z)")
_TASK_OPEN = re.compile(r"\[[ xX]?\Z")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_FENCE_OPEN = re.compile(r"(?:`+|~+)\Z")
_CELL_END = re.compile(r"(?<!\\)\|")
_DELIMITERS = re.compile(r"[ \t|:\-]*-[ \t|:\-]*\Z")
_DIRECTIVE = re.compile(r":{3,}[ ]*(?:\{[^{}\n]*\}|[A-Za-z][\w\-]*)?(?=[\s\[{])")
_DIRECTIVE_OPEN = re.compile(r":+[ ]*(?:\{[^{}\n]{0,60}\}?|[A-Za-z][\w\-]{0,40})?\Z")
_ALERT = re.compile(r"\[![A-Za-z][A-Za-z\-]*\][+\-]?(?=[ \n]|\Z)")
_ALERT_OPEN = re.compile(r"\[(?:![A-Za-z\-]{0,20}\]?)?[+\-]?\Z")
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ ]*\n[a-z_][\w\-]*[ ]*(?:=|:(?=\s|\Z))")
_FRONT_MATTER_OPEN = re.compile(
    r"(?:-{1,3}|\+{1,3})(?:(?<=---|\+\+\+)[ ]*(?:\n[\w\-]{0,40}[ ]*:?)?)?\Z"
)
_FENCE_CLOSE = re.compile(r"[ >]*(`{3,}|~{3,})[ ]*\Z")


class LineLead(Enum):
    """Beginning of a line."""

    TEXT = auto()
    MARK = auto()
    HEADING = auto()
    NUMBER = auto()
    TASK = auto()
    FENCE = auto()
    ROW = auto()
    WAIT = auto()


_MARKERS: Final = (
    (_BULLET, LineLead.MARK),
    (_HEADING, LineLead.HEADING),
    (_NUMBER, LineLead.NUMBER),
)


@frozen
class CodeFence:
    """An open code fence: its mark and how many of them close it."""

    mark: str
    length: int

    def closed_by(self, line: str) -> bool:
        """Say whether `line` (without its newline) closes this fence."""
        match = _FENCE_CLOSE.match(line)
        return match is not None and match[1][0] == self.mark and len(match[1]) >= self.length


def line_lead(text: str, final: bool, item: bool) -> tuple[LineLead, int]:
    """Judge the beginning of a line; give its kind and its length.

    `item` says that a list marker came before, after which a task box may follow. The kind is
    WAIT when more text must come first; for ROW and WAIT the length is 0.
    """
    first = text[0]
    if first in ":[":
        return _note(text, final, item)
    if first == ">":
        return LineLead.MARK, 1
    if first == "|":
        return _row(text, final)
    if first in "`~":
        return _fence(text, final)
    for pattern, kind in (
        (_BULLET, LineLead.MARK),
        (_HEADING, LineLead.HEADING),
        (_NUMBER, LineLead.NUMBER),
    ):
        match = pattern.match(text)
        if match is None:
            continue
        if match.end() == len(text) and not match[match.re.groups] and not final:
            return LineLead.WAIT, 0
        return kind, match.end() - len(match[match.re.groups] or "")
    if _NUMBER_OPEN.match(text) and not final:
        return LineLead.WAIT, 0
    return LineLead.TEXT, 0


def _note(text: str, final: bool, item: bool) -> tuple[LineLead, int]:
    """Judge a task box, the name of an alert (`[!NOTE]`) or of a directive (`:::note`)."""
    if text[0] == "[" and (not item or text[1:2] == "!"):
        whole, opened = _ALERT, _ALERT_OPEN
    elif text[0] == "[":
        return _task(text, final)
    else:
        whole, opened = _DIRECTIVE, _DIRECTIVE_OPEN
    if not final and len(text) <= _LONGEST_LEAD and opened.match(text):
        return LineLead.WAIT, 0
    match = whole.match(text + "\n" if final else text)
    return (LineLead.TEXT, 0) if match is None else (LineLead.MARK, min(match.end(), len(text)))


def _task(text: str, final: bool) -> tuple[LineLead, int]:
    match = _TASK.match(text)
    if match is None:
        return (LineLead.WAIT if not final and _TASK_OPEN.match(text) else LineLead.TEXT), 0
    waits = match.end() == len(text) and not final
    return (LineLead.WAIT, 0) if waits else (LineLead.TASK, match.end())


def front_matter(text: str, final: bool) -> str | None:
    """Give the text that closes the front matter with which an answer begins.

    Empty without front matter; None when more text must come first.
    """
    match = _FRONT_MATTER.match(text)
    if match is not None:
        return f"\n{match[1]}"
    if final or len(text) > _LONGEST_LEAD:
        return ""
    return None if _FRONT_MATTER_OPEN.match(text) else ""


class SkippedPart:
    """A part that is left out, one character at a time, until `closing` has come.

    A formula or front matter that is never closed ends with an empty line; comments and tags do
    not.
    """

    def __init__(self, closing: str, tail: str = "") -> None:
        self._closing = closing
        self._tail = tail
        self._breaks = closing[-1] != ">"

    def ends_with(self, char: str) -> bool:
        """Take the next character and say whether the text has ended with it."""
        self._tail = (self._tail + char.lower())[-max(2, len(self._closing)) :]
        return self._tail.endswith(self._closing) or (self._breaks and self._tail[-2:] == "\n\n")


def _fence(text: str, final: bool) -> tuple[LineLead, int]:
    if not final and len(text) < 64 and _FENCE_OPEN.match(text):
        return LineLead.WAIT, 0
    match = _FENCE.match(text)
    if match is None or match.end() > LONGEST_ROW:
        return LineLead.TEXT, 0
    line, newline, _ = text[match.end() :].partition("\n")
    if match[1][0] == "`" and "`" in line:
        # An info string holds no backtick: this is code within the line.
        return LineLead.TEXT, 0
    if newline or final:
        return LineLead.FENCE, match.end()
    return (LineLead.TEXT, 0) if len(line) > LONGEST_ROW else (LineLead.WAIT, 0)


def _row(text: str, final: bool) -> tuple[LineLead, int]:
    line, newline, _ = text.partition("\n")
    if not newline and not final:
        return (LineLead.WAIT if len(line) <= LONGEST_ROW else LineLead.TEXT), 0
    bars = len(_CELL_END.findall(line))
    closed = line.rstrip().endswith("|")
    # "|x| is a distance" begins with a bar as well, but no bar ends it or stands apart.
    return (LineLead.ROW if bars >= 2 and (closed or " | " in line) else LineLead.TEXT), 0


def is_delimiter_row(line: str) -> bool:
    """Say whether a table row only draws the line under the header."""
    return _DELIMITERS.match(line) is not None


def cells(line: str) -> list[tuple[int, int]]:
    """Give start and end of the cells of a table row, without the blanks around them."""
    edges = [bar.start() for bar in _CELL_END.finditer(line)]
    starts = [0, *(edge + 1 for edge in edges)]
    ends = [*edges, len(line)]
    spans: list[tuple[int, int]] = []
    for start, end in zip(starts, ends, strict=True):
        cell = line[start:end]
        if cell.strip():
            start += len(cell) - len(cell.lstrip())
            spans.append((start, start + len(cell.strip())))
    return spans
