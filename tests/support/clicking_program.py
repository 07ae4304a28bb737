"""The app without a terminal, and a hand on its mouse: the kept session of the library is opened
and played from every word that is named, until the card has taken so much of it into PLAYED. Every
second word stands before the one before it.

    python -m tests.support.clicking_program HOME PLAYED WORD …

A process of its own, because ALSA reads its configuration once a process.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from gramophone.app.engine_thread import EngineThread
from gramophone.config.loading import load
from gramophone.devices.stderr_guard import keep_native_noise_out
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.seeing import screen_text
from tests.support.sound_card import RATE_HZ
from tui.app import GramophoneApp
from tui.playback.replay_bar import ReplayBar
from tui.screens.session import SessionScreen

LISTENED_BYTES = RATE_HZ * 2 * 6 // 10


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """The engine is a thread beside the screen's loop: what it does shows in a while."""
    for _ in range(HANG_S * 50):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"Waited in vain:\n{screen_text(pilot)}")


async def clicked(pilot: Pilot[Any], word: str) -> None:
    """Click into the middle of a word that stands on the screen."""
    for y, line in enumerate(screen_text(pilot).split("\n")):
        if (x := line.find(word)) >= 0:
            await pilot.click(offset=(x + len(word) // 2, y))
            return
    raise AssertionError(f"{word} is not on the screen:\n{screen_text(pilot)}")


async def listened(pilot: Pilot[Any], played: Path, before_bytes: int) -> None:
    """Wait until the card has taken so much more. A stream that is opened empties the file."""

    def taken_bytes() -> int:
        size_bytes = size_of(played)
        return size_bytes - before_bytes if size_bytes >= before_bytes else size_bytes

    await until(pilot, lambda: taken_bytes() >= LISTENED_BYTES)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def clicking(pilot: Pilot[Any], played: Path, *words: str) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: "Sessions (1)" in screen_text(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: "○ stopped" in screen_text(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, SessionScreen)
    for number, word in enumerate(words):
        before_s = position_s(screen)
        before_bytes = size_of(played)
        # The bar stands there before the transcript does.
        await until(pilot, lambda word=word: word in screen_text(pilot))
        await clicked(pilot, word)
        await until(pilot, lambda: "▶" in str(screen.query_one(ReplayBar).render()))
        if number % 2:
            # It played: the sound goes on until the replay has jumped, to a word that is earlier.
            await until(pilot, lambda before_s=before_s: position_s(screen) < before_s)
            before_bytes = size_of(played)
        await listened(pilot, played, before_bytes)
        if number % 2:
            # The next word is clicked where the session is read, not while it plays.
            await pilot.press("escape")
            await until(pilot, lambda: "○ stopped" in screen_text(pilot))


def position_s(screen: SessionScreen) -> int:
    """Where the replay is, as its strip says: `0:07 / 0:12`."""
    clock = re.search(r"(\d+):(\d\d) /", str(screen.query_one(ReplayBar).render()))
    assert clock is not None
    return 60 * int(clock[1]) + int(clock[2])


async def at_work(backend: EngineThread, played: Path, *words: str) -> None:
    async with GramophoneApp(backend).run_test() as pilot:
        await clicking(pilot, played, *words)


def main(home: str, played: str, *words: str) -> None:
    config = load({"GRAMOPHONE_HOME": home}, provider="openai", openai_base_url="http://localhost")
    backend = EngineThread(config, Recorder.open(config.home))
    try:
        asyncio.run(at_work(backend, Path(played), *words))
    finally:
        backend.stop()


if __name__ == "__main__":
    keep_native_noise_out()
    main(*sys.argv[1:])
