"""Three hours of talk as text and captions: what is held at once does not grow with it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from gramophone.timeline import Event, SessionEnded
from tests.builders import session_started, spoken_exchange
from tests.storage.export.exported import TEXTS, written
from tests.storage.recordings import SESSION_ID, record

RATE_HZ = 8_000
TURN_S = 30
SENTENCE = "The needle follows the groove, and the membrane is shaken by what it finds. "
LARGEST_BYTES = 20_000_000


def three_hours() -> list[Event]:
    sound = bytes(RATE_HZ * TURN_S)
    talk: list[Event] = [session_started(encoding="mulaw", sample_rate_hz=RATE_HZ)]
    for number in range(3 * 3600 // TURN_S):
        start_us = number * 40_000_000
        talk += spoken_exchange(
            "And?", SENTENCE * 6, first_turn=2 * number, start_us=start_us, frames=(sound,)
        )
    return [*talk, SessionEnded(at_us=10**12)]


async def test_three_hours_take_little_room(tmp_path: Path) -> None:
    await record(tmp_path, three_hours())
    for form in TEXTS[1:]:  # the first two are captions alike
        tracemalloc.start()
        try:
            size = len(await written(tmp_path, [SESSION_ID], form))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert size > 100_000
        assert peak - size < LARGEST_BYTES, form
