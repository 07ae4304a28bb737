"""The answer's Markdown: streamed, hostile text made harmless, links shown and never opened.

Imported when the first answer is drawn: its machinery is not needed for the first frame.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from textual import on
from textual.app import ComposeResult
from textual.widgets import Markdown
from textual.widgets._markdown import MarkdownTable, MarkdownTableContent

from gramophone.plain import plain, plain_line


def _make_plain(state: StateCore) -> None:
    """Entities such as `&#x202e;` are decoded by the parser, so clean what it gives."""
    for token in state.tokens:
        for child in token.children or ():
            child.content = plain(child.content)


def make_parser() -> MarkdownIt:
    """GitHub's dialect; HTML stays visible as text, and pictures become links."""
    parser = MarkdownIt("gfm-like", {"html": False})
    parser.disable("image")
    parser.core.ruler.push("plain", _make_plain)
    return parser


class PlainTableContent(MarkdownTableContent):
    """Cells without tooltips: Textual would read markup in the model's words there."""

    def compose(self) -> ComposeResult:
        for cell in super().compose():
            cell.tooltip = None
            yield cell


class PlainTable(MarkdownTable):
    """A table of such cells."""

    def compose(self) -> ComposeResult:
        for content in super().compose():
            if isinstance(content, MarkdownTableContent):
                yield PlainTableContent(content.headers, content.rows)


class Answer(Markdown):
    """Markdown that grows."""

    BLOCKS = Markdown.BLOCKS | {"table_open": PlainTable}
    BULLETS = ["• ", "– ", "· "]  # noqa: RUF012 (declared so by Textual)

    DEFAULT_CSS = """
    Answer {
        padding: 0;
        layout: stream;
        background: transparent;
        & > MarkdownBlock { margin: 0 0 1 0; }
        & > MarkdownBlock:last-child { margin: 0; }
        MarkdownH1, MarkdownH2, MarkdownH3, MarkdownH4, MarkdownH5, MarkdownH6 {
            content-align: left middle;
            color: $text;
            background: transparent;
            text-style: bold;
            width: 1fr;
        }
        MarkdownH1 { text-style: bold underline; }
        MarkdownFence { margin: 0 0 1 0; padding: 0; background: $boost; }
        MarkdownFence > Label { padding: 0 1; }
        MarkdownTableContent { keyline: thin $foreground 20%; }
        MarkdownTableContent > .header { color: $text; text-style: bold; }
        MarkdownBlockQuote { margin: 0 0 1 0; background: transparent; }
    }
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text or None, parser_factory=make_parser, open_links=False)

    @on(Markdown.LinkClicked)
    def _show_link(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        self.notify(plain_line(event.href), title="Link", markup=False)
