"""A session in which turns were taken back, repeated, and asked under other settings."""

from __future__ import annotations

from gramophone.core.timeline import (
    Event,
    HistoryRewound,
    PlaybackStopped,
    SessionEnded,
    SettingsChanged,
    TurnCompleted,
    TurnInherited,
    TurnStarted,
)
from tests.support.builders import session_started, spoken_exchange

CHANGED = SettingsChanged(
    at_us=3_000_000,
    provider="openai",
    model="gpt-5-mini",
    voice="aura-2-luna-en",
    system_prompt="Be long.",
    speed=1.2,
)


def session() -> list[Event]:
    """Two inherited turns, a question that is edited, an answer that is hushed and repeated."""
    return [
        session_started(),
        TurnInherited(at_us=0, turn=0, role="user", text="Old question?"),
        TurnInherited(at_us=0, turn=1, role="assistant", text="Old answer."),
        *spoken_exchange("First try?", "First answer.", first_turn=2),
        HistoryRewound(at_us=2_000_000, to_turn=2),
        *spoken_exchange("Second try?", "Second answer.", first_turn=4, start_us=2_100_000),
        PlaybackStopped(at_us=2_900_000, turn=5, played_samples=480),
        CHANGED,
        TurnStarted(at_us=3_100_000, turn=6, role="assistant", text="Second answer.", repeats=5),
        TurnCompleted(
            at_us=3_200_000,
            turn=6,
            role="assistant",
            text="Second answer.",
            finish_reason="repeated",
        ),
        SessionEnded(at_us=4_000_000),
    ]
