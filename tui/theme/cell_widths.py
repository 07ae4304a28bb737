"""A correction of how wide Rich takes a joiner between letters to be.

Rows are made of cells, and a row that is one cell longer than the terminal thinks shifts all that
is right of it, so widths have to be those of the terminal. The width of a text is not the sum of
its characters' widths: a zero-width joiner (U+200D) between two emoji makes one picture of them,
two cells wide. Rich therefore counts nothing for what follows a joiner. But in Sinhala, Bengali or
Persian a joiner shapes letters, and the letter behind it has its cells; without them, the row
would be filled up too far.

So a joiner that no emoji follows is measured as a non-joiner (U+200C), which has no cells either.
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
    """Correct every width that Rich and Textual measure from now on; once is enough."""
    # Many modules import `cell_len` and its like by name, so these cannot be replaced. But all of
    # them look up one of two functions in their own module when they are called.
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
