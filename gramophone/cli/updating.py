"""Says how far an older library has been brought up to date, when that takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

SILENT_S = 1.0
BAR_CELLS = 24
_WORDS = "Bringing the library up to date; Ctrl+C stops it and loses nothing"


class Updating:
    """A bar on the terminal, drawn over itself; nothing where it is quick or there is none."""

    def __init__(self, terminal: TextIO, seconds: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._seconds = seconds
        self._began_s = seconds()
        self._shown = ""

    def __call__(self, done: int, total: int) -> None:
        if self._seconds() - self._began_s < SILENT_S or not self._terminal.isatty():
            return
        full = BAR_CELLS * done // max(1, total)
        line = f"{_WORDS}  [{'#' * full}{'.' * (BAR_CELLS - full)}] {done}/{total}"
        if line != self._shown:
            self._shown = line
            self._terminal.write(f"\r{line}")
            self._terminal.flush()

    def close(self) -> None:
        """Leave the line as if nothing had been there."""
        if self._shown:
            self._terminal.write(f"\r{' ' * len(self._shown)}\r")
            self._terminal.flush()
