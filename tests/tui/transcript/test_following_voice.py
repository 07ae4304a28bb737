"""The view of a conversation and of a replay: it goes along with the word that is heard."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Entry,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeReplay
from tests.support.seeing import drawn, press, screen_text
from tests.support.session_screen import backend_of, opened
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.transcript.transcript import Transcript

ROWS = 60
SECOND = 48_000
TEXT = "\n\n".join(f"line{number:03}" for number in range(ROWS))
SIZE = (60, 25)
CHIP = "♪ back to the voice"


def spoken_answer(turn: int = 1) -> list[Entry]:
    """An answer of sixty paragraphs, one of them spoken a second."""
    entries: list[Entry] = [
        TurnStarted(at_us=1, turn=turn, role="assistant"),
        DeltaReceived(at_us=2, turn=turn, text=TEXT),
    ]
    for number in range(ROWS):
        start = 9 * number
        entries += [
            TextSpoken(
                at_us=3,
                turn=turn,
                chunk=number,
                text=TEXT[start : start + 7],
                source_start=start,
                source_end=start + 7,
            ),
            FlushSent(at_us=3, turn=turn, flush=number, last_chunk=number),
            FlushAnswered(at_us=4, turn=turn, flush=number, end_samples=SECOND * (number + 1)),
        ]
    return [*entries, PlaybackStarted(at_us=5, turn=turn, device="x"), at(0, turn)]


def at(seconds: float, turn: int = 1) -> PlayoutAdvanced:
    samples = int(seconds * SECOND)
    return PlayoutAdvanced(at_us=7, turn=turn, position_samples=samples, queued_samples=0)


def transcript_of(pilot: Pilot[Any]) -> Transcript:
    return pilot.app.screen.query_one(Transcript)


def is_in_the_middle_third(pilot: Pilot[Any]) -> bool:
    """Whether the lit word stands there, in whole rows."""
    transcript = transcript_of(pilot)
    for y in range(transcript.size.height):
        if any(s.style is not None and s.style.underline for s in transcript.render_line(y)):
            rows = transcript.size.height
            return rows // 3 <= y <= 2 * rows // 3
    raise AssertionError("no word is lit")


async def spoken(pilot: Pilot[Any], feed: FakeFeed) -> None:
    feed.put(session_started(), *spoken_answer())
    await drawn(pilot)


async def follows(pilot: Pilot[Any], feed: FakeFeed) -> None:
    await spoken(pilot, feed)
    assert "line000" in screen_text(pilot)
    assert transcript_of(pilot).scroll_offset.y == 0
    tops: list[int] = []
    for tenth in range(200, 300):
        feed.put(at(tenth / 10))
        await pilot.app.screen.query_one(Pane).tick()
        tops.append(transcript_of(pilot).scroll_offset.y)
        assert is_in_the_middle_third(pilot)
    moves = {after - before for before, after in pairwise(tops)}
    assert moves == {0, 2}, "by the lines of a paragraph, and not with each word"
    assert CHIP not in screen_text(pilot)
    feed.put(at(ROWS - 0.5))
    await drawn(pilot)
    assert transcript_of(pilot).end_in_view


class TestFollowing:
    async def test_in_a_talk(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await follows(pilot, backend.conversation)

    async def test_in_a_replay(self) -> None:
        backend = backend_of()
        async with opened(backend, "space", size=SIZE) as pilot:
            assert isinstance(backend.replay_feed, FakeReplay)
            await follows(pilot, backend.replay_feed)

    async def test_muted_the_end_stays_in_view(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            backend.conversation.put(DeviceChanged(at_us=0, device="muted", silent=True, detail=""))
            await spoken(pilot, backend.conversation)
            assert transcript_of(pilot).end_in_view

    async def test_stopped_it_stays_where_the_voice_was(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await spoken(pilot, backend.conversation)
            backend.conversation.put(at(20))
            await drawn(pilot)
            top = transcript_of(pilot).scroll_offset.y
            backend.conversation.put(
                TurnInterrupted(
                    at_us=9, turn=1, heard_text=TEXT[: 9 * 20], heard_samples=20 * SECOND
                )
            )
            await drawn(pilot)
            assert transcript_of(pilot).scroll_offset.y == top
            assert "↓ End" in screen_text(pilot)
            backend.conversation.put(TurnStarted(at_us=10, turn=2, role="user", text="Next?"))
            await drawn(pilot)
            assert transcript_of(pilot).end_in_view

    async def test_an_earlier_answer_that_is_spoken_again_comes_into_view(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await spoken(pilot, backend.conversation)
            backend.conversation.put(
                PlaybackFinished(at_us=8, turn=1, played_samples=ROWS * SECOND),
                TurnCompleted(at_us=9, turn=1, role="assistant", text=TEXT, finish_reason="stop"),
                TurnStarted(at_us=10, turn=2, role="user", text="More?\n" * 300),
                TurnStarted(at_us=11, turn=3, role="assistant", repeats=1),
            )
            await drawn(pilot)
            assert "line0" not in screen_text(pilot)
            again = [entry for entry in spoken_answer(3) if not isinstance(entry, TurnStarted)]
            backend.conversation.put(*again, at(30, 3))
            await drawn(pilot)
            assert is_in_the_middle_third(pilot)


class TestWaysBack:
    async def scrolled_away(self, pilot: Pilot[Any], backend: FakeBackend) -> None:
        await spoken(pilot, backend.conversation)
        backend.conversation.put(at(30))
        await drawn(pilot)
        await press(pilot, "pageup", "pageup")
        assert CHIP in screen_text(pilot)
        assert "End" in screen_text(pilot)

    async def test_who_scrolls_is_left_alone(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await self.scrolled_away(pilot, backend)
            top = transcript_of(pilot).scroll_offset.y
            backend.conversation.put(at(50))
            await drawn(pilot)
            assert transcript_of(pilot).scroll_offset.y == top

    @pytest.mark.parametrize("way", ["key", "transcript's key", "click"])
    async def test_back_to_the_voice(self, way: str) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await self.scrolled_away(pilot, backend)
            if way == "click":
                lines = screen_text(pilot).split("\n")
                y = next(y for y, line in enumerate(lines) if CHIP in line)
                await pilot.click(offset=(lines[y].index(CHIP) + 2, y))
            elif way == "key":
                await pilot.press("ctrl+g")
            else:
                transcript_of(pilot).focus()
                await pilot.press("b")
            await drawn(pilot)
            assert is_in_the_middle_third(pilot)
            assert CHIP not in screen_text(pilot)

    async def test_the_end_leaves_the_voice(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await spoken(pilot, backend.conversation)
            await press(pilot, "end")
            assert transcript_of(pilot).end_in_view
            assert f"{CHIP}  Ctrl+G" in screen_text(pilot)
            backend.conversation.put(at(10))
            await drawn(pilot)
            assert transcript_of(pilot).end_in_view

    async def test_the_wheel_leaves_it_too(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=SIZE) as pilot:
            await spoken(pilot, backend.conversation)
            where = (transcript_of(pilot), 5, 5, 0, 0, 0, False, False, False)
            for _ in range(15):
                transcript_of(pilot).post_message(events.MouseScrollDown(*where))
            await drawn(pilot)
            assert CHIP in screen_text(pilot)
