"""Lines of an answer that streams: a finished sentence each, without marks of Markdown.

Tables become sentences, code is announced at both ends and otherwise stays as it is.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.markdown.blocks import cells, is_delimiter_row
from gramophone.text.sanitize import PlainStream
from gramophone.text.sentences.splitter import SentenceCutter

MOST_LINE_CHARS: Final = 2_000
"""Length from which a line that has not ended is read as prose."""

_SPECIAL: Final = re.compile(r" {0,3}[`~#|>*+\-\d=_]")
_FENCE: Final = re.compile(r" {0,20}(`{3,}|~{3,})[ \t]*([\w+#.-]{0,40})")
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_ITEM: Final = re.compile(r"[ \t]{0,40}[-*+][ \t]+(?:\[[ xX]\][ \t]+)?(.*)")
_NUMBERED: Final = re.compile(r"[ \t]{0,40}(\d{1,9})[.)][ \t]+(.*)")
_QUOTE: Final = re.compile(r" {0,3}>[ \t]?(.*)")
_RULE: Final = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|=+[ \t]*)\Z")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(([^()\s]{0,500})\)")
_MARKS: Final = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=[\w.,!?])[*_](?!\w)|~~|`+")
_ENDED: Final = re.compile(r"[.!?…:;。！？।]['\"”’»)\]]*\Z")


class AnswerLines:
    """Deltas in, lines out."""

    def __init__(self) -> None:
        self._plain = PlainStream()
        self._sentences = SentenceCutter()
        self._line = ""
        self._in_prose = False
        self._fence = ""
        self._header: list[str] | None = None
        self._rows = 0

    def feed(self, delta: str) -> list[str]:
        """Take in a piece of the answer; returns the lines that it completes."""
        return self._take(self._plain.feed(delta))

    def finish(self) -> list[str]:
        """Take the end of the answer; returns the lines that are left."""
        lines = self._take(self._plain.finish())
        if self._line:
            lines += self._end_line(self._line)
            self._line = ""
        lines += self._end_prose()
        if self._fence:
            lines.append("End of code.")
        self._fence, self._header, self._in_prose = "", None, False
        return lines

    def _take(self, text: str) -> list[str]:
        lines: list[str] = []
        *ended, rest = text.split("\n")
        for part in ended:
            lines += self._end_line(self._line + part)
            self._line = ""
        self._line += rest
        if not self._waits():
            # Prose is printed sentence by sentence, before its line ends.
            self._in_prose = True
            lines += _worded(self._sentences.feed(self._line))
            self._line = ""
        return lines

    def _waits(self) -> bool:
        """Whether only the end of the line shows what it is."""
        if len(self._line) > MOST_LINE_CHARS and not self._fence:
            return False
        if self._in_prose:
            return False
        return bool(self._fence) or not self._line.strip() or bool(_SPECIAL.match(self._line))

    def _end_line(self, line: str) -> list[str]:
        if self._in_prose:
            self._in_prose = False
            # A paragraph goes on in the next line, as if there were a space.
            return _worded(self._sentences.feed(f"{line} "))
        if self._fence:
            return self._end_code_line(line)
        if match := _FENCE.match(line):
            self._fence = match[1]
            return [*self._end_prose(), f"Code in {match[2]}:" if match[2] else "Code:"]
        if line.lstrip().startswith("|"):
            return [*self._end_prose(), *self._end_row(line)]
        self._header = None
        if not line.strip() or _RULE.match(line):
            return self._end_prose()
        if match := _HEADING.match(line):
            return [*self._end_prose(), *_named("Heading", match[1].rstrip("# \t"))]
        if match := _NUMBERED.match(line):
            return [*self._end_prose(), *_named(f"Item {match[1]}", match[2])]
        if match := _ITEM.match(line):
            return [*self._end_prose(), *_named("Item", match[1])]
        if match := _QUOTE.match(line):
            return [*self._end_prose(), *_named("Quote", match[1])]
        return _worded(self._sentences.feed(f"{line} "))

    def _end_code_line(self, line: str) -> list[str]:
        if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""
            return ["End of code."]
        return [line]

    def _end_row(self, line: str) -> list[str]:
        """A row of a table as a sentence, each cell with the name of its column."""
        if is_delimiter_row(line):
            return []
        row = [_without_marks(line[start:end]) for start, end in cells(line)]
        if self._header is None:
            self._header, self._rows = row, 0
            return [f"Table with the columns {', '.join(filter(None, row))}."]
        self._rows += 1
        names = [*self._header, *[""] * len(row)]
        named = [
            f"{name}: {cell}" if name else cell
            for name, cell in zip(names, row, strict=False)
            if cell
        ]
        return [f"Row {self._rows}: {'; '.join(named)}."]

    def _end_prose(self) -> list[str]:
        return _worded([self._sentences.rest()])


def _worded(sentences: list[str]) -> list[str]:
    return [line for sentence in sentences if (line := _without_marks(sentence))]


def _named(kind: str, text: str) -> list[str]:
    content = _without_marks(text)
    if not content:
        return []
    return [f"{kind}: {content}" if _ENDED.search(content) else f"{kind}: {content}."]


def _without_marks(text: str) -> str:
    """Text on one line, without emphasis and backticks; a link has its address behind it."""
    linked = _LINK.sub(_link, text)
    return " ".join(_MARKS.sub("", linked).split())


def _link(match: re.Match[str]) -> str:
    label, address = match[1], match[2]
    return label if not address or label == address else f"{label} ({address})"
