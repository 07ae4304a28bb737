"""A kept session: reading it, replaying it through the same pane, leaving it."""

from __future__ import annotations

import pytest

from gramophone.ports import TurnRecord
from gramophone.timeline import PlaybackStarted, PlayoutAdvanced, SessionEnded
from tests.builders import session_started, spoken_exchange
from tests.tui.backend import FakeBackend, FakeLibrary, kept_session
from tests.tui.seeing import drawn, said, seen
from tui.app import GramophoneApp
from tui.screens.history import HistoryScreen
from tui.screens.session import SessionScreen
from tui.widgets.transcript import Transcript


def backend_of(count: int = 1) -> FakeBackend:
    return FakeBackend(library=FakeLibrary(kept_session(number) for number in range(count)))


async def test_it_shows_what_was_said() -> None:
    async with GramophoneApp(backend_of()).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        assert "Question 0?" in seen(pilot)
        assert "Answer 0 to it." in seen(pilot)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, HistoryScreen)


@pytest.mark.parametrize("key", ["space", "r"])
async def test_a_replay_runs_through_the_pane_and_escape_ends_it(key: str) -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        await pilot.press(key)
        await drawn(pilot)
        backend.replay_feed.put(
            session_started(),
            *spoken_exchange("Asked again", "Heard again")[:-2],
            PlayoutAdvanced(at_us=3, turn=1, position_samples=48_000, queued_samples=48_000),
        )
        await drawn(pilot)
        assert "Heard again" in seen(pilot)
        assert "Answer 0 to it." not in seen(pilot)
        assert "▶ speaking  0:01 / 0:02" in seen(pilot)
        await pilot.press("escape")
        await drawn(pilot)
        assert backend.replay_feed.closed
        assert "Answer 0 to it." in seen(pilot)
        assert "○ idle" in seen(pilot)
        assert isinstance(pilot.app.screen, SessionScreen)


async def test_r_in_the_history_replays_at_once() -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("r")
        await drawn(pilot)
        assert backend.replays == [("5e55000000000000", 1.0)]
        assert not backend.replay_feed.closed


async def test_a_replay_ends_with_its_session() -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("r")
        await drawn(pilot)
        backend.replay_feed.put(*spoken_exchange("Q", "The end"), SessionEnded(at_us=9))
        await drawn(pilot)
        assert backend.replay_feed.closed
        assert "The end" in seen(pilot)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, HistoryScreen)


async def test_speed_counts_from_the_next_replay() -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        await pilot.press("s", "r")
        await drawn(pilot)
        assert backend.replays == [("5e55000000000000", 1.5)]
        assert "1.5× · Question 0?" in seen(pilot)


async def test_leaving_the_app_closes_the_replay() -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("r")
        await drawn(pilot)
        backend.replay_feed.put(PlaybackStarted(at_us=1, turn=1, device="x"))
    assert backend.replay_feed.closed


async def test_a_session_that_is_gone_is_one_sentence() -> None:
    backend = backend_of()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        backend.library.records.clear()
        await pilot.press("enter")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)
        assert "not in the library any more" in said(pilot)


async def test_two_hundred_turns_open_with_few_live_answers() -> None:
    turns = [
        TurnRecord(n, "assistant" if n % 2 else "user", f"Turn {n}. " + "word " * 80, "stop", n)
        for n in range(200)
    ]
    library = FakeLibrary([kept_session(1, "Long", turns=turns)])
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        await drawn(pilot)
        assert len(app.screen.query_one(Transcript).at_hand) <= 12
        assert seen(pilot).count("Turn 0.") == 1
        await pilot.press("end")
        await drawn(pilot)
        await drawn(pilot)
        assert "Turn 199." in seen(pilot)
