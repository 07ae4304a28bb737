"""Open quotes and brackets of a text that is read character by character."""

from __future__ import annotations

from typing import Final

from gramophone.text.characters import BRACKETS, LOW_QUOTES, QUOTES

DEEPEST: Final = 16
"""Most quotes and brackets within each other that are counted."""


class QuoteNesting:
    """Stack of open quotes and brackets.

    Nothing may depend on a mark being closed: text of a model leaves some open, and some marks
    are apostrophes. So a closing mark also closes all that was opened inside it, one that closes
    nothing is ignored, and the chunker empties the stack at every line end.
    """

    def __init__(self) -> None:
        # Of each open mark the characters that may close it: German and Dutch close „ differently.
        self._closings: list[str] = []

    @property
    def depth(self) -> int:
        """Number of quotes and brackets that are open, at most `DEEPEST`."""
        return len(self._closings)

    def __contains__(self, closing: str) -> bool:
        """Say whether a mark is open that exactly `closing` closes."""
        return closing in self._closings

    def innermost_closed_by(self, char: str) -> bool:
        """Say whether `char` closes the mark that was opened last."""
        return bool(self._closings) and char in self._closings[-1]

    def read(self, char: str, *, fresh: bool, inward: bool) -> None:
        """Take one character that is neither letter nor digit.

        `fresh` says that a gap or an opening mark stands before it, so that it may open; `inward`
        that the language quotes »so«.
        """
        closings = self._closings
        if closings and char in closings[-1]:
            # An apostrophe after a gap ('tis) closes no quotation.
            if (char != "'" and char != "’") or not fresh:
                closings.pop()
        elif any(char in closing for closing in closings):
            while char not in closings.pop():
                pass
        elif len(closings) >= DEEPEST:
            return
        elif char in LOW_QUOTES:
            closings.append(LOW_QUOTES[char])
        elif char in BRACKETS:
            closings.append(BRACKETS[char])
        elif char in QUOTES:
            closings.append(QUOTES[char])
        elif char == "»" and (fresh or inward):
            closings.append("«")
        elif char == '"' and fresh:
            closings.append(char)
        elif char == "‘" and fresh:
            closings.append("’")

    def clear(self) -> None:
        """Take all marks for closed."""
        self._closings.clear()
