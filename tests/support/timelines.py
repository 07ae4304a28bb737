"""Timelines of kept sessions, as the library gives them, for the screens that draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    FlushRefused,
    ModelChunkReceived,
    SessionEnded,
    Underran,
    WarningReceived,
)
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session

HOSTILE = "a\x1b[31mb\u202ec\x9b2Jd\u200be"


def later(events: Sequence[Event], by: float) -> list[Event]:
    """The same, its steps so many times as far apart."""
    start_us = events[0].at_us
    return [
        replace(event, at_us=start_us + round((event.at_us - start_us) * by)) for event in events
    ]


def talk() -> list[Event]:
    """Two answers; the second is slow, and everything goes wrong in it that can."""
    second = spoken_exchange("And the horn?", "It makes it loud.", first_turn=2, start_us=9_000_000)
    wrong: list[Event] = [
        ModelChunkReceived(at_us=9_190_000, turn=3, raw=HOSTILE),
        FlushRefused(at_us=9_300_000, turn=3, flush=0),
        WarningReceived(at_us=9_300_000, code="EXCESSIVE_FLUSH", description="Too many flushes."),
        Underran(at_us=9_470_000, turn=3, position_samples=480, missing_samples=96),
        Underran(at_us=9_480_000, turn=3, position_samples=576, missing_samples=96),
    ]
    slow = later(sorted([*second, *wrong], key=lambda event: event.at_us), 3.0)
    return [session_started(), *spoken_exchange(), *slow, SessionEnded(at_us=20_000_000)]


def talked(events: Sequence[Event] | None = None) -> FakeBackend:
    """A library with one session, and its timeline."""
    library = FakeLibrary([kept_session(1)])
    session_id = library.records[0].summary.id
    library.timelines[session_id] = list(talk() if events is None else events)
    return FakeBackend(library=library)


def session_of(backend: FakeBackend) -> str:
    """The one session."""
    return backend.library.records[0].summary.id


def many(count: int) -> list[Event]:
    """A session of very many deltas."""
    return [DeltaReceived(at_us=n * 1000, turn=1, text=f"word {n}") for n in range(count)]
