"""Guard for coroutines that go on after their screen was left."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def is_gone(screen: Screen[Any]) -> bool:
    """Say whether a screen is gone, so that nothing can be shown on it; to ask after an await.

    Textual cancels the workers of a screen once its widgets are gone; an answer that comes in
    between would look for them in vain, and that ends the app.
    """
    return not screen.is_attached or screen not in screen.app.screen_stack
