"""A kept session: reading it, replaying it through the same pane, leaving it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from gramophone.core.timeline import (
    PlayoutAdvanced,
    TimelineRestarted,
)
from gramophone.library.library import TurnRecord
from gramophone.ports.backend import ReplayState
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tests.support.session_screen import backend_of, exchanges, opened
from tui.app import GramophoneApp
from tui.messages import TurnWanted
from tui.playback.replay_bar import ReplayBar
from tui.playback.sound_strip import INSET, SoundStrip
from tui.screens.export import ExportScreen
from tui.screens.history import HistoryScreen
from tui.screens.latency import LatencyScreen
from tui.screens.session import SessionScreen
from tui.screens.timeline import TimelineScreen
from tui.support.formatting import times
from tui.transcript.transcript import Transcript

SESSION = "5e55000000000000"


async def looked(pilot: Pilot[Any]) -> None:
    """Return when the screen has seen where the replay is."""
    screen = pilot.app.screen
    assert isinstance(screen, SessionScreen)
    screen.look()
    await drawn(pilot)


class TestReading:
    async def test_it_shows_what_was_said(self) -> None:
        async with opened(backend_of()) as pilot:
            assert "Question 0?" in screen_text(pilot)
            assert "Answer 0 to it." in screen_text(pilot)
            assert "○ stopped  0:00 / 0:30" in screen_text(pilot)
            await pilot.press("escape")
            await drawn(pilot)
            assert isinstance(pilot.app.screen, HistoryScreen)

    async def test_a_session_that_is_gone_is_one_sentence(self) -> None:
        backend = backend_of()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await pilot.press("f2")
            await drawn(pilot)
            backend.library.records.clear()
            await pilot.press("enter")
            await drawn(pilot)
            assert isinstance(pilot.app.screen, HistoryScreen)
            assert "not in the library any more" in screen_words(pilot)

    async def test_two_hundred_turns_open_with_few_live_answers(self) -> None:
        turns = [
            TurnRecord(n, "assistant" if n % 2 else "user", f"Turn {n}. " + "word " * 80, "stop", n)
            for n in range(200)
        ]
        backend = FakeBackend(library=FakeLibrary([kept_session(1, "Long", turns=turns)]))
        async with opened(backend) as pilot:
            await drawn(pilot)
            assert len(pilot.app.screen.query_one(Transcript).awake_turns) <= 12
            assert screen_text(pilot).count("Turn 0.") == 1
            await pilot.press("end")
            await drawn(pilot)
            await drawn(pilot)
            assert "Turn 199." in screen_text(pilot)


class TestReplaying:
    async def test_it_runs_through_the_pane_and_escape_ends_it(self) -> None:
        backend = backend_of()
        async with opened(backend, "space") as pilot:
            feed = backend.replay_feed
            feed.put(
                session_started(),
                *spoken_exchange("Asked again", "Heard again")[:-2],
                PlayoutAdvanced(at_us=3, turn=1, position_samples=48_000, queued_samples=48_000),
            )
            feed.now = replace(feed.now, position_us=7_000_000)
            await looked(pilot)
            assert "Heard again" in screen_text(pilot)
            assert "Answer 0 to it." not in screen_text(pilot)
            assert "▶ 1.0×  0:07 / 0:30" in screen_text(pilot)
            await pilot.press("escape")
            await drawn(pilot)
            assert feed.requests[-1] == ("rest",)
            assert "Answer 0 to it." in screen_text(pilot)
            assert "○ stopped" in screen_text(pilot)
            await pilot.press("escape")
            await drawn(pilot)
            assert isinstance(pilot.app.screen, HistoryScreen)
            assert backend.replay_feed.closed

    async def test_r_in_the_history_replays_at_once(self) -> None:
        backend = backend_of()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await pilot.press("f2")
            await drawn(pilot)
            await pilot.press("r")
            await drawn(pilot)
            assert backend.replay_feed.requests == [("play",)]
            assert not backend.replay_feed.closed
        assert backend.replay_feed.closed, "leaving the app closes it"

    async def test_space_pauses_and_goes_on(self) -> None:
        backend = backend_of()
        async with opened(backend, "space", "space") as pilot:
            await looked(pilot)
            assert "‖ paused" in screen_text(pilot)
            await pilot.press("space")
            await looked(pilot)
            assert "▶ 1.0×" in screen_text(pilot)
            assert backend.replay_feed.requests == [("play",), ("pause",), ("play",)]

    async def test_going_back_takes_away_what_was_not_yet_said(self) -> None:
        backend = backend_of()
        async with opened(backend, "space") as pilot:
            feed = backend.replay_feed
            first = short_session()[:-1]
            feed.put(*first, *spoken_exchange("Later", "Second answer", first_turn=2))
            await drawn(pilot)
            transcript = pilot.app.screen.query_one(Transcript)
            assert transcript.awake_turns == [0, 1, 2, 3]
            assert "Second answer" in screen_text(pilot)
            feed.put(TimelineRestarted(at_us=0, entries=len(first)), *first)
            await drawn(pilot)
            assert "Second answer" not in screen_text(pilot)
            assert "Later" not in screen_text(pilot)
            assert "A gramophone plays records." in screen_text(pilot)
            assert transcript.awake_turns == [0, 1]

    async def test_a_refusal_is_said_and_the_text_stays(self) -> None:
        backend = backend_of()
        backend.replay_feed.refusal = "An answer is being spoken."
        async with opened(backend) as pilot:
            await pilot.press("space")
            await drawn(pilot)
            await drawn(pilot)
            assert "An answer is being spoken." in screen_words(pilot)
            assert "Answer 0 to it." in screen_words(pilot)
            assert backend.replay_feed.requests[-1] == ("rest",)

    async def test_a_word_is_heard_from_there(self) -> None:
        backend = backend_of()
        async with opened(backend) as pilot:
            pilot.app.screen.query_one(Transcript).post_message(TurnWanted("hear", 1, 7))
            await drawn(pilot)
            assert backend.replay_feed.requests == [("hear", 1, 7)]
            await looked(pilot)
            assert "▶ 1.0×" in screen_text(pilot)


class TestBeforeItIsRead:
    """What is asked for then is done as soon as it has been read, in that order."""

    @pytest.mark.parametrize(
        ("keys", "requests"),
        [
            (["space"], [("play",)]),
            # Nothing happens yet, and so somebody presses it again.
            (["space", "space"], [("play",), ("play",)]),
            (["right", "right"], [("seek", 5_000_000), ("seek", 10_000_000)]),
            (["shift+right"], [("seek", 1_000_000)]),
            (["4"], [("seek", 12_000_000)]),
            (["right_square_bracket"] * 2, [("seek", 10_000_000), ("seek", 20_000_000)]),
            (["9", "left_square_bracket"], [("seek", 27_000_000), ("seek", 20_000_000)]),
            (["plus", "plus"], [("speed", 1.25), ("speed", 1.5)]),
            (["minus"], [("speed", 0.75)]),
            (["i"], [("skip", True)]),
            (["i", "i"], [("skip", True), ("skip", False)]),
            (["5", "l"], [("seek", 15_000_000), ("loop", 3)]),
            (["h"], [("hear", 0, 0)]),
            (["5", "plus", "space"], [("seek", 15_000_000), ("speed", 1.25), ("play",)]),
        ],
    )
    async def test_keys_wait(self, keys: list[str], requests: list[tuple[object, ...]]) -> None:
        backend = backend_of(state=ReplayState())
        async with opened(backend, *keys) as pilot:
            assert backend.replay_feed.requests == []
            assert "reading the timeline; what you asked for comes then" in screen_text(pilot)
            assert "Answer 0 to it." in screen_text(pilot), "the text stays until then"
            backend.replay_feed.now = exchanges(3)
            await looked(pilot)
            assert backend.replay_feed.requests == requests
            assert ("▶" in screen_text(pilot)) == (requests[-1][0] in ("play", "hear"))

    async def test_even_before_there_is_anything_to_see(self) -> None:
        backend = backend_of()
        backend.library.answers_held.clear()
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await pilot.app.push_screen(SessionScreen(backend, SESSION))
            await pilot.press("5", "plus", "space", "e")
            assert "reading the timeline; what you asked for comes then" in screen_text(pilot)
            backend.library.answers_held.set()
            while (
                not isinstance(pilot.app.screen, ExportScreen) or not backend.replay_feed.requests
            ):
                await pilot.pause()
            requests = [("seek", 15_000_000), ("speed", 1.25), ("play",)]
            assert backend.replay_feed.requests == requests

    async def test_of_a_session_that_cannot_be_read_it_is_said_again(self) -> None:
        sentence = "The library is damaged."
        backend = backend_of(state=ReplayState(refusal=sentence))
        async with opened(backend) as pilot:
            await looked(pilot)
            assert screen_words(pilot).count(sentence) == 1
            await pilot.press("space")
            await drawn(pilot)
            assert screen_words(pilot).count(sentence) == 2
            assert backend.replay_feed.requests == [("rest",)]


class TestKeys:
    @pytest.mark.parametrize(
        ("keys", "from_us", "to_us"),
        [
            (["right"], 10_000_000, 15_000_000),
            (["left"], 10_000_000, 5_000_000),
            (["left"], 2_000_000, 0),
            (["right"], 29_000_000, 30_000_000),
            (["shift+right"], 10_000_000, 11_000_000),
            (["shift+left"], 10_000_000, 9_000_000),
            (["right", "right"], 0, 10_000_000),
            (["right_square_bracket"], 0, 10_000_000),
            (["right_square_bracket"], 12_000_000, 20_000_000),
            (["right_square_bracket"], 25_000_000, 30_000_000),
            (["left_square_bracket"], 15_000_000, 10_000_000),
            (["left_square_bracket"], 10_000_000, 0),
            (["left_square_bracket"], 0, 0),
            *(([str(n)], 1_000_000, 3_000_000 * n) for n in range(10)),
        ],
    )
    async def test_places(self, keys: list[str], from_us: int, to_us: int) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=from_us))
        async with opened(backend, *keys) as pilot:
            assert backend.replay_feed.now.position_us == to_us
            assert not backend.replay_feed.now.playing, "going somewhere starts nothing"
            await looked(pilot)
            assert f"0:{to_us // 1_000_000:02} / 0:30" in screen_text(pilot)

    async def test_back_while_it_plays_is_the_turn_before_when_this_one_has_just_begun(
        self,
    ) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=10_800_000))
        async with opened(backend, "space", "left_square_bracket"):
            assert backend.replay_feed.now.position_us == 0

    async def test_keys_in_a_row_count_even_before_the_first_was_done(self) -> None:
        backend = backend_of()

        def seek(position_us: int) -> None:
            backend.replay_feed.requests.append(("seek", position_us))

        backend.replay_feed.seek = seek  # pyright: ignore[reportAttributeAccessIssue]
        async with opened(backend, "right", "right", "left"):
            assert backend.replay_feed.requests == [
                ("seek", 5_000_000),
                ("seek", 10_000_000),
                ("seek", 5_000_000),
            ]

    async def test_steps_of_speed_in_a_row_count_too(self) -> None:
        backend = backend_of()
        speeds: list[float] = []
        backend.replay_feed.set_speed = speeds.append  # pyright: ignore[reportAttributeAccessIssue]
        async with opened(backend, "plus", "plus", "minus"):
            assert speeds == [1.25, 1.5, 1.25]

    @pytest.mark.parametrize(
        ("keys", "speed"),
        [
            (["greater_than_sign"], 1.25),
            (["plus"], 1.25),
            (["less_than_sign"], 0.75),
            (["minus"] * 5, 0.5),
            (["plus"] * 9, 3.0),
        ],
    )
    async def test_speed_at_once(self, keys: list[str], speed: float) -> None:
        backend = backend_of()
        async with opened(backend, "space", *keys) as pilot:
            assert backend.replay_feed.now.speed == speed
            await looked(pilot)
            assert f"▶ {times(speed)}" in screen_text(pilot)

    async def test_silence_is_skipped_or_not(self) -> None:
        backend = backend_of()
        async with opened(backend, "i") as pilot:
            await looked(pilot)
            assert "skipping silence" in screen_text(pilot)
            await pilot.press("i")
            await looked(pilot)
            assert "skipping silence" not in screen_text(pilot)

    async def test_a_turn_is_looped_or_not(self) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=12_000_000))
        async with opened(backend, "l") as pilot:
            assert backend.replay_feed.now.loop == 3
            await looked(pilot)
            assert "looping  skip silence" in screen_text(pilot)
            await pilot.press("l")
            assert backend.replay_feed.now.loop is None

    @pytest.mark.parametrize(
        ("words", "feed_request"),
        [
            ("slower", ("speed", 0.75)),
            ("faster", ("speed", 1.25)),
            ("loop", ("loop", 3)),
            ("skip silence", ("skip", True)),
            ("○ stopped", ("play",)),
        ],
    )
    async def test_what_keys_do_a_click_does_too(
        self, words: str, feed_request: tuple[object, ...]
    ) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=12_000_000))
        async with opened(backend) as pilot:
            await looked(pilot)
            strip = pilot.app.screen.query_one(ReplayBar)
            inset = strip.content_region.x - strip.region.x
            await pilot.click(strip, offset=(inset + str(strip.render()).index(words), 0))
            await drawn(pilot)
            assert backend.replay_feed.requests[-1] == feed_request

    @pytest.mark.parametrize(("key", "screen"), [("w", LatencyScreen), ("v", TimelineScreen)])
    async def test_a_closer_look_begins_with_the_turn_of_the_seek_bar(
        self, key: str, screen: type[Screen[None]]
    ) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=12_000_000))
        backend.library.timelines[SESSION] = [
            session_started(),
            *spoken_exchange("First?", "First."),
            *spoken_exchange("Second?", "Second.", first_turn=2, start_us=10_000_000),
            *spoken_exchange("Third?", "Third.", first_turn=4, start_us=20_000_000),
        ]
        async with opened(backend) as pilot:
            await looked(pilot)
            await pilot.press(key)
            await drawn(pilot)
            await drawn(pilot)
            assert isinstance(pilot.app.screen, screen)
            assert ("Second?" in screen_text(pilot)) or ("Second." in screen_text(pilot))
            if screen is LatencyScreen:
                assert "answer 2 of 3" in screen_text(pilot)

    async def test_the_turn_under_the_cursor_is_heard_and_looked_into(self) -> None:
        backend = backend_of(state=replace(exchanges(3), position_us=12_000_000))
        async with opened(backend) as pilot:
            await looked(pilot)
            await pilot.press("h")
            await drawn(pilot)
            assert backend.replay_feed.requests[-1] == ("hear", 3, 0), "the one of the seek bar"
            await pilot.press("escape")
            await drawn(pilot)
            await pilot.press("j", "j")
            await pilot.press("h")
            await drawn(pilot)
            assert backend.replay_feed.requests[-1] == ("hear", 1, 0)

    async def test_until_it_has_been_read_the_strip_says_so_and_keys_do_nothing(self) -> None:
        backend = backend_of(state=ReplayState())
        async with opened(backend, "5", "right", "l") as pilot:
            assert "… reading the timeline" in screen_text(pilot)
            assert not [request for request in backend.replay_feed.requests if request[0] == "seek"]

    async def test_export(self) -> None:
        async with opened(backend_of()) as pilot:
            await pilot.press("e")
            await pilot.pause()
            await pilot.pause()
            assert "Enter Write" in screen_text(pilot)

    async def test_the_turn_under_the_cursor_can_be_exported_alone(self, tmp_path: Path) -> None:
        backend = backend_of()
        async with opened(backend) as pilot:
            await looked(pilot)
            await pilot.press("right", "e")
            while not isinstance(pilot.app.screen, ExportScreen):
                await pilot.pause()
            assert "all of it" in screen_text(pilot)
            await pilot.press("ctrl+t")
            await pilot.pause()
            assert "this turn alone" in screen_text(pilot)
            pilot.app.screen.query_one(Input).value = str(tmp_path / "a.wav")
            await pilot.press("enter")
            await drawn(pilot)
        (order,) = backend.library.orders
        assert len(order.cut.turns) == 1


class TestStripOfSound:
    @pytest.mark.parametrize(("count", "marks"), [(3, 3), (25, 25), (26, 0), (400, 0)])
    async def test_marks_stand_where_turns_begin_unless_they_would_be_a_line(
        self, count: int, marks: int
    ) -> None:
        async with opened(backend_of(state=exchanges(count))) as pilot:
            await looked(pilot)
            assert screen_text(pilot).count("╹") == marks

    @pytest.mark.parametrize("size", [(40, 12), (80, 24), (140, 40)])
    async def test_a_click_seeks(self, size: tuple[int, int]) -> None:
        backend = backend_of()
        async with opened(backend, size=size) as pilot:
            bar = pilot.app.screen.query_one(SoundStrip)
            assert bar.size.height == {12: 1, 24: 4, 40: 5}[size[1]]
            await pilot.click(bar, offset=(bar.size.width // 2, 0))
            await looked(pilot)
            assert backend.replay_feed.now.position_us == pytest.approx(15_000_000, abs=400_000)
            await pilot.click(bar, offset=(0, 0))
            assert backend.replay_feed.now.position_us == 0
            await pilot.click(bar, offset=(bar.size.width - 1, 0))
            assert backend.replay_feed.now.position_us == 30_000_000

    async def test_it_can_be_dragged(self) -> None:
        backend = backend_of()
        async with opened(backend) as pilot:
            bar = pilot.app.screen.query_one(SoundStrip)
            await pilot.hover(bar, offset=(INSET + 50, 0))
            assert backend.replay_feed.requests == []
            await pilot.mouse_down(bar, offset=(INSET + 10, 0))
            await pilot.hover(bar, offset=(INSET + 20, 0))
            await pilot.hover(bar, offset=(INSET + 30, 0))
            await pilot.mouse_up(bar, offset=(INSET + 30, 0))
            assert len(backend.replay_feed.requests) >= 2
            at_us = 30_000_000 * 30 / (bar.size.width - 2 * INSET)
            assert backend.replay_feed.now.position_us == pytest.approx(at_us, abs=400_000)
            await pilot.hover(bar, offset=(INSET + 50, 0))
            assert backend.replay_feed.now.position_us == pytest.approx(at_us, abs=400_000)

    async def test_while_nothing_moves_nothing_is_drawn(self) -> None:
        backend = backend_of()
        async with opened(backend, "space", "space") as pilot:
            await looked(pilot)
            bar = pilot.app.screen.query_one(SoundStrip)
            drawn_before = bar._drawn  # pyright: ignore[reportPrivateUsage]
            await looked(pilot)
            assert bar._drawn is drawn_before  # pyright: ignore[reportPrivateUsage]
