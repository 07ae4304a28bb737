"""The app without a terminal, and a hand on its mouse: the kept session of the library is opened,
and played from every word that is named. `python -m tests.cli.clicking_program HOME WORD …`

A process of its own, because ALSA reads its configuration once a process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from gramophone.cli.backend import EngineThread
from gramophone.config import load
from gramophone.voice.native_noise import keep_native_noise_out
from storage.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.tui.seeing import seen
from tui.app import GramophoneApp
from tui.screens.session import SessionScreen
from tui.widgets.replay_strip import ReplayStrip

LISTENED_S = 0.6


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """The engine is a thread beside the screen's loop: what it does shows in a while."""
    for _ in range(HANG_S * 50):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"Waited in vain:\n{seen(pilot)}")


async def clicked(pilot: Pilot[Any], word: str) -> None:
    """Click into the middle of a word that stands on the screen."""
    for y, line in enumerate(seen(pilot).split("\n")):
        if (x := line.find(word)) >= 0:
            await pilot.click(offset=(x + len(word) // 2, y))
            return
    raise AssertionError(f"{word} is not on the screen:\n{seen(pilot)}")


async def clicking(pilot: Pilot[Any], *words: str) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: "Sessions (1)" in seen(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: "○ stopped" in seen(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, SessionScreen)
    for number, word in enumerate(words):
        await clicked(pilot, word)
        await until(pilot, lambda: "▶" in str(screen.query_one(ReplayStrip).render()))
        await pilot.pause(LISTENED_S)
        if number % 2:
            # The next word is clicked where the session is read, not while it plays.
            await pilot.press("escape")
            await until(pilot, lambda: "○ stopped" in seen(pilot))


async def at_work(backend: EngineThread, *words: str) -> None:
    async with GramophoneApp(backend).run_test() as pilot:
        await clicking(pilot, *words)


def main(home: str, *words: str) -> None:
    config = load({"GRAMOPHONE_HOME": home}, provider="openai", openai_base_url="http://localhost")
    backend = EngineThread(config, Recorder.open(config.home))
    try:
        asyncio.run(at_work(backend, *words))
    finally:
        backend.stop()


if __name__ == "__main__":
    keep_native_noise_out()
    main(*sys.argv[1:])
