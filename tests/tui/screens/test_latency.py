"""The latency view: answers step by step, beside each other, nearer and farther."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from fixtures import recordings
from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionStarted, WarningReceived
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, headline, press, screen_text, screen_words
from tests.support.timelines import HOSTILE, session_of, talk, talked
from tui.app import GramophoneApp
from tui.latency.chart import WaterfallChart
from tui.latency.rows import STAGES
from tui.screens.conversation import ConversationScreen
from tui.screens.latency import LatencyScreen
from tui.screens.session import SessionScreen
from tui.screens.timeline import TimelineScreen


async def opened(pilot: Pilot[Any], backend: FakeBackend, turn: int | None = None) -> None:
    await pilot.app.push_screen(LatencyScreen(backend, session_of(backend), turn))
    await drawn(pilot)


def foot(pilot: Pilot[Any]) -> str:
    """The last words before the keys."""
    lines = [line.strip() for line in screen_text(pilot).split("\n")[:-1]]
    return next(line for line in reversed(lines) if line)


async def test_a_session_opens_its_last_answer() -> None:
    app = GramophoneApp(talked())
    async with app.run_test() as pilot:
        await press(pilot, "f2", "enter", "w")
        assert isinstance(app.screen, LatencyScreen)
        assert headline(pilot) == "Latency · answer 2 of 2 · And the horn?"
        words = screen_words(pilot)
        assert "first sound 1.32 s first words 600 ms TTFB 480 ms TTFA 600 ms" in words
        for name in STAGES:
            assert name in screen_words(pilot)
        await press(pilot, "escape")
        assert isinstance(app.screen, SessionScreen)


async def test_the_answer_of_a_turn_opens() -> None:
    backend = talked()
    for turn, number in ((0, 1), (1, 1), (2, 2), (3, 2), (99, 2)):
        async with GramophoneApp(backend).run_test() as pilot:
            await opened(pilot, backend, turn)
            assert headline(pilot).startswith(f"Latency · answer {number} of 2")


async def test_a_recorded_answer_has_its_figures() -> None:
    backend = talked(recordings.load("short-answer"))
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        words = screen_words(pilot)
        assert "first sound 552 ms first words 270 ms TTFB 213 ms TTFA 216 ms" in words
        assert "↑ flush sent ↓ flush answered" in screen_words(pilot)
        assert "underrun" not in screen_words(pilot).lower()


async def test_brackets_choose_the_answer() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await press(pilot, "left_square_bracket")
        assert "answer 1 of 2 · What is a gramophone?" in headline(pilot)
        await press(pilot, "left_square_bracket")
        assert "answer 1 of 2" in headline(pilot)
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert "answer 2 of 2" in headline(pilot)


async def test_one_answer_is_laid_over_another() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(100, 40)) as pilot:
        await opened(pilot, backend)
        await press(pilot, "left_square_bracket", "c")
        assert "to be compared" in headline(pilot)
        await press(pilot, "right_square_bracket")
        assert "answer 2 of 2 · over answer 1" in headline(pilot)
        words = screen_words(pilot)
        assert "first sound 1.32 s (+880 ms)" in words
        for difference in ("+400 ms", "+80 ms", "+320 ms", "+120 ms"):
            assert difference in words
        await press(pilot, "c", "left_square_bracket")
        assert "answer 1 of 2 · over answer 2" in headline(pilot)
        assert "first sound 440 ms (−880 ms)" in screen_words(pilot)
        await press(pilot, "right_square_bracket", "c")
        assert headline(pilot) == "Latency · answer 2 of 2 · And the horn?"
        assert "+880" not in screen_words(pilot)


@pytest.mark.parametrize(("down", "up"), [("down", "up"), ("j", "k")])
async def test_the_row_under_the_cursor_is_told_at_the_foot(down: str, up: str) -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(100, 40)) as pilot:
        await opened(pilot, backend)
        assert foot(pilot).startswith("First delta: 600 ms, from 0 to 600 ms; submit to")
        await press(pilot, down, down)
        assert foot(pilot).startswith("First byte: 480 ms, from 720 ms to 1.20 s;")
        await press(pilot, *[down] * 5)
        assert foot(pilot).startswith("1 flush sent, 1 flush refused, 1 flush answered; first at")
        await press(pilot, down)
        assert foot(pilot).endswith("first at 900 ms: EXCESSIVE_FLUSH: Too many flushes.")
        await press(pilot, down, down, down)
        assert foot(pilot).startswith("2 underruns; first at 1.41 s: 96 samples missing at 480")
        await press(pilot, *[up] * 20)
        assert foot(pilot).startswith("First delta")


async def test_a_click_tells_a_stage_and_the_mark_that_was_meant() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(100, 40)) as pilot:
        await opened(pilot, backend)
        lines = screen_text(pilot).split("\n")
        row = next(n for n, line in enumerate(lines) if "Text sent" in line)
        await pilot.click(offset=(40, row))
        await drawn(pilot)
        assert foot(pilot).startswith("Text sent: 120 ms")
        row = next(n for n, line in enumerate(lines) if "Flushes" in line)
        await pilot.click(offset=(lines[row].index("×"), row))
        await drawn(pilot)
        assert foot(pilot) == "at 900 ms: flush 0 refused, to be sent again"


async def test_the_window_shows_the_way_to_the_first_sample_or_the_whole() -> None:
    backend = talked(recordings.load("short-answer"))
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        chart = pilot.app.screen.query_one(WaterfallChart)
        near = chart.window
        assert (near.start_us, near.end_us) == (0, round(551_852 * 1.15))
        await press(pilot, "z")
        assert (chart.window.start_us, chart.window.end_us) == (0, 6_512_466)
        assert "5 s" in screen_words(pilot) or "4 s" in screen_words(pilot)
        await press(pilot, "z")
        assert chart.window == near


@pytest.mark.parametrize("nearer", ["plus", "equals_sign"])
async def test_zoom_and_scroll_in_time(nearer: str) -> None:
    backend = talked(recordings.load("short-answer"))
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        chart = pilot.app.screen.query_one(WaterfallChart)
        near = chart.window
        await press(pilot, nearer)
        assert chart.window.span_us == near.span_us // 2
        start_us = chart.window.start_us
        await press(pilot, "right")
        assert chart.window.start_us > start_us
        assert "‹" in screen_text(pilot) or "›" in screen_text(pilot)
        await press(pilot, "left")
        assert chart.window.start_us == start_us
        await press(pilot, "l", "h")
        assert chart.window.start_us == start_us
        await press(pilot, "minus", "minus")
        assert chart.window.span_us > near.span_us
        await press(pilot, "0")
        assert chart.window == near


async def test_on_a_small_terminal_all_rows_can_be_reached() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(40, 12)) as pilot:
        await opened(pilot, backend)
        assert "Underruns" not in screen_text(pilot)
        await press(pilot, *["down"] * 12)
        assert "Underruns" in screen_text(pilot)
        assert "× flush refused" in screen_words(pilot)
        await press(pilot, *["up"] * 12)
        assert "First delta" in screen_text(pilot)


async def test_a_resize_draws_anew() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(140, 40)) as pilot:
        await opened(pilot, backend)
        await pilot.resize_terminal(40, 12)
        await drawn(pilot)
        assert all(len(text) <= 40 for text in screen_text(pilot).split("\n"))
        assert "600 ms" in screen_text(pilot)


async def test_v_opens_the_timeline_of_the_answer() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend, 1)
        await press(pilot, "v")
        assert isinstance(pilot.app.screen, TimelineScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, LatencyScreen)


async def test_ctrl_l_shows_the_answers_of_this_sitting() -> None:
    backend = talked()
    started = session_started(session_of(backend))
    assert isinstance(started, SessionStarted)
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await press(pilot, "ctrl+l")
        assert "Nothing answered yet" in screen_words(pilot)
        backend.conversation.put(started)
        await drawn(pilot)
        await press(pilot, "ctrl+l")
        assert headline(pilot).startswith("Latency · answer 2 of 2")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_a_session_without_answers_says_so() -> None:
    backend = talked([session_started()])
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        assert "No answer. Esc goes back" in screen_words(pilot)
        await press(pilot, "c", "z", "0", "plus", "left", "left_square_bracket")
        assert "No answer. Esc goes back" in screen_words(pilot)


async def test_what_cannot_be_read_is_one_sentence() -> None:
    backend = talked()
    backend.library.failure = StorageError("Cannot be read.")
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await opened(pilot, backend)
        assert isinstance(pilot.app.screen, ConversationScreen)
        assert "Cannot be read." in screen_words(pilot)


async def test_text_of_others_does_no_harm() -> None:
    warned = WarningReceived(at_us=1_300_000, code=HOSTILE, description=HOSTILE)
    events = [session_started(), *spoken_exchange(HOSTILE)]
    events.insert(7, warned)
    backend = talked(events)
    async with GramophoneApp(backend).run_test(size=(100, 40)) as pilot:
        await opened(pilot, backend)
        assert headline(pilot).endswith("abcde")
        await press(pilot, *["down"] * 8)
        assert "abcde: abcde" in foot(pilot)
        assert not set("\x1b\u202e\x9b\u200b") & set(screen_text(pilot))


def test_the_talk_is_in_order() -> None:
    at_us = [event.at_us for event in talk()]
    assert at_us == sorted(at_us)
