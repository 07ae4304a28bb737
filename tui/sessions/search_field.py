"""The field that finds sessions by what was said in them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tui import bindings
from tui.prompt.grapheme_input import GraphemeInput


class SessionSearch(GraphemeInput):
    """Words, phrases and filters; searched as one types."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SESSION_SEARCH]
