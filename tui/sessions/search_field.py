"""Field that finds sessions by what was said in them, and the line below it that helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Static

from gramophone.library.search_query import hint
from tui import bindings
from tui.prompt.grapheme_input import GraphemeInput


class SessionSearch(GraphemeInput):
    """Words, phrases and filters; searched as one types."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION_SEARCH]


class SearchHint(Static):
    """Error of the last search, else the filters that fit what is being typed."""

    def __init__(self) -> None:
        super().__init__("", classes="hint", markup=False)

    def show(self, field: SessionSearch, tags: Sequence[str], *, error: str) -> None:
        words = error or (hint(field.value, list(tags)) if field.has_focus else "")
        self.update(words)
        self.set_class(bool(words), "-shown")
        self.set_class(bool(error), "-trouble")
