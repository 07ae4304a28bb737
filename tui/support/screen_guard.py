"""Guards for screens that are left: coroutines go on after them, and keys are still on their way.

Textual handles a key in the queue of the widget that had the focus when it was pressed. Two quick
presses of Escape, or an Enter whose answer is awaited while another key closes all screens, reach a
screen that has been left. `Screen.dismiss` closes whatever is on top then: another screen, or the
last one, which ends the app with an error. The screens here are closed once, and only from on top.
"""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


def is_gone(screen: Screen[Any]) -> bool:
    """Say whether a screen is gone, so that nothing can be shown on it; to ask after an await.

    Textual cancels the workers of a screen once its widgets are gone; an answer that comes in
    between would look for them in vain, and that ends the app.
    """
    return not screen.is_attached or screen not in screen.app.screen_stack


class GuardedScreen(Screen[ScreenResultType]):
    """Screen that can be left once."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave the screen if it is on top; else do nothing."""
        if is_gone(self) or self.app.screen is not self:
            return AwaitComplete.nothing()
        return super().dismiss(result)


class GuardedModalScreen(GuardedScreen[ScreenResultType], ModalScreen[ScreenResultType]):
    """Modal screen that can be left once."""
