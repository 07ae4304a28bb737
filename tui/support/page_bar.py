"""The pages of a screen in one row; a click goes to one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.theme.colour_names import ACCENT, MUTED


class PageBar(Widget):
    """Names, the present one in the accent colour and underlined, which needs no colour."""

    DEFAULT_CSS = """
    PageBar {
        height: 1;
        padding: 0 2;
        link-color: $ink-muted 70%;
        link-style: not underline;
        link-background: transparent;
    }
    """

    def __init__(self, pages: Sequence[str]) -> None:
        super().__init__()
        self._pages = pages
        self._page_index = 0

    def show(self, index: int) -> None:
        """Mark the present page."""
        self._page_index = index
        self.refresh()

    def render(self) -> Content:
        whole = sum(map(len, self._pages))
        width = self.content_size.width
        gaps = len(self._pages) - 1
        gap = "   " if whole + 3 * gaps <= width else " "
        return Content(gap).join(self._item(n, page) for n, page in enumerate(self._pages))

    def _item(self, index: int, page: str) -> Content:
        if index == self._page_index:
            return Content.styled(page, f"bold underline {ACCENT}")
        click = Style.from_meta({"@click": f"screen.page({index})"})
        return Content.styled(page, MUTED).stylize_before(click)
