"""How a screen says that something could not be done."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.text.sanitize import plain_line


def notify_error(screen: Screen[Any], error: GramophoneError) -> None:
    """One sentence that says what to do."""
    screen.notify(plain_line(str(error)), severity="error", markup=False)
