"""What a test may look at: the screen once it is drawn, as text."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.support.deadlines import HANG_S
from tui.conversation.pane import Pane
from tui.prompt.prompt import Prompt

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


TEXT_KEYS = {"space", "slash", "full_stop", "minus", "question_mark"}
"""Names of the keys that write a character, beside the characters themselves."""


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, each drawn before the next; text written into the prompt is drawn as a whole."""
    is_drawn = True
    for key in keys:
        writes = len(key) == 1 or key in TEXT_KEYS
        in_prompt = writes and isinstance(pilot.app.focused, Prompt)
        if not in_prompt and not is_drawn:
            await drawn(pilot)
        await pilot.press(key)
        is_drawn = not in_prompt
        if is_drawn:
            await drawn(pilot)
    if not is_drawn:
        await drawn(pilot)
