"""Facts in one line; what does not fit is left out whole, from the end."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tui.theme.colour_names import MUTED

_BETWEEN = "   "


class FactsLine(Widget):
    """Shows the first fact bold, the others dim."""

    DEFAULT_CSS = "FactsLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[str, ...] = ()

    def show(self, facts: Sequence[str]) -> None:
        self._facts = tuple(facts)
        self.refresh()

    def render(self) -> Content:
        facts = list(self._facts)
        while len(facts) > 1 and len(_BETWEEN.join(facts)) > self.size.width:
            facts.pop()
        if not facts:
            return Content("")
        rest = "".join(_BETWEEN + fact for fact in facts[1:])
        return Content.styled(facts[0], "bold") + Content.styled(rest, MUTED)
