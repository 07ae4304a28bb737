"""Blocks from the tokens of the parser, markdown-it; hostile text is made harmless on the way.

The parser says of each block on which lines it stands. Those are lines of what it was given, which
may begin with an opening or a prefix (`open_end`), so `SourceLines` maps them to the turn's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from gramophone.text.sanitize import plain, plain_line
from tui.markdown.blocks import (
    Block,
    Child,
    CodeBlock,
    Heading,
    Item,
    Paragraph,
    Quote,
    Rule,
    TableBlock,
)
from tui.markdown.flow import Flow, StyleRun, plain_flow
from tui.markdown.inline import InlineBuilder

BULLETS: Final = ("•", "–", "·")
_TASK = re.compile(r"\[([ xX])\] ")
_LONGEST_BLANK: Final = 1_000


def make_parser() -> MarkdownIt:
    """GitHub's dialect; HTML stays visible as text, and pictures become links."""
    parser = MarkdownIt("gfm-like", {"html": False})
    parser.disable("image")
    parser.core.ruler.push("plain", _make_plain)
    return parser


def _make_plain(state: StateCore) -> None:
    """Entities such as `&#x202e;` are decoded by the parser, so clean what it gives."""
    for token in state.tokens:
        for child in token.children or ():
            child.content = plain(child.content)


@dataclass(slots=True)
class SourceLines:
    """The whole text, the offset in it of each parsed line, and the end of the last one."""

    text: str
    line_starts: Sequence[int]
    end: int

    def at_line(self, line: int) -> int:
        starts = self.line_starts
        return starts[line] if line < len(starts) else self.end

    def blank_before(self, line: int) -> bool:
        """Whether the line above holds nothing but the marks of quotes."""
        # Bounded, for a line of a hostile text may be as long as the text.
        end = self.at_line(line) - 1
        lowest = max(0, end - _LONGEST_BLANK)
        start = max(lowest, self.text.rfind("\n", lowest, max(0, end)) + 1)
        return end >= 0 and not self.text[start:end].strip("> \t")


@dataclass(slots=True)
class Group:
    """The tokens of one block, or of one item of an outer list."""

    tokens: list[Token]
    line: int
    end_line: int
    number: int = 0
    first_of_list: bool = True
    bullet: str = ""


def groups_of(tokens: list[Token], number: int = 0) -> list[Group]:
    """The outermost blocks; an outer list is taken apart into its items.

    `number` is what the first item is counted as, if the list began before these tokens.
    """
    groups: list[Group] = []
    for block in _siblings(tokens, 0, len(tokens)):
        first = block[0]
        if first.type not in ("bullet_list_open", "ordered_list_open"):
            line, end_line = _span(first)
            groups.append(Group(block, line, end_line))
            continue
        # The list may have begun above, in units that are frozen: then its items go on counting.
        count = (number if not groups else 0) or int(first.attrs.get("start", 1) or 0)
        ordered = first.type == "ordered_list_open"
        for index, item in enumerate(_siblings(block, 1, len(block) - 1)):
            line, end_line = _span(item[0])
            bullet = f"{count + index}{item[0].markup or '.'}" if ordered else ""
            groups.append(Group(item, line, end_line, count + index, index == 0, bullet))
    return groups


def _siblings(tokens: list[Token], start: int, end: int) -> Iterator[list[Token]]:
    """Tokens of one level after another, each with all that it opens up to its close."""
    depth = 0
    begin = start
    for index in range(start, end):
        depth += tokens[index].nesting
        if depth == 0:
            yield tokens[begin : index + 1]
            begin = index + 1


def _span(token: Token) -> tuple[int, int]:
    return (token.map[0], token.map[1]) if token.map else (0, 0)


# --- blocks -----------------------------------------------------------------------------------


class BlockBuilder:
    """Makes blocks from groups of tokens."""

    def __init__(self, source: SourceLines) -> None:
        self._source = source

    def block(self, group: Group) -> Block:
        return self._block(group.tokens, 0, group.bullet)

    def _block(self, tokens: list[Token], depth: int, bullet: str = "") -> Block:
        first = tokens[0]
        source = self._source
        line, end_line = _span(first)
        match first.type:
            case "heading_open":
                return Heading(int(first.tag[1:]), self._flow(tokens[1], line, end_line))
            case "hr":
                return Rule(source.at_line(line))
            case "fence" | "code_block":
                return self.code(first)
            case "table_open":
                return self.table(tokens)
            case "blockquote_open":
                return Quote(self._children(tokens, depth))
            case "list_item_open":
                return self._item(tokens, depth, bullet)
            case "bullet_list_open" | "ordered_list_open":
                return Quote(self._children(tokens, depth))
            case _:
                inline = tokens[1] if len(tokens) > 1 else first
                return Paragraph(self._flow(inline, line, end_line))

    def _children(self, tokens: list[Token], depth: int) -> list[Child]:
        """The blocks in a container; inner lists, too, stand as their items."""
        children: list[Child] = []
        for block in _siblings(tokens, 1, len(tokens) - 1):
            first = block[0]
            if first.type not in ("bullet_list_open", "ordered_list_open"):
                self._append(children, self._block(block, depth), first)
                continue
            ordered = first.type == "ordered_list_open"
            count = int(first.attrs.get("start", 1) or 0)
            for number, item in enumerate(_siblings(block, 1, len(block) - 1)):
                bullet = f"{count + number}{item[0].markup or '.'}" if ordered else ""
                self._append(children, self._item(item, depth, bullet), item[0])
        return children

    def _append(self, children: list[Child], block: Block, token: Token) -> None:
        gap = bool(children) and self._source.blank_before(_span(token)[0])
        children.append(Child(block, gap))

    def _item(self, tokens: list[Token], depth: int, bullet: str) -> Item:
        children = self._children(tokens, depth if bullet else depth + 1)
        mark = bullet or BULLETS[depth % len(BULLETS)]
        # A task list is not in the parser's dialect: its box is read off the text of the item.
        if children and isinstance(first := children[0].block, Paragraph):
            task = _TASK.match(first.flow.text)
            if task is not None:
                mark = "☐" if task[1] == " " else "☑"
                first.flow = _without_start(first.flow, task.end())
        return Item(mark, children)

    def code(self, token: Token) -> CodeBlock:
        """A fence, or an indented piece of code."""
        line, _ = _span(token)
        source = self._source
        fenced = token.type == "fence"
        language = plain_line(token.info).split(" ")[0][:24] if fenced else ""
        code = CodeBlock(language, source.at_line(line))
        code.lines = self.code_lines(token.content, line + 1 if fenced else line)
        return code

    def code_lines(self, content: str, line: int) -> list[Flow]:
        source = self._source
        flows: list[Flow] = []
        rows = content.split("\n")
        if rows and not rows[-1]:
            rows.pop()
        for number, row in enumerate(rows, line):
            # Indented by quotes or items, or by what the fence itself is indented by.
            start = source.at_line(number)
            offset = source.text.find(row, start, source.at_line(number + 1)) if row else start
            flows.append(plain_flow(plain(row), offset if offset >= 0 else start))
        return flows

    def table(self, tokens: list[Token], *, header: bool = True) -> TableBlock:
        table = TableBlock(self._source.at_line(_span(tokens[0])[0]), [])
        aligns: list[str] = []
        row: list[Flow] = []
        cells: InlineBuilder | None = None
        for index, token in enumerate(tokens):
            if token.type == "tr_open":
                line, end_line = _span(token)
                row = []
                cells = self._inline(line, max(end_line, line + 1))
            elif token.type in ("th_open", "td_open") and cells is not None:
                if token.type == "th_open":
                    style = str(token.attrs.get("style", ""))
                    aligns.append(style.removeprefix("text-align:"))
                row.append(cells.flow(tokens[index + 1].children or []))
            elif token.type == "tr_close":
                table.rows.append(row)
        table.aligns = aligns
        if not header:
            del table.rows[:1]
        return table

    def _flow(self, token: Token, line: int, end_line: int) -> Flow:
        return self._inline(line, end_line).flow(token.children or [])

    def _inline(self, line: int, end_line: int) -> InlineBuilder:
        source = self._source
        return InlineBuilder(source.text, source.at_line(line), source.at_line(end_line))


def _without_start(flow: Flow, count: int) -> Flow:
    text = flow.text[count:]
    runs = [
        StyleRun(
            max(0, run.start - count), run.source + max(0, count - run.start), run.look, run.href
        )
        for index, run in enumerate(flow.runs)
        if index + 1 == len(flow.runs) or flow.runs[index + 1].start > count
    ]
    return Flow(text, runs)
