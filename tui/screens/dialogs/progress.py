"""Dialogue about long work: its progress, and the key that stops it.

`with_progress` runs it; the dialogue comes only when it takes longer than a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from gramophone.core.tasks import spawn
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen

SHOWN_AFTER_S = 0.4
_DRAWN_EVERY_S = 0.1

T = TypeVar("T")


@dataclass(slots=True)
class Progress:
    """State of long work, shared by the work and the dialogue that shows it.

    The work writes it, from any thread, and reads `stopped`; the dialogue only reads it, but for
    `stopped`.
    """

    title: str
    total: int = 0
    """Steps there are; 0 when that is not known."""
    done: int = 0
    doing: str = ""
    counted: bool = True
    """Whether the steps are things that people count."""
    stopped: bool = False

    def show(self, done: int, doing: str = "") -> None:
        """Report how many steps are done, and the next one."""
        self.done, self.doing = done, doing

    def part(self, done: int, total: int) -> None:
        """Report how much of one thing is done, in any unit."""
        self.done, self.total, self.counted = done, total, False


class ProgressScreen(GuardedModalScreen[None]):
    """Stays until the work is finished; Escape asks it to stop."""

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PROGRESS]

    def __init__(self, progress: Progress, stop: Callable[[], object] = bool) -> None:
        """`stop` ends work that does not look at `stopped` itself."""
        super().__init__()
        self._progress = progress
        self._stop = stop
        self._ended = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(self._progress.title, classes="title", markup=False)
            yield ProgressBar(show_eta=False)
            yield Static("", classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(_DRAWN_EVERY_S, self._draw)

    def on_screen_resume(self) -> None:
        self._go()

    def end(self) -> None:
        """End the dialogue; below another screen it waits until it comes up again."""
        self._ended = True
        self._go()

    def _go(self) -> None:
        # Textual takes away the topmost screen only, and the palette may lie above.
        if self._ended and self.is_active:
            self.dismiss(None)

    def _draw(self) -> None:
        progress = self._progress
        self.query_one(ProgressBar).update(total=progress.total or None, progress=progress.done)
        self.query_one(".detail", Static).update(plain_line(_words(progress)))

    def action_stop(self) -> None:
        self._progress.stopped = True
        self._stop()
        self._draw()


def _words(progress: Progress) -> str:
    if progress.stopped:
        return "Stopping after this one." if progress.total and progress.counted else "Stopping."
    if not progress.total or not progress.counted:
        return progress.doing
    number = min(progress.done + 1, progress.total)
    return " · ".join(filter(None, (f"{number:,} of {progress.total:,}", progress.doing)))


async def with_progress(
    screen: Screen[Any],
    progress: Progress,
    work: Callable[[Progress], Coroutine[Any, Any, T]],
    *,
    cancels: bool = False,
) -> T | None:
    """Await the work and show how far it is. Runs in a worker of the screen.

    Work in steps looks at `progress.stopped` and returns what it has; work that is one long
    await is cancelled instead (`cancels`), and then None comes back.
    """
    task = spawn(work(progress), name="long work of the screen")
    dialogue = ProgressScreen(progress, task.cancel if cancels else bool)
    try:
        await asyncio.wait({task}, timeout=SHOWN_AFTER_S)
        if not task.done():
            await screen.app.push_screen(dialogue)
            await asyncio.wait({task})
    finally:
        # Also where this worker was cancelled, with its screen: nobody waits for the work any more.
        task.cancel()
        dialogue.end()
    return None if task.cancelled() else task.result()
