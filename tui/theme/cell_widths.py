"""Mends how wide Rich takes a joiner between letters to be.

Rich counts nothing for what follows a zero-width joiner, as if every joiner made one emoji of two.
In Sinhala, Bengali or Persian a letter follows it, which has its cells; without them, a row would
be filled up too far. To be measured, such a joiner is a non-joiner, which has no cells either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import rich.cells

_JOINS_LETTERS = re.compile(
    "\u200d(?![\u00a9\u00ae\u203c-\u21aa\u231a-\u27bf\u2934-\u3299\U0001f000-\U0001faff])"
)
_NON_JOINER = "\u200c"


def mend() -> None:
    """Have every width that Rich and Textual take from now on be right; once is enough."""
    for name in ("_cell_len", "split_graphemes"):
        function = cast("Callable[..., Any]", getattr(rich.cells, name))
        if function.__module__ == rich.cells.__name__:
            setattr(rich.cells, name, _measuring(function))


def _measuring(function: Callable[..., Any]) -> Callable[..., Any]:
    def measured(text: str, *arguments: Any, **named: Any) -> Any:
        if "\u200d" in text:
            text = _JOINS_LETTERS.sub(_NON_JOINER, text)
        return function(text, *arguments, **named)

    return measured
