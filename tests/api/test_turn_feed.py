"""Feeds of requests: whose turn is whose, and what waits for a reader."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gramophone.api.turn_feed import EventReader, TurnFeed, TurnFeeds
from gramophone.core.errors import GramophoneError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    Failed,
    LevelMeasured,
    Role,
    TurnCompleted,
    TurnStarted,
)


def started(turn: int, role: Role = "assistant") -> TurnStarted:
    return TurnStarted(at_us=0, turn=turn, role=role)


def completed(turn: int, text: str = "", role: Role = "assistant") -> TurnCompleted:
    return TurnCompleted(at_us=0, turn=turn, role=role, text=text, finish_reason="stop")


def frame(size_bytes: int) -> AudioReceived:
    return AudioReceived(
        at_us=0, turn=0, connection=0, offset_bytes=0, size_bytes=size_bytes, pcm=bytes(size_bytes)
    )


class Interrupts:
    """Counts how often a turn was to be stopped."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def fed(feeds: TurnFeeds, events: Sequence[Event]) -> None:
    for event in events:
        feeds.emit(event)


async def read(reader: EventReader) -> list[Event]:
    return [event async for event in reader.events()]


class TestWhoseTurn:
    async def test_a_request_ends_with_its_turn(self) -> None:
        feeds = TurnFeeds()
        feed = feeds.open(Interrupts())
        reader = feed.reader()
        events = [started(0, "user"), completed(0, "Hm?", "user"), started(1), completed(1, "Yes.")]
        fed(feeds, events)
        await feed.over.wait()
        fed(feeds, [started(2), completed(2)])
        assert await read(reader) == events
        assert feed.fold.answer("s").text == "Yes."

    async def test_requests_are_answered_in_their_order(self) -> None:
        feeds = TurnFeeds()
        first, second = feeds.open(Interrupts()), feeds.open(Interrupts())
        fed(feeds, [started(1), completed(1, "One.")])
        await first.over.wait()
        assert not second.over.is_set()
        fed(feeds, [started(3), completed(3, "Two.")])
        await second.over.wait()
        assert [feed.fold.answer("").text for feed in (first, second)] == ["One.", "Two."]

    async def test_an_answer_that_is_spoken_again_is_over_after_that(self) -> None:
        feeds = TurnFeeds()
        feed = feeds.open(Interrupts())
        reader = feed.reader()
        again = TurnStarted(at_us=0, turn=2, role="assistant", text="Yes.", repeats=1)
        events = [started(1), completed(1, "Yes."), again]
        fed(feeds, events)
        await asyncio.sleep(0)
        assert not feed.over.is_set()
        fed(feeds, [completed(2, "Yes.")])
        await feed.over.wait()
        assert await read(reader) == [*events, completed(2, "Yes.")]
        assert feed.fold.answer("s").turn == 1

    async def test_a_session_that_failed_answers_nobody(self) -> None:
        feeds = TurnFeeds()
        open_feeds = [feeds.open(Interrupts()) for _ in range(2)]
        fed(feeds, [Failed(at_us=0, stage="session", detail="It broke.")])
        for feed in open_feeds:
            assert feed.over.is_set()
            with pytest.raises(GramophoneError, match="It broke"):
                feed.fold.raise_failure("session")

    async def test_what_is_of_the_moment_is_left_out(self) -> None:
        feeds = TurnFeeds()
        reader = feeds.open(Interrupts()).reader()
        feeds.emit(LevelMeasured(at_us=0, peak=0.5, rms=0.5))
        fed(feeds, [started(0), completed(0)])
        assert await read(reader) == [started(0), completed(0)]


def begun(feed: TurnFeed, feeds: TurnFeeds) -> None:
    fed(feeds, [started(1), DeltaReceived(at_us=0, turn=1, text="Ye")])


class TestCancelling:
    def test_a_turn_under_way_is_stopped_once(self) -> None:
        feeds, stops = TurnFeeds(), Interrupts()
        feed = feeds.open(stops)
        begun(feed, feeds)
        feed.cancel()
        feed.cancel()
        assert stops.count == 1

    def test_one_that_waits_is_stopped_when_it_begins(self) -> None:
        feeds, stops = TurnFeeds(), Interrupts()
        feeds.open(stops).cancel()
        assert stops.count == 0
        fed(feeds, [started(1)])
        assert stops.count == 1

    async def test_one_that_is_over_is_not(self) -> None:
        feeds, stops = TurnFeeds(), Interrupts()
        feed = feeds.open(stops)
        fed(feeds, [started(1), completed(1)])
        await feed.over.wait()
        feed.cancel()
        assert stops.count == 0

    def test_one_that_a_newer_request_stops_leaves_that_alone(self) -> None:
        feeds, stops = TurnFeeds(), Interrupts()
        feed = feeds.open(stops)
        begun(feed, feeds)
        feeds.open(stops)
        feed.cancel()
        assert stops.count == 0


class TestReading:
    async def test_unread_sound_is_dropped_above_a_bound(self) -> None:
        reader = EventReader(most_unread_bytes=10)
        for event in (started(0), frame(8), frame(8), completed(0)):
            reader.put(event)
        reader.end()
        with pytest.raises(GramophoneError, match="More than 10 bytes of sound were left unread"):
            await read(reader)

    async def test_sound_that_is_read_does_not_count(self) -> None:
        reader = EventReader(most_unread_bytes=10)
        events = reader.events()
        for _ in range(5):
            reader.put(frame(8))
            assert await anext(events) == frame(8)

    async def test_whoever_reads_again_does_not_wait(self) -> None:
        reader = EventReader()
        reader.end()
        assert await read(reader) == await read(reader) == []
