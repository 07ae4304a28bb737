"""Start screen: the last talks, what answers and speaks, prompts to try."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from gramophone.core.timeline import Failed
from gramophone.ports.backend import ConversationInfo
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.conversation.start_screen import TRY
from tui.prompt.prompt import Prompt


@asynccontextmanager
async def started(
    backend: FakeBackend, size: tuple[int, int] = (100, 34)
) -> AsyncGenerator[Pilot[None]]:
    async with GramophoneApp(backend, {}).run_test(size=size, notifications=True) as pilot:
        await drawn(pilot)
        await drawn(pilot)
        yield pilot


def with_talks(count: int = 5) -> FakeBackend:
    records = [kept_session(number, pinned=number == 1) for number in range(1, count + 1)]
    return FakeBackend(library=FakeLibrary(records))


async def test_the_last_three_talks_are_offered_pinned_or_not() -> None:
    async with started(with_talks()) as pilot:
        words = screen_words(pilot)
        assert "Enter goes on with the last talk Question 5?" in words
        assert "Question 4?" in words
        assert "Question 3?" in words
        assert "Question 1?" not in words


async def test_enter_goes_on_with_the_last_one() -> None:
    backend = with_talks()
    async with started(backend) as pilot:
        await pilot.press("enter")
        await drawn(pilot)
        assert backend.talks[-1].resumed == kept_session(5).summary.id
        assert "Answer 5 to it." in screen_words(pilot)


@pytest.mark.parametrize("size", [(40, 12), (100, 12), (40, 34)])
async def test_enter_does_nothing_where_no_talk_is_shown(size: tuple[int, int]) -> None:
    backend = with_talks()
    async with started(backend, size) as pilot:
        assert "goes on" not in screen_words(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        assert len(backend.talks) == 1


async def test_a_click_goes_on_with_any_of_them() -> None:
    backend = with_talks()
    async with started(backend) as pilot:
        lines = screen_text(pilot).split("\n")
        row = next(number for number, line in enumerate(lines) if "Question 3?" in line)
        await pilot.click(offset=(lines[row].index("Question"), row))
        await drawn(pilot)
        assert backend.talks[-1].resumed == kept_session(3).summary.id


async def test_a_prompt_to_try_goes_into_the_prompt() -> None:
    async with started(FakeBackend()) as pilot:
        lines = screen_text(pilot).split("\n")
        row = next(number for number, line in enumerate(lines) if TRY[1] in line)
        await pilot.click(offset=(lines[row].index(TRY[1]) + 2, row))
        await drawn(pilot)
        assert pilot.app.screen.query_one(Prompt).text == TRY[1]


async def test_what_works_has_a_tick_and_what_is_missing_a_cross() -> None:
    feed = FakeFeed()
    async with started(FakeBackend(feed)) as pilot:
        assert "✓ local smollm2 ✓ thalia" in screen_words(pilot)
        feed.put(Failed(at_us=1, stage="speech", detail="No key for the voice."))
        await drawn(pilot)
        assert "✓ local smollm2 ✗ no voice" in screen_words(pilot)


async def test_where_nothing_is_kept_nothing_is_read() -> None:
    setup = ConversationInfo("local", "smollm2", "thalia", stored=False)
    backend = FakeBackend(library=FakeLibrary([kept_session(1)]), setup=setup)
    async with started(backend) as pilot:
        assert "Question 1?" not in screen_words(pilot)
        assert "Something to try" in screen_words(pilot)


async def test_all_of_it_is_in_sight_at_eighty_columns() -> None:
    async with started(with_talks(), (80, 24)) as pilot:
        assert "Question 5?" in screen_words(pilot)
        assert "Question 4?" not in screen_words(pilot)
    async with started(FakeBackend(), (80, 24)) as pilot:
        assert TRY[-1] in screen_words(pilot)
