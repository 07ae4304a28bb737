"""Markdown of strangers without HTML in it.

A `<` that might begin a tag or a comment becomes `&lt;`, but not in code, where that would be shown
as it stands and where no HTML can be. What is code is asked of a parser, before and after: wherever
a trick could make a reader see HTML, code gets entities as well. Better that than a comment which
hides the rest of the page.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_HTML = re.compile(r"(?<!\\)((?:\\\\)*)<(?=[A-Za-z/!?])")
_ENTITY = r"\1&lt;"
_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)")
_CODE = frozenset(("fence", "code_block"))


def without_html(text: str) -> str:
    """`text` with the same look and no HTML."""
    if not _HTML.search(text):
        return text
    careful = _careful(text)
    return _HTML.sub(_ENTITY, text) if _has_html(careful) else careful


def _careful(text: str) -> str:
    """Without touching blocks of code, and spans of it that begin and end on a line."""
    lines = text.split("\n")
    code = {
        line
        for token in _parser(html=False, tables=True).parse(text)
        if token.type in _CODE and token.map is not None
        for line in range(*token.map)
    }
    return "\n".join(
        line if number in code else _outside_spans(line) for number, line in enumerate(lines)
    )


def _outside_spans(line: str) -> str:
    parts: list[str] = []
    at = 0
    for span in _SPAN.finditer(line):
        parts += (_HTML.sub(_ENTITY, line[at : span.start()]), span[0])
        at = span.end()
    return "".join((*parts, _HTML.sub(_ENTITY, line[at:])))


def _has_html(text: str) -> bool:
    """Whether any reader sees HTML: those who know tables, and those who do not."""
    return any(
        token.type.startswith("html_")
        for tables in (False, True)
        for block in _parser(html=True, tables=tables).parse(text)
        for token in (block, *(block.children or ()))
    )


@cache
def _parser(*, html: bool, tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": html})
    return parser.enable("table") if tables else parser
