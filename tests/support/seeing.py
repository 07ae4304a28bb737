"""What a test may look at: the screen once it is drawn, as text."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.support.deadlines import HANG_S
from tui.conversation.pane import Pane

# Textual gives a screen 30 s for what waits in its queues: a bound on time, on a busy machine.
getattr(Pilot, "_wait_for_screen").__defaults__ = (float(HANG_S),)  # noqa: B009


async def drawn(pilot: Pilot[Any]) -> None:
    """Return when all that came has been drawn, by the same ticks that draw it for people."""
    await _workers_done(pilot)
    await pilot.pause()
    for pane in pilot.app.screen.query(Pane):
        await pane.tick()
        while not pane.settled:
            await pane.tick()
            await pilot.pause()
    await _stands_still(pilot)


async def _workers_done(pilot: Pilot[Any]) -> None:
    """A worker that a newer one takes the place of while it is waited for is no failure."""
    while True:
        try:
            await pilot.app.workers.wait_for_complete()
        except WorkerCancelled:
            await pilot.pause()
        else:
            return


async def _stands_still(pilot: Pilot[Any]) -> None:
    """Nested widgets are laid out over several refreshes: wait for the last."""
    before, same = screen_text(pilot), 0
    while same < 3:
        await pilot.pause()
        after = screen_text(pilot)
        before, same = after, same + 1 if after == before else 0


def screen_words(pilot: Pilot[Any]) -> str:
    """The words on the terminal now, without line ends and bars."""
    return " ".join(screen_text(pilot).replace("▌", " ").split())


def screen_text(pilot: Pilot[Any]) -> str:
    """The lines on the terminal now."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    return "\n".join(strip.text for strip in strips)


def headline(pilot: Pilot[Any]) -> str:
    """The first line on the terminal."""
    return screen_text(pilot).split("\n")[0].strip()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Key by key, each drawn before the next."""
    for key in keys:
        await pilot.press(key)
        await drawn(pilot)
