"""Reading of blocks: starts of lines, table rows, code fences, and parts that are left out.

The state that outlasts a line is here (an open fence, a comment, a `<think>` part); patterns are
in `blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from gramophone.text.control_filter import GLUE
from gramophone.text.markdown import blocks
from gramophone.text.markdown.blocks import CodeFence, LineLead, SkippedPart
from gramophone.text.markdown.tokens import LABEL, SPACE, HeldText, SpokenToken, TokenWriter

NestedRead: TypeAlias = Callable[[str, Sequence[int], int], list[SpokenToken]]
"""Reads a part of a line as Markdown of its own: its text, source offsets, and lowest guard."""

_LONGEST_FENCE_LINE = 200


class BlockReader:
    """Read the front of `held` where a line begins, and constructs that span lines.

    Each `read_…` gives how many characters are done, 0 when more text must come first.
    """

    def __init__(
        self, held: HeldText, writer: TokenWriter, read_nested: NestedRead, *, nested: bool
    ) -> None:
        self.at_start = not nested
        """At the start of a line, or behind a list marker or quote mark there."""
        self.fence: CodeFence | None = None
        self.skipped: SkippedPart | None = None
        self.in_heading = False
        self._held = held
        self._writer = writer
        self._read_nested = read_nested
        self._nested = nested
        self._at_top = not nested
        self._in_item = False
        self._fence_line = ""

    def open_fence(self, mark: str, length: int) -> None:
        """Enter a code fence of `length` marks."""
        self.fence = CodeFence(mark, length)
        self._fence_line = ""

    def end_line(self) -> int:
        """Deal with a newline at the front."""
        self._writer.end_line()
        # A label or a cell is part of a line: no list or heading begins in it.
        self.at_start = not self._nested
        self._in_item = self.in_heading = False
        return 1

    def read_skipped(self, skipped: SkippedPart) -> int:
        """Drop one character of a part that is left out."""
        if skipped.ends_with(self._held.text[0]):
            self.skipped = None
        return 1

    def read_fence(self, fence: CodeFence) -> int:
        """Drop one character of a code fence; its end is looked for at every newline."""
        char = self._held.text[0]
        if char != "\n":
            # Only a short line can close a fence; a long one need not be kept.
            if len(self._fence_line) < _LONGEST_FENCE_LINE:
                self._fence_line += char
            return 1
        line, self._fence_line = self._fence_line, ""
        if not fence.closed_by(line):
            return 1
        self.fence = None
        return self.end_line()

    def read_start(self, final: bool) -> int | None:
        """Deal with the start of a line; None when the line goes on as plain text."""
        char = self._held.text[0]
        if char in " \n" or char == GLUE:
            return self.end_line() if char == "\n" else 1
        if self._at_top and char in "-+":
            closing = blocks.front_matter(self._held.text, final)
            if closing is None:
                return 0
            if closing:
                self.skipped = SkippedPart(closing)
        self._at_top = False
        if self.skipped is not None:
            return 1
        kind, length = blocks.line_lead(self._held.text, final, self._in_item)
        return self._read_lead(kind, length)

    def _read_lead(self, kind: LineLead, length: int) -> int | None:
        char = self._held.text[0]
        if kind is LineLead.WAIT:
            if char in "|`~" and len(self._held.text) > 3:
                self._held.wake = "\n`" if char == "`" else "\n"
                self._held.longest = blocks.LONGEST_ROW + 1
            return 0
        if kind is LineLead.ROW:
            return self._read_row()
        if kind is LineLead.FENCE:
            self.open_fence(char, length)
            self.at_start = False
            return length
        if kind is LineLead.TEXT:
            self.at_start = False
            return None
        self._writer.mark()
        self._in_item = self._in_item or kind in (LineLead.MARK, LineLead.NUMBER)
        # After a list marker or a quote mark the line may begin again: "> 1. # Title".
        self.at_start = kind in (LineLead.MARK, LineLead.NUMBER)
        self.in_heading = self.in_heading or kind is LineLead.HEADING
        if kind is LineLead.NUMBER:
            self._say_number(length)
        return length

    def _say_number(self, length: int) -> None:
        for index in range(length):
            if self._held.text[index] != "\\":
                self._writer.put(self._held.text[index], index, LABEL)
        self._writer.put(SPACE, length - 1, LABEL)

    def _read_row(self) -> int:
        """Say the cells of a table row, with a comma between them."""
        line, _, _ = self._held.text.partition("\n")
        if not blocks.is_delimiter_row(line):
            self._writer.mark()
            after_cell = False
            for start, end in blocks.cells(line):
                tokens = self._read_nested(line[start:end], self._held.positions[start:end], LABEL)
                if after_cell and any(token.text.strip() for token in tokens):
                    self._separate_cells(start)
                self._writer.put_nested(tokens)
                after_cell = after_cell or bool(tokens)
        self.at_start = False
        return len(line) or 1

    def _separate_cells(self, index: int) -> None:
        texts = (token.text for token in reversed(self._writer.tokens) if token.text.strip())
        if next(texts, "") not in ".!?:;,…。！？、，":
            self._writer.put(",", index - 1, LABEL)
        self._writer.put(SPACE, index - 1, LABEL)
