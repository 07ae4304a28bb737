"""Says how far something has come, when it takes long: an older library, a large bundle."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from gramophone.text.sanitize import plain_line

SILENT_S = 1.0
BAR_CELLS = 24
_WORDS = "Bringing the library up to date; Ctrl+C stops it and loses nothing"


class Updating:
    """A bar on the terminal, drawn over itself; nothing where it is quick or there is none."""

    def __init__(
        self,
        terminal: TextIO,
        seconds: Callable[[], float] = time.monotonic,
        *,
        words: str = _WORDS,
        in_parts: bool = True,
    ) -> None:
        """`in_parts` when the numbers are small enough to be read; else it is a percentage."""
        self._terminal = terminal
        # It may name a file.
        self._words = plain_line(words)
        self._in_parts = in_parts
        self._seconds = seconds
        self._began_s = seconds()
        self._shown = ""

    def __call__(self, done: int, total: int) -> None:
        if self._seconds() - self._began_s < SILENT_S or not self._terminal.isatty():
            return
        full = BAR_CELLS * done // max(1, total)
        how_far = f"{done}/{total}" if self._in_parts else f"{100 * done // max(1, total)} %"
        line = f"{self._words}  [{'#' * full}{'.' * (BAR_CELLS - full)}] {how_far}"
        if line != self._shown:
            self._shown = line
            self._terminal.write(f"\r{line}")
            self._terminal.flush()

    def close(self) -> None:
        """Leave the line as if nothing had been there."""
        if self._shown:
            self._terminal.write(f"\r{' ' * len(self._shown)}\r")
            self._terminal.flush()
