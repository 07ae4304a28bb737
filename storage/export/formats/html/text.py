"""A turn's text as elements, and its words in the order they are shown.

markdown-it reads the Markdown, with HTML as text and without pictures. What it gives is taken
token by token: a token that is not known here leaves its text behind and nothing else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from gramophone.core.frozen import frozen
from gramophone.text import joiners
from storage.export.formats.html.elements import Element, Node, WordPiece

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Escape sequences and control characters mean nothing here, and what turns the direction of text
# could make a link look like another one. Joiners and selectors stay where spelling needs them.
_UNWANTED = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\U000e0000-\U000e001f]"
)
_LINE = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_LINE_START = re.compile(r"\r\n|[\r\n]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WORD = re.compile(r"\s+|\S+")
_TASK = re.compile(r"\[([ xX])\] ")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\"'<>`\\\x7f-\x9f]+", re.IGNORECASE)
_REACH: Final = 256
_DEEPEST: Final = 60
"""Blocks inside blocks; what is deeper is left out, so that no text can exhaust the stack."""

_INLINE: Final = {"strong": "strong", "em": "em", "s": "s"}
_BLOCKS: Final = frozenset("blockquote li p table tbody td th thead tr ul".split())


@frozen
class ShownWord:
    """A word as it is shown, and where it stands in the turn's text. Empty: a block of code."""

    text: str
    source: int


@frozen
class ShownText:
    """The elements of a turn; their pieces count `words`, whose sources never go back."""

    nodes: tuple[Node, ...]
    words: tuple[ShownWord, ...]


def harmless(text: str) -> str:
    """Without what acts instead of being read; lines end in `\\n` alone."""
    text = joiners.without_runs(_UNWANTED.sub("", _LINE.sub("\n", text)))
    return _SURROGATE.sub("\ufffd", joiners.without_strays(text))


def harmless_line(text: str) -> str:
    """The same on one line."""
    return " ".join(harmless(text).split())


def markdown(text: str) -> ShownText:
    """An answer, with its Markdown shown as what it means."""
    reader = _HtmlTextReader(text)
    reader.blocks(_parser().parse(text))
    return reader.shown()


def verbatim(text: str) -> ShownText:
    """A prompt, as it was written."""
    reader = _HtmlTextReader(text)
    reader.verbatim()
    return reader.shown()


@cache
def _parser() -> MarkdownIt:
    # Imported when first used: it costs a tenth of a second.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("gfm-like", {"html": False, "maxNesting": _DEEPEST})
    parser.disable("image")
    if parser.linkify is not None:
        # `main.py` is a file, not a place in Paraguay.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    return parser


class _HtmlTextReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._line_starts = [0, *(match.end() for match in _LINE_START.finditer(text))]
        self._at = 0
        self._words: list[ShownWord] = []
        self._open = False
        self._root = Element("div")
        self._stack = [self._root]

    def shown(self) -> ShownText:
        return ShownText(tuple(self._root.children), tuple(self._words))

    def verbatim(self) -> None:
        self._into(Element("p", attributes={"class": "verbatim", "dir": "auto"}))
        self._put(self._text.strip())

    # --- blocks -------------------------------------------------------------------------------

    def blocks(self, tokens: Sequence[Token]) -> None:
        depths: list[int] = []
        for token in tokens:
            if token.nesting == 1:
                depths.append(len(self._stack))
                self._enter(token)
            elif token.nesting == -1:
                del self._stack[depths.pop() :]
            elif token.type == "inline":
                self._go_to_line(token)
                self._inline(token.children or [])
            elif token.type in ("fence", "code_block"):
                self._code(token)
            elif token.type == "hr":
                self._add(Element("hr"))

    def _enter(self, token: Token) -> None:
        if token.hidden:  # the paragraphs of a list without gaps
            return
        tag, attributes = token.tag, dict[str, str]()
        if token.type == "heading_open":
            # Under the page's title and the names of the speakers.
            self._into(Element(f"h{min(6, int(tag[1:]) + 2)}", attributes={"dir": "auto"}))
            return
        if token.type == "ordered_list_open":
            start = str(token.attrs.get("start", ""))
            self._into(Element("ol", attributes={"start": start} if start.isdecimal() else {}))
            return
        if tag not in _BLOCKS:
            return
        if tag == "table":
            self._into(Element("div", attributes={"class": "wide"}))
        if tag in ("td", "th"):
            align = str(token.attrs.get("style", "")).removeprefix("text-align:")
            attributes = {"class": align} if align in ("left", "center", "right") else {}
        if tag in ("p", "td", "th", "li"):
            attributes["dir"] = "auto"
        self._into(Element(tag, attributes=attributes))

    def _code(self, token: Token) -> None:
        self._go_to_line(token)
        block = Element("pre", word=len(self._words))
        self._words.append(ShownWord("", self._at))
        block.children.append(Element("code", [harmless(token.content)]))
        self._add(block)

    def _go_to_line(self, token: Token) -> None:
        if token.map and token.map[0] < len(self._line_starts):
            self._at = max(self._at, self._line_starts[token.map[0]])

    def _into(self, element: Element) -> None:
        self._add(element)
        self._stack.append(element)

    def _add(self, node: Node) -> None:
        self._stack[-1].children.append(node)

    # --- inline text --------------------------------------------------------------------------

    def _inline(self, tokens: Sequence[Token]) -> None:
        self._open = False
        depths: list[int] = []
        for index, token in enumerate(tokens):
            match token.type:
                case "softbreak" | "hardbreak":
                    self._add(Element("br") if token.type == "hardbreak" else "\n")
                    self._open = False
                case "code_inline":
                    self._into(Element("code"))
                    self._put(token.content)
                    self._stack.pop()
                case "link_close":
                    del self._stack[depths.pop() :]
                    if token.markup not in ("linkify", "autolink"):
                        self._pass_address()
                case _ if token.nesting == 1:
                    depths.append(len(self._stack))
                    if looks := self._looks(token):
                        self._into(looks)
                case _ if token.nesting == -1:
                    del self._stack[depths.pop() :]
                case _:
                    self._put(self._boxed(token.content) if index == 0 else token.content)

    def _looks(self, token: Token) -> Element | None:
        if token.type == "link_open":
            return link(str(token.attrs.get("href", "")))
        return Element(_INLINE[token.tag]) if token.tag in _INLINE else None

    def _boxed(self, content: str) -> str:
        """The first words of a list's item, which may be a task."""
        task = _TASK.match(content) if self._stack[-1].tag == "li" else None
        if task is None:
            return content
        return f"{'☐' if task[1] == ' ' else '☑'} {content[task.end() :]}"

    def _put(self, content: str) -> None:
        for match in _WORD.finditer(harmless(content)):
            piece = match[0]
            if piece.isspace():
                self._add(piece)
                self._open = False
                continue
            source = self._find(piece)
            if self._open:
                last = self._words[-1]
                self._words[-1] = ShownWord(last.text + piece, last.source)
            else:
                self._words.append(ShownWord(piece, source))
            self._open = True
            self._add(WordPiece(piece, len(self._words) - 1))

    def _find(self, piece: str) -> int:
        """Offset of a piece in the source text from the current place on; the current place, if the
        source spells it differently."""
        offset = self._text.find(piece, self._at, self._at + len(piece) + _REACH)
        if offset >= 0:
            line = bisect_right(self._line_starts, self._at)
            # Not on a later line: there it is another word that looks the same.
            ends = self._line_starts[line] if line < len(self._line_starts) else len(self._text)
            if offset < ends or not self._text[self._at : offset].strip(" \t\r\n>#*_~`-+"):
                self._at = offset + len(piece)
                return offset
        return self._at

    def _pass_address(self) -> None:
        start = self._text.find("](", self._at, self._at + 8)
        end = self._text.find(")", start) if start >= 0 else -1
        if end >= 0:
            self._at = end + 1


def link(href: str) -> Element | None:
    """To where a click may lead; None when it may not. The address shows under the pointer."""
    if not _SAFE_LINK.fullmatch(href):
        return None
    return Element(
        "a",
        attributes={
            "href": href,
            "rel": "noopener noreferrer nofollow",
            "target": "_blank",
            "title": href,
        },
    )
