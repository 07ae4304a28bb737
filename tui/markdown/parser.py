"""From the parser's tokens to blocks: hostile text made harmless, each character with its source.

markdown-it is the parser. It does not say where inline text came from, so that is found again by
walking through the source beside the tokens.
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
from tui.markdown.blocks import Block, Child, Code, Heading, Item, Paragraph, Quote, Rule, Table
from tui.markdown.flow import Flow, Run, plain_flow

BULLETS: Final = ("•", "–", "·")
_LOOKS: Final = {"strong_open": "strong", "em_open": "em", "s_open": "strike"}
_TASK = re.compile(r"\[([ xX])\] ")
_WORD = re.compile(r"\s+|\S+")
_REACH = 256
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
class Source:
    """The whole text, where in it each parsed line begins, and where the last one ends."""

    text: str
    line_starts: Sequence[int]
    end: int

    def at_line(self, line: int) -> int:
        starts = self.line_starts
        return starts[line] if line < len(starts) else self.end

    def blank_before(self, line: int) -> bool:
        """Whether the line above holds nothing but the marks of quotes."""
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
    closed: bool = True


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
        count = (number if not groups else 0) or int(first.attrs.get("start", 1) or 0)
        ordered = first.type == "ordered_list_open"
        for place, item in enumerate(_siblings(block, 1, len(block) - 1)):
            line, end_line = _span(item[0])
            bullet = f"{count + place}{item[0].markup or '.'}" if ordered else ""
            groups.append(Group(item, line, end_line, count + place, place == 0, bullet))
    return groups


def _siblings(tokens: list[Token], start: int, end: int) -> Iterator[list[Token]]:
    """Runs of tokens that open and close on the same level."""
    depth = 0
    begin = start
    for at in range(start, end):
        depth += tokens[at].nesting
        if depth == 0:
            yield tokens[begin : at + 1]
            begin = at + 1


def _span(token: Token) -> tuple[int, int]:
    return (token.map[0], token.map[1]) if token.map else (0, 0)


# --- blocks -----------------------------------------------------------------------------------


class Reader:
    """Makes blocks from groups of tokens."""

    def __init__(self, source: Source) -> None:
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
        """What a container holds; inner lists, too, stand as their items."""
        children: list[Child] = []
        for block in _siblings(tokens, 1, len(tokens) - 1):
            first = block[0]
            if first.type not in ("bullet_list_open", "ordered_list_open"):
                self._append(children, self._block(block, depth), first)
                continue
            ordered = first.type == "ordered_list_open"
            count = int(first.attrs.get("start", 1) or 0)
            for place, item in enumerate(_siblings(block, 1, len(block) - 1)):
                bullet = f"{count + place}{item[0].markup or '.'}" if ordered else ""
                self._append(children, self._item(item, depth, bullet), item[0])
        return children

    def _append(self, children: list[Child], block: Block, token: Token) -> None:
        gap = bool(children) and self._source.blank_before(_span(token)[0])
        children.append(Child(block, gap))

    def _item(self, tokens: list[Token], depth: int, bullet: str) -> Item:
        children = self._children(tokens, depth if bullet else depth + 1)
        mark = bullet or BULLETS[depth % len(BULLETS)]
        if children and isinstance(first := children[0].block, Paragraph):
            task = _TASK.match(first.flow.text)
            if task is not None:
                mark = "☐" if task[1] == " " else "☑"
                first.flow = _without_start(first.flow, task.end())
        return Item(mark, children)

    def code(self, token: Token) -> Code:
        """A fence, or an indented piece of code."""
        line, _ = _span(token)
        source = self._source
        fenced = token.type == "fence"
        language = plain_line(token.info).split(" ")[0][:24] if fenced else ""
        code = Code(language, source.at_line(line))
        code.lines = self.code_lines(token.content, line + 1 if fenced else line)
        return code

    def code_lines(self, content: str, line: int) -> list[Flow]:
        source = self._source
        flows: list[Flow] = []
        rows = content.split("\n")
        if rows and not rows[-1]:
            rows.pop()
        for at, row in enumerate(rows, line):
            start = source.at_line(at)
            place = source.text.find(row, start, source.at_line(at + 1)) if row else start
            flows.append(plain_flow(plain(row), place if place >= 0 else start))
        return flows

    def table(self, tokens: list[Token], *, header: bool = True) -> Table:
        table = Table(self._source.at_line(_span(tokens[0])[0]), [])
        aligns: list[str] = []
        row: list[Flow] = []
        walk: Walk | None = None
        for at, token in enumerate(tokens):
            if token.type == "tr_open":
                line, end_line = _span(token)
                row = []
                walk = self._walk(line, max(end_line, line + 1))
            elif token.type in ("th_open", "td_open") and walk is not None:
                if token.type == "th_open":
                    style = str(token.attrs.get("style", ""))
                    aligns.append(style.removeprefix("text-align:"))
                row.append(walk.flow(tokens[at + 1].children or []))
            elif token.type == "tr_close":
                table.rows.append(row)
        table.aligns = aligns
        if not header:
            del table.rows[:1]
        return table

    def _flow(self, token: Token, line: int, end_line: int) -> Flow:
        return self._walk(line, end_line).flow(token.children or [])

    def _walk(self, line: int, end_line: int) -> Walk:
        source = self._source
        return Walk(source.text, source.at_line(line), source.at_line(end_line))


def _without_start(flow: Flow, count: int) -> Flow:
    text = flow.text[count:]
    runs = [
        Run(max(0, run.start - count), run.source + max(0, count - run.start), run.look, run.href)
        for place, run in enumerate(flow.runs)
        if place + 1 == len(flow.runs) or flow.runs[place + 1].start > count
    ]
    return Flow(text, runs)


# --- inline text ------------------------------------------------------------------------------


class Walk:
    """Goes through a stretch of the source beside the inline tokens made of it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._at = start
        self._end = end
        self._looks: list[str] = []
        self._href = ""
        self._literal_link = False
        self._pieces: list[str] = []
        self._length = 0
        self._runs: list[Run] = []

    def flow(self, children: Sequence[Token]) -> Flow:
        """The next inline content; called again, it goes on behind the one before."""
        self._pieces, self._runs, self._length = [], [], 0
        self._looks.clear()
        self._href = ""
        for token in children:
            self._take(token)
        if not self._runs:
            self._runs.append(Run(0, min(self._at, len(self._text))))
        return Flow("".join(self._pieces), self._runs)

    def _take(self, token: Token) -> None:
        match token.type:
            case "code_inline":
                self._skip(token.markup)
                self._looks.append("code")
                self._put(token.content)
                self._looks.pop()
                self._skip(token.markup)
            case "softbreak" | "hardbreak":
                newline = self._find("\n")
                self._add(" " if token.type == "softbreak" else "\n", newline)
                self._at = newline + 1
            case "strong_open" | "em_open" | "s_open":
                self._skip(token.markup)
                self._looks.append(_LOOKS[token.type])
            case "strong_close" | "em_close" | "s_close":
                self._looks.pop()
                self._skip(token.markup)
            case "link_open":
                self._open_link(token)
            case "link_close":
                self._close_link()
            case _:
                self._put(token.content)

    def _open_link(self, token: Token) -> None:
        self._literal_link = token.markup in ("linkify", "autolink")
        if not self._literal_link:
            self._skip("[")
        self._href = str(token.attrs.get("href", "")) or " "
        self._looks.append("link")

    def _close_link(self) -> None:
        self._looks.pop()
        self._href = ""
        if self._literal_link:
            return
        self._skip("]")
        if self._text.startswith("(", self._at):
            depth = 0
            while self._at < self._end:
                character = self._text[self._at]
                depth += (character == "(") - (character == ")")
                self._at += 2 if character == "\\" else 1
                if depth == 0:
                    break
        elif self._text.startswith("[", self._at):
            self._skip("]")

    # --- where things stand -------------------------------------------------------------------

    def _find(self, what: str) -> int:
        """Where `what` comes next; where we are, if it does not come soon."""
        reach = min(self._end, self._at + len(what) + _REACH)
        found = self._text.find(what, self._at, reach)
        return found if found >= 0 else min(self._at, self._end)

    def _skip(self, markup: str) -> None:
        reach = min(self._end, self._at + len(markup) + _REACH)
        found = self._text.find(markup, self._at, reach)
        if found >= 0:
            self._at = found + len(markup)

    def _put(self, content: str) -> None:
        """Text as it stands, or word by word where escapes and entities were taken out."""
        if not content:
            return
        content = content.replace("\t", " ")
        reach = min(self._end, self._at + len(content) + _REACH)
        found = self._text.find(content, self._at, reach)
        if found >= 0:
            self._add(content, found)
            self._at = found + len(content)
            return
        for match in _WORD.finditer(content):
            word = match[0]
            found = self._text.find(word, self._at, min(reach, self._at + len(word) + 32))
            if found >= 0:
                self._add(word, found)
                self._at = found + len(word)
            else:
                self._add_spelled(word)

    def _add_spelled(self, word: str) -> None:
        """A word that is written otherwise in the source: character by character."""
        for character in word:
            found = self._text.find(character, self._at, min(self._end, self._at + 12))
            self._add(character, found if found >= 0 else min(self._at, self._end))
            if found >= 0:
                self._at = found + 1

    def _add(self, text: str, source: int) -> None:
        look = "+".join(dict.fromkeys(self._looks))
        run = Run(self._length, source, look, self._href)
        last = self._runs[-1] if self._runs else None
        if not (
            last is not None
            and (last.look, last.href) == (look, self._href)
            and last.source + self._length - last.start == source
        ):
            self._runs.append(run)
        self._pieces.append(text)
        self._length += len(text)
