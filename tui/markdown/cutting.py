"""The place at which a block that grows without end is cut, and the marks its rest goes on behind.

The place depends on the text alone. A model may send the same text in other deltas, and a stored
answer comes whole: all of them have to be cut alike, or an answer would look different when it is
read again. So a cut is made when exactly `LONGEST_OPEN_CHARACTERS` are open, however many came at
once, and leaves at least `_LEAST_OPEN` of them open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markdown_it.token import Token

from gramophone.text.graphemes import start_of
from tui.markdown.blocks import (
    Block,
    CodeBlock,
    ContinuationPrefix,
    Heading,
    Item,
    Paragraph,
    Quote,
)
from tui.markdown.flow import Flow
from tui.markdown.parser import Group

LONGEST_OPEN_CHARACTERS: Final = 4_000
"""Characters that may be open: once there are so many, the beginning of the block is frozen."""
# A cut that freezes little comes again soon, and each parses the open end twice.
_LEAST_SETTLED: Final = LONGEST_OPEN_CHARACTERS // 2
# The newest text stays open: a mark in it that is not closed yet looks like text of no look.
_LEAST_OPEN: Final = 1_000
_LOOK_AHEAD: Final = 200
# The rest begins with a letter. Digits and marks could begin a list, a heading or a quote there.
_LETTER = r"(?=[^\W\d_])"
_SENTENCE_END = re.compile(rf"[.!?…][\"')\]’”]*\s+{_LETTER}|[。！？]{_LETTER}")
_SPACE = re.compile(rf"\s{_LETTER}")
_QUOTE: Final = "> "
_LONGEST_INFO: Final = 64
_CLOSERS: Final = frozenset(
    ("blockquote_close", "list_item_close", "bullet_list_close", "ordered_list_close")
)
_LINE_START = re.compile(r"\n(?=[ \t>]*[^\s>])")


def place_to_cut(text: str, start: int, end: int, block: Block | None) -> int:
    """An offset between `start` and `end`: the last one in reach that does least harm.

    The end of a sentence or a space outside of code, links and emphasis, else the start of a
    line, else between two graphemes.
    """
    first, last = start + _LEAST_SETTLED, end - _LEAST_OPEN
    # In quotes, items and code a line begins something; in a paragraph a line break is a space like
    # others, and the end of a sentence does less harm.
    contained = block is None or isinstance(block, Quote | Item | CodeBlock)
    if contained and (offset := _last(_LINE_START, text, first, last)) is not None:
        return offset
    if not isinstance(block, CodeBlock) and (flow := _open_flow(block)) is not None:
        for pattern in (_SENTENCE_END, _SPACE):
            for begin, until in _bare_stretches(flow, first, last):
                if (offset := _last(pattern, text, begin, until)) is not None:
                    return offset
    # A grapheme may be a chain of joined emoji, so it is looked for in a window.
    nearest = max(start + 1, last - 256)
    reach = text[nearest : last + 256]
    return max(start + 1, nearest + start_of(reach, last - nearest))


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> int | None:
    """The end of the last match behind `start` that ends at or before `end`."""
    last = None
    for match in pattern.finditer(text, start, min(len(text), end + _LOOK_AHEAD)):
        if match.end() > end:
            break
        last = match.end()
    return last


def _open_flow(block: Block | None) -> Flow | None:
    match block:
        case Paragraph(flow) | Heading(_, flow):
            return flow
        case Quote(children) | Item(_, children):
            return _open_flow(children[-1].block) if children else None
        case _:
            return None


def _bare_stretches(flow: Flow, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Offsets of text that has no look of its own, from the last stretch to the first.

    A cut in emphasis, a link or code would leave its opening without a close: its marks would
    be drawn as text, above the cut and below it.
    """
    until = len(flow.text)
    for run in reversed(flow.runs):
        if not run.look and not run.href:
            begin, stop = max(start, run.source), min(end, run.source + until - run.start)
            if begin < stop:
                yield begin, stop
        until = run.start


def separator_at_cut(block: Block, text: str, offset: int) -> str:
    """The text between a block that is cut and its rest, when both are copied."""
    space = text[offset - 1]
    while isinstance(block, Quote | Item) and block.children:
        if space == "\n":
            return space
        block = block.children[-1].block
    if isinstance(block, CodeBlock):
        return "\n" if space == "\n" else ""
    if space == "\n" and (text[offset - 2 : offset] == "\n\n" or not isinstance(block, Paragraph)):
        return space
    return " " if space.isspace() else ""


# --- the rest ---------------------------------------------------------------------------------


def continuation_prefix(group: Group, *, at_line_start: bool) -> ContinuationPrefix:
    """The marks of what is open at the end of a block, for the text behind it.

    Numbers of items and the markup of fences are repeated, so that the rest is parsed to the same
    kind of block; `mark_continued` then sees to it that no bullet and no label is drawn twice.
    """
    openers, leaf = _open_path(group)
    marks = "".join(openers)
    further = "".join(mark if mark == _QUOTE else " " * len(mark) for mark in openers)
    count = len(openers)
    if leaf.type == "fence" and not _is_closed(leaf):
        opening = f"{leaf.markup[:_LONGEST_INFO]}{leaf.info.strip()[:_LONGEST_INFO]}\n"
        return ContinuationPrefix(
            marks + opening + ("" if at_line_start else further), count, code=True
        )
    if at_line_start:
        code = leaf.type == "code_block"
        return ContinuationPrefix(marks.rstrip() + "\n" if marks else "", count, code)
    match leaf.type:
        case "code_block":
            return ContinuationPrefix(f"{marks}    ", count, code=True)
        case "heading_close" if leaf.markup.startswith("#"):
            return ContinuationPrefix(f"{marks}{leaf.markup} ", count)
        case _:
            return ContinuationPrefix(marks, count)


def _open_path(group: Group) -> tuple[list[str], Token]:
    """The marks of the containers that are open at the end, and the last block with text."""
    tokens = group.tokens
    last = len(tokens) - 1
    while last > 0 and tokens[last].type in _CLOSERS:
        last -= 1
    path: list[str] = []
    counts: list[int] = []
    for index, token in enumerate(tokens[: last + 1]):
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                counts.append(int(token.attrs.get("start", 1) or 0))
            case "bullet_list_close" | "ordered_list_close":
                counts.pop()
            case "blockquote_open":
                path.append(_QUOTE)
            case "list_item_open":
                mark = token.markup
                if not index:
                    mark = group.bullet or mark
                elif mark in (".", ")"):
                    mark = f"{counts[-1]}{mark}"
                    counts[-1] += 1
                path.append(f"{mark} ")
            case "blockquote_close" | "list_item_close":
                path.pop()
            case _:
                pass
    return path, tokens[last]


def _is_closed(fence: Token) -> bool:
    line, end_line = fence.map or (0, 0)
    return end_line - line - 1 > line_count(fence.content)


def line_count(content: str) -> int:
    """Number of lines in the content of a fence; the last one may lack its newline."""
    return content.count("\n") + (0 if content.endswith("\n") or not content else 1)


def mark_continued(block: Block, prefix: ContinuationPrefix) -> bool:
    """Mark a block, and the first blocks within it, as going on with one that was cut.

    False: nothing of it is left.
    """
    for _ in range(prefix.containers):
        match block:
            case Item():
                block.continued = True
                children = block.children
            case Quote(children):
                pass
            case _:
                return True
        if not children:
            return False
        block = children[0].block
    if prefix.code and isinstance(block, CodeBlock):
        block.separator = prefix.separator
    return True
