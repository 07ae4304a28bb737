"""Time transforms: functions from events to events that shorten idle time of a replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gramophone.core.timeline import (
    Event,
    PlaybackFinished,
    PlaybackStarted,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)

IDLE_LIMIT_US = 2_000_000
LEAD_IN_US = 200_000


def limit_idle(events: Iterable[Event], limit_us: int = IDLE_LIMIT_US) -> Iterator[Event]:
    """Yield the events with every pause of more than `limit_us` shortened to it, unless sound
    plays through it."""
    shift_us = last_us = 0
    playing = False
    for event in events:
        gap_us = event.at_us - last_us
        if gap_us > limit_us and not playing:
            shift_us += gap_us - limit_us
        last_us = max(last_us, event.at_us)
        match event:
            case PlaybackStarted():
                playing = True
            case PlaybackFinished() | TurnInterrupted() | TurnCompleted() | TurnStarted():
                playing = False
            case _:
                pass
        yield replace(event, at_us=max(0, event.at_us - shift_us)) if shift_us else event


def begin_promptly(events: Iterable[Event], lead_in_us: int = LEAD_IN_US) -> Iterator[Event]:
    """Yield the events with the first turn at `lead_in_us` at the latest: before it engines load
    and somebody types, and nothing can be seen."""
    shift_us: int | None = None
    for event in events:
        if shift_us is None and isinstance(event, TurnStarted):
            shift_us = max(0, event.at_us - lead_in_us)
        if shift_us is None:
            yield replace(event, at_us=min(event.at_us, lead_in_us))
        else:
            yield replace(event, at_us=event.at_us - shift_us)
