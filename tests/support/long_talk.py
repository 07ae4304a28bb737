"""A talk of hours, and what it takes in memory to export it as text."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncGenerator
from pathlib import Path

from gramophone.core.timeline import Event, SessionEnded
from tests.support.builders import session_started, spoken_exchange
from tests.support.exported import TEXTS, written
from tests.support.recordings import SESSION_ID, record

RATE_HZ = 8_000
TURN_S = 30
SENTENCE = "The needle follows the groove, and the membrane is shaken by what it finds. "


def talk_of(minutes: int) -> list[Event]:
    """A session of answers of half a minute, in G.711, which is a kilobyte for 125 ms."""
    sound = bytes(RATE_HZ * TURN_S)
    talk: list[Event] = [session_started(encoding="mulaw", sample_rate_hz=RATE_HZ)]
    for number in range(minutes * 60 // TURN_S):
        start_us = number * 40_000_000
        talk += spoken_exchange(
            "And?", SENTENCE * 6, first_turn=2 * number, start_us=start_us, frames=(sound,)
        )
    return [*talk, SessionEnded(at_us=10**12)]


async def export_peaks(home: Path, minutes: int) -> AsyncGenerator[tuple[str, int, int]]:
    """Record such a talk and export it in each form of text: its name, the size of the file, and
    the bytes that were held at once beside the file's own."""
    await record(home, talk_of(minutes))
    for form in TEXTS[1:]:  # the first two are captions alike
        tracemalloc.start()
        try:
            size_bytes = len(await written(home, [SESSION_ID], form))
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        yield form, size_bytes, peak_bytes - size_bytes
