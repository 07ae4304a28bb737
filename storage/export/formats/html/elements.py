"""Elements of a page, which can only be written harmless: every text is escaped, and a tag or an
attribute that is not listed here is a mistake of the program."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, TypeAlias

EVERYWHERE: Final = frozenset({"class", "dir", "id"})
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset({"href", "rel", "target", "title"}),
    "article": frozenset({"data-at", "aria-label"}),
    "blockquote": frozenset[str](),
    "br": frozenset[str](),
    "button": frozenset({"type", "data-seek", "title"}),
    "code": frozenset[str](),
    "details": frozenset[str](),
    "div": frozenset[str](),
    "em": frozenset[str](),
    "footer": frozenset[str](),
    "h2": frozenset[str](),
    "h3": frozenset[str](),
    "h4": frozenset[str](),
    "h5": frozenset[str](),
    "h6": frozenset[str](),
    "header": frozenset[str](),
    "hr": frozenset[str](),
    "img": frozenset({"alt", "src", "height", "width"}),
    "li": frozenset[str](),
    "ol": frozenset({"start"}),
    "p": frozenset[str](),
    "pre": frozenset({"data-from"}),
    "s": frozenset[str](),
    "span": frozenset({"data-from", "data-to"}),
    "strong": frozenset[str](),
    "summary": frozenset[str](),
    "table": frozenset[str](),
    "tbody": frozenset[str](),
    "td": frozenset[str](),
    "th": frozenset[str](),
    "thead": frozenset[str](),
    "tr": frozenset[str](),
    "ul": frozenset[str](),
}
"""By tag, which attributes it may have besides those that all may have."""

_EMPTY: Final = frozenset({"br", "hr", "img"})
_LISTS: Final = frozenset({"ol", "ul"})
_LINED: Final = frozenset(
    "article blockquote details div footer h2 h3 h4 h5 h6 header hr li ol p pre summary"
    " table tbody thead tr ul td th".split()
)


@dataclass(slots=True)
class WordPiece:
    """A shown word by its number, or part of one where its looks change within it."""

    text: str
    word: int


@dataclass(slots=True)
class Element:
    """`word` numbers a block that is reached as a whole, such as code."""

    tag: str
    children: list[Node] = field(default_factory=lambda: list[Node]())
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    word: int | None = None

    def __post_init__(self) -> None:
        wrong = self.attributes.keys() - ALLOWED[self.tag] - EVERYWHERE
        if wrong:
            raise ValueError(f"<{self.tag}> cannot have {sorted(wrong)}")


Node: TypeAlias = Element | WordPiece | str

Timed: TypeAlias = Callable[[int], Mapping[str, str]]
"""The attributes that tell when a word is heard; none where nothing is."""


def untimed(_word: int) -> Mapping[str, str]:
    """Attributes of a word in a page without sound: none."""
    return {}


def written(nodes: Sequence[Node], timed: Timed = untimed) -> Generator[str]:
    """The nodes as HTML, piece by piece."""
    for node in nodes:
        match node:
            case str():
                yield escaped(node)
            case WordPiece():
                if attributes := timed(node.word):
                    word = Element("span", [node.text], {"class": "w", **attributes})
                    yield from written([word])
                else:
                    yield escaped(node.text)
            case Element():
                yield from _element(node, timed)


def _element(element: Element, timed: Timed) -> Generator[str]:
    attributes = element.attributes
    if element.word is not None:
        timing = timed(element.word)
        attributes = (
            attributes | {"data-from": timing["data-from"]} if "data-from" in timing else attributes
        )
    if element.tag in _LISTS:
        yield "\n"
    yield f"<{element.tag}"
    for name, value in sorted(attributes.items()):
        yield f' {name}="{escaped(value)}"'
    yield ">"
    if element.tag not in _EMPTY:
        yield from written(element.children, timed)
        yield f"</{element.tag}>"
    # Between blocks, so that text that is taken out of the page keeps its lines.
    if element.tag in _LINED:
        yield "\n"


def escaped(text: str) -> str:
    """For the inside of an element and of an attribute in quotes."""
    return escape(text, quote=True)


def embedded_json(value: object) -> str:
    """For the inside of a <script> that is data: nothing in it can end the element, and every
    line of it is a line for JavaScript, too."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
