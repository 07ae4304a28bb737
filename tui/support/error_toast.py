"""Notification of an error of ours."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.text.sanitize import plain_line


def notify_error(screen: Screen[Any], error: GramophoneError) -> None:
    """Show the sentence of an error, which says what to do, for some seconds."""
    screen.notify(plain_line(str(error)), severity="error", markup=False)
