"""Ctrl+C in commands that speak: the first interrupts the answer, the second ends the program."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ctrl_c(interrupt: Callable[[], None]) -> Generator[None]:
    """While the block runs, the first Ctrl+C calls `interrupt` on the running loop.

    Every further one raises KeyboardInterrupt where the program is.
    """
    # Not `loop.add_signal_handler`, which is called by the loop: if the reader of a pipe stops
    # reading, a write to stdout blocks the loop for ever, and Ctrl+C would do nothing.
    loop = asyncio.get_running_loop()
    pressed = False

    def on_sigint(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        loop.call_soon_threadsafe(interrupt)

    previous = signal.signal(signal.SIGINT, on_sigint)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
