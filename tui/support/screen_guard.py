"""Whether a screen was left while something was waited for."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def left(screen: Screen[Any]) -> bool:
    """After an await in a worker: nothing is there to be shown on any more.

    Textual cancels the workers of a screen once its widgets are gone; an answer that comes in
    between would look for them in vain, and that ends the app.
    """
    return not screen.is_attached or screen not in screen.app.screen_stack
