"""Colours of code, found when a line is about to be seen, a stretch of lines at a time.

A lexer reads from the beginning: a line is a comment or code by what stands above it. To colour
each new line of a long fence from its first one would cost O(n²), so the code is cut into
stretches that are lexed alone, at most `LONGEST_STRETCH_LINES` long; what comes has only the last
of them lexed again. A string or a comment over several lines that is cut has wrong colours below
the cut, so cuts are made where that is unlikely. They depend on the lines alone: code has the same
colours however it came.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tui.markdown.flow import Flow, StyleRun

if TYPE_CHECKING:
    from pygments.lexer import Lexer

STRETCH_LINES: Final = 24
LONG_STRETCH_LINES: Final = 48
LONGEST_STRETCH_LINES: Final = 72
# A stretch is lexed at once, in time that grows with its characters. One with a longer line, such
# as minified code, is left without colours.
LONGEST_COLOURED_LINE: Final = 2_000
_Tokens: TypeAlias = dict[Any, str]


def lexer_of(language: str) -> Lexer | None:
    """The lexer for the word after a fence, or none."""
    from pygments import lexers
    from pygments.util import ClassNotFound

    if not language:
        return None
    try:
        return lexers.get_lexer_by_name(language, stripnl=False, ensurenl=True)
    except ClassNotFound:
        return None


def _looks() -> _Tokens:
    from pygments.token import Token as T

    return {
        T.Comment: "comment",
        T.Error: "",
        T.Generic.Deleted: "error",
        T.Generic.Inserted: "string",
        T.Generic.Emph: "em",
        T.Generic.Error: "error",
        T.Generic.Heading: "strong",
        T.Generic.Strong: "strong",
        T.Generic.Subheading: "name",
        T.Keyword: "keyword",
        T.Keyword.Constant: "constant",
        T.Keyword.Type: "type",
        T.Literal.Number: "number",
        T.Literal.String: "string",
        T.Literal.String.Doc: "comment",
        T.Literal.String.Escape: "number",
        T.Name.Attribute: "type",
        T.Name.Builtin: "builtin",
        T.Name.Builtin.Pseudo: "em",
        T.Name.Class: "type",
        T.Name.Decorator: "name",
        T.Name.Exception: "type",
        T.Name.Function: "function",
        T.Name.Tag: "keyword",
        T.Name.Variable: "name",
        T.Operator.Word: "keyword",
    }


class Colours:
    """Colours the lines of one piece of code."""

    def __init__(self, language: str) -> None:
        self._lexer = lexer_of(language)
        self._looks = _looks() if self._lexer is not None else {}
        self._starts = [0]
        self._scanned = 0
        self._coloured: dict[int, int] = {}

    def forget_from(self, line: int) -> None:
        """Forget the colours of the lines from here on: they have changed or are new."""
        while len(self._starts) > 1 and self._starts[-1] > line:
            self._starts.pop()
        self._scanned = min(self._scanned, line)
        for stretch in list(self._coloured):
            if self._coloured[stretch] > line:
                del self._coloured[stretch]

    def _scan(self, lines: list[Flow]) -> None:
        """Find the stretches of the lines.

        They are cut at an empty line with something at the margin below it, after a while at any
        empty line, and at last anywhere.
        """
        for number in range(max(1, self._scanned), len(lines)):
            length = number - self._starts[-1]
            text = lines[number].text
            gap = not lines[number - 1].text.strip()
            calm = gap and bool(text) and text[0] not in " \t})]*"
            if (
                length >= LONGEST_STRETCH_LINES
                or (gap and length >= LONG_STRETCH_LINES)
                or (calm and length >= STRETCH_LINES)
            ):
                self._starts.append(number)
        # The last line may be half a line still.
        self._scanned = max(0, len(lines) - 1)

    def colour(self, lines: list[Flow], line: int) -> int:
        """Give `line` its colours, if it has none. Returns the first line that has others now."""
        if self._lexer is None:
            return len(lines)
        self._scan(lines)
        stretch = bisect_right(self._starts, line) - 1
        start = self._starts[stretch]
        end = self._starts[stretch + 1] if stretch + 1 < len(self._starts) else len(lines)
        if self._coloured.get(start) == end:
            return len(lines)
        self._coloured[start] = end
        return start + self._lex(self._lexer, lines[start:end])

    def _lex(self, lexer: Lexer, lines: list[Flow]) -> int:
        if any(len(line.text) > LONGEST_COLOURED_LINE for line in lines):
            return len(lines)
        code = "\n".join(line.text for line in lines)
        runs: list[list[StyleRun]] = [[] for _ in lines]
        line_number = column = 0
        for token, text in lexer.get_tokens(code):
            look = self._look(token)
            for breaks, part in enumerate(text.split("\n")):
                if breaks:
                    line_number, column = line_number + 1, 0
                if line_number >= len(lines):
                    break
                if part:
                    runs[line_number].append(StyleRun(column, 0, look))
                    column += len(part)
        changed = len(lines)
        for number, (line, coloured) in enumerate(zip(lines, runs, strict=True)):
            merged = _merged(line, coloured)
            if merged != line.runs:
                line.runs = merged
                changed = min(changed, number)
        return changed

    def _look(self, token: Any) -> str:
        looks = self._looks
        look = looks.get(token)
        while look is None:
            token = token.parent
            if token is None:
                return ""
            look = looks.get(token)
        return look


def _merged(line: Flow, coloured: list[StyleRun]) -> list[StyleRun]:
    """The new looks on the old sources, without a cut where nothing changes."""
    # Tabs became spaces, so offsets jump within a line: a run must not reach over a jump.
    old = line.runs
    jumps = {
        after.start
        for before, after in pairwise(old)
        if after.source != before.source + after.start - before.start
    }
    cuts = sorted(jumps | {run.start for run in coloured} | {0})
    looks = {run.start: run.look for run in coloured}
    merged: list[StyleRun] = []
    look = ""
    for cut in cuts:
        look = looks.get(cut, look)
        if merged and merged[-1].look == look and cut not in jumps:
            continue
        merged.append(StyleRun(cut, line.source_at(cut), look))
    return merged
