"""Finds the spans of the conversations in a long JSON text, in one pass and without holding it.

A library that reads JSON piece by piece would end at the first broken value, and knows no limit for
one that never ends. Here brackets are counted outside strings; what stands between is read as JSON
later, each by itself, so a broken conversation is lost alone.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable

from gramophone.core.frozen import frozen

LARGEST_BYTES = 16 << 20
"""Of one conversation."""

DEEPEST = 200

# Quantifiers are possessive (`++`): what they took is never given back. So a block is passed once,
# whatever stands in it; with backtracking a file could be made that takes time without end.
# Everything but brackets: strings are passed whole; a quote without an end in the block stops it.
_PASSED = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_IN_STRING = re.compile(rb"(?:[^\"\\]++|\\.)*+", re.DOTALL)


@frozen
class JsonSpan:
    """A value from `start` to `end` in bytes; with a `fault` it is not to be read."""

    start: int
    end: int
    fault: str = ""


def spans(blocks: Iterable[bytes]) -> Generator[JsonSpan]:
    """The objects and arrays in an array, or the one object that the text is."""
    walk = _JsonScanner()
    for block in blocks:
        yield from walk.go(block)
    if walk.depth or walk.in_string:
        start = walk.at if walk.start is None else walk.start
        yield JsonSpan(start, walk.at, "the file ends in the middle of it")


class _JsonScanner:
    def __init__(self) -> None:
        self.at = 0
        self.depth = 0
        self.start: int | None = None
        self.in_string = False
        self._escaped = False
        self._deepest = 0
        self._outer = 0

    def go(self, block: bytes) -> Generator[JsonSpan]:
        index, end = 0, len(block)
        while index < end:
            if self.in_string:
                index = self._through_string(block, index)
                continue
            passed = _PASSED.match(block, index)
            index = passed.end() if passed else index
            if index == end:
                break
            byte = block[index : index + 1]
            index += 1
            if byte == b'"':
                self.in_string = True
            elif byte in b"[{":
                self._open(byte, self.at + index - 1)
            elif self.depth:
                yield from self._close(self.at + index)
        self.at += end

    def _through_string(self, block: bytes, index: int) -> int:
        if self._escaped:
            self._escaped = False
            return index + 1
        match = _IN_STRING.match(block, index)
        index = match.end() if match else index
        if index == len(block):
            return index
        if block[index : index + 1] == b'"':
            self.in_string = False
        else:
            # A backslash is the last byte of the block.
            self._escaped = True
        return index + 1

    def _open(self, byte: bytes, at: int) -> None:
        if not self.depth:
            self._outer = 1 if byte == b"[" else 0
        if self.depth == self._outer:
            self.start, self._deepest = at, 0
        self.depth += 1
        self._deepest = max(self._deepest, self.depth)

    def _close(self, end: int) -> Generator[JsonSpan]:
        self.depth -= 1
        if self.depth != self._outer or self.start is None:
            return
        fault = ""
        if end - self.start > LARGEST_BYTES:
            fault = f"it is larger than {LARGEST_BYTES >> 20} MiB"
        elif self._deepest > DEEPEST:
            fault = "its values are nested too deeply"
        yield JsonSpan(self.start, end, fault)
        self.start = None
