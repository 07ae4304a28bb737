"""Ctrl+C in commands that talk: stops the talk first, and the program at the second time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ctrl_c(interrupt: Callable[[], None]) -> Generator[None]:
    """While the block runs, the first Ctrl+C calls `interrupt` on the running loop.

    Every further one raises KeyboardInterrupt where the program is, also while the loop is held
    up: a reader who takes nothing more of what is printed may block it for ever.
    """
    loop = asyncio.get_running_loop()
    pressed = False

    def pressed_now(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        loop.call_soon_threadsafe(interrupt)

    before = signal.signal(signal.SIGINT, pressed_now)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
