"""Progress bar on the terminal for what takes long: an older library, a large bundle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TextIO

from gramophone.text.sanitize import plain_line

SILENT_S = 1.0
"""Nothing is drawn before: most work is done by then, and a bar that flashes up says nothing."""
BAR_CELLS = 24
_MIGRATION_WORDS = "Bringing the library up to date; Ctrl+C stops it and loses nothing"


class ProgressBar:
    """A bar that is drawn over itself; nothing where the work is quick or there is no terminal."""

    def __init__(
        self,
        terminal: TextIO,
        seconds: Callable[[], float] = time.monotonic,
        *,
        words: str = _MIGRATION_WORDS,
        as_count: bool = True,
    ) -> None:
        """`as_count` shows "3/12", for numbers that are small enough; else it is a percentage."""
        self._terminal = terminal
        # The words may contain a file name, and that a control character.
        self._words = plain_line(words)
        self._as_count = as_count
        self._seconds = seconds
        self._began_s = seconds()
        self._line = ""

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` is done."""
        if self._seconds() - self._began_s < SILENT_S or not self._terminal.isatty():
            return
        full = BAR_CELLS * done // max(1, total)
        share = f"{done}/{total}" if self._as_count else f"{100 * done // max(1, total)} %"
        line = f"{self._words}  [{'#' * full}{'.' * (BAR_CELLS - full)}] {share}"
        if line != self._line:
            self._line = line
            self._terminal.write(f"\r{line}")
            self._terminal.flush()

    def close(self) -> None:
        """Clear the line."""
        if self._line:
            self._terminal.write(f"\r{' ' * len(self._line)}\r")
            self._terminal.flush()


def progress_bar(words: str, consequence: str = "") -> closing[ProgressBar]:
    """Make a bar on stderr that shows a percentage and says what Ctrl+C does.

    `consequence` follows "Ctrl+C stops it", with its own punctuation.
    """
    line = f"{plain_line(words)}; Ctrl+C stops it{consequence}"
    return closing(ProgressBar(sys.stderr, words=line, as_count=False))


LEAVES_NOTHING = " and leaves nothing"
KEEPS_FINISHED = ": what is done by then stays"
