"""Several conversations on one screen, key by key."""

from __future__ import annotations

import asyncio

import pytest

from gramophone.core.intents import Mute, StopPlayback, Submit
from gramophone.core.timeline import DeltaReceived, PlaybackStarted, PlaybackStopped, TurnStarted
from gramophone.ports.language_model import Message
from tests.support.builders import session_started, spoken_exchange
from tests.support.deadlines import HANG_S
from tests.support.panes import chosen, panes, posted, screen_of
from tests.support.screen_backend import FakeFeed, FakeTalk
from tests.support.seeing import drawn, press, screen_text, screen_words
from tui.conversation.pane_grid import drawing
from tui.conversation.talk_pane import TalkPane
from tui.prompt.prompt import Prompt
from tui.transcript.transcript import Transcript


def feed_of(talk: FakeTalk) -> FakeFeed:
    return talk.feed


class TestOpening:
    async def test_one_pane_has_no_head_and_says_nothing_of_others(self) -> None:
        async with panes(1) as (pilot, _):
            assert "sound" not in screen_words(pilot).replace("stops the sound", "")
            assert "to pane" not in screen_words(pilot)

    async def test_f3_opens_a_pane_beside_that_is_spoken_to(self) -> None:
        async with panes(2, *"hi", "enter") as (pilot, backend):
            assert len(backend.talks) == 2
            assert posted(backend) == [[], [Submit("hi")]]
            assert "to pane 2 of 2" in screen_words(pilot)
            assert "▸ 2 local/smollm2" in screen_words(pilot)
            assert isinstance(pilot.app.focused, Prompt)

    async def test_four_are_the_most(self) -> None:
        async with panes(5) as (pilot, backend):
            assert len(backend.talks) == 4
            assert "4 panes are open; F4 closes the one spoken to." in screen_words(pilot)

    async def test_f4_closes_and_ends_the_conversation(self) -> None:
        async with panes(3, "f4") as (pilot, backend):
            assert [talk.closed for talk in backend.talks] == [False, False, True]
            assert chosen(pilot) == 2
            await press(pilot, "f4")
            assert "to pane" not in screen_words(pilot)
            assert not any(head.display for head in screen_of(pilot).query("PaneHeader"))

    async def test_the_last_pane_is_not_closed(self) -> None:
        async with panes(1, "f4") as (pilot, backend):
            assert not backend.talks[0].closed
            assert "This is the only pane; Ctrl+Q leaves" in screen_words(pilot)

    async def test_a_pane_is_opened_after_the_one_spoken_to(self) -> None:
        async with panes(2, "f5", "f3") as (pilot, backend):
            assert chosen(pilot) == 2
            order = [backend.talks.index(pane.conversation) for pane in screen_of(pilot).grid.panes]  # pyright: ignore[reportArgumentType]
            assert order == [0, 2, 1]

    @pytest.mark.parametrize("count", [2, 3, 4])
    async def test_each_pane_has_its_answer(self, count: int) -> None:
        async with panes(count) as (pilot, backend):
            for number, talk in enumerate(backend.talks, 1):
                feed_of(talk).put(session_started(), *spoken_exchange("Q?", f"Answer {number}."))
            await drawn(pilot)
            for number in range(1, count + 1):
                assert f"Answer {number}." in screen_text(pilot)


class TestTurningToAPane:
    async def test_f5_goes_round(self) -> None:
        async with panes(3) as (pilot, _):
            order = [chosen(pilot)]
            for key in ("f5", "f5", "f5", "shift+f5", "f17"):
                await press(pilot, key)
                order.append(chosen(pilot))
            assert order == [3, 1, 2, 3, 2, 1]

    async def test_the_prompt_keeps_its_text_on_the_way(self) -> None:
        async with panes(2, *"who", "f5", "enter") as (_, backend):
            assert posted(backend) == [[Submit("who")], []]

    async def test_a_click_into_a_pane_speaks_to_it(self) -> None:
        async with panes(2) as (pilot, _):
            await pilot.click(offset=(5, 3))
            await drawn(pilot)
            assert chosen(pilot) == 1

    async def test_the_focus_in_a_pane_speaks_to_it(self) -> None:
        async with panes(2) as (pilot, backend):
            feed_of(backend.talks[0]).put(*spoken_exchange())
            await drawn(pilot)
            screen_of(pilot).grid.panes[0].query_one(Transcript).focus()
            await drawn(pilot)
            assert chosen(pilot) == 1

    @pytest.mark.parametrize("key", ["f5", "f6", "f9"])
    async def test_alone_a_pane_has_no_neighbour(self, key: str) -> None:
        async with panes(1, key) as (pilot, _):
            assert "There is one pane only; F3 opens another." in screen_words(pilot)

    async def test_keys_above_the_prompt_can_be_clicked(self) -> None:
        async with panes(2) as (pilot, _):
            rows = screen_text(pilot).split("\n")
            y = next(y for y, row in enumerate(rows) if "to pane 2" in row)
            await pilot.click(offset=(rows[y].index("F6"), y))
            await drawn(pilot)
            assert screen_of(pilot).grid.to_all


class TestSendingToAll:
    async def test_f6_sends_to_all_and_says_so(self) -> None:
        async with panes(3, "f6") as (pilot, backend):
            assert "to all 3 panes" in screen_words(pilot)
            assert "Say something to all 3 panes" in screen_words(pilot)
            await press(pilot, *"go", "enter", "f6", *"on", "enter")
            assert posted(backend) == [
                [Submit("go")],
                [Submit("go")],
                [Submit("go"), Submit("on")],
            ]

    async def test_when_one_is_left_it_goes_to_that_one(self) -> None:
        async with panes(2, "f6", "f4", *"x", "enter") as (pilot, backend):
            assert posted(backend) == [[Submit("x")], []]
            assert "to all" not in screen_words(pilot)


class TestSound:
    async def test_it_follows_the_pane_spoken_to(self) -> None:
        async with panes(2) as (pilot, backend):
            assert [talk.heard for talk in backend.talks] == [False, True]
            await press(pilot, "f5")
            assert [talk.heard for talk in backend.talks] == [True, False]

    async def test_f7_pins_it(self) -> None:
        async with panes(2, "f7", "f5") as (pilot, backend):
            assert [talk.heard for talk in backend.talks] == [False, True]
            assert "♪ pinned" in screen_words(pilot)
            # Pinned where one is now, and then let go.
            await press(pilot, "f7")
            assert [talk.heard for talk in backend.talks] == [True, False]
            await press(pilot, "f7", "f5")
            assert [talk.heard for talk in backend.talks] == [False, True]

    async def test_it_goes_on_elsewhere_when_its_pane_is_closed(self) -> None:
        async with panes(2, "f7", "f4") as (_, backend):
            assert backend.talks[0].heard

    async def test_one_pane_has_it_anyway(self) -> None:
        async with panes(1, "f7") as (pilot, _):
            assert "There is one pane only, and it has the sound." in screen_words(pilot)

    async def test_f8_mutes_and_unmutes_the_pane(self) -> None:
        async with panes(2, "f8") as (pilot, backend):
            assert posted(backend)[1] == [Mute(True)]
            assert "muted" in screen_words(pilot)
            await press(pilot, "f8")
            assert posted(backend)[1] == [Mute(True), Mute(False)]
            assert "muted" not in screen_words(pilot)


class TestStopping:
    async def test_the_sound_goes_first_then_the_stream(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(
                TurnStarted(at_us=1, turn=1, role="assistant"),
                DeltaReceived(at_us=2, turn=1, text="On and"),
                PlaybackStarted(at_us=2, turn=1, device="x"),
            )
            await drawn(pilot)
            await press(pilot, "escape")
            assert backend.posted == [StopPlayback()]
            backend.conversation.put(PlaybackStopped(at_us=3, turn=1, played_samples=9))
            await drawn(pilot)
            assert "■ stopped" in screen_words(pilot)
            await press(pilot, "escape")
            assert backend.posted == [StopPlayback(), StopPlayback()]

    async def test_a_pinned_sound_is_stopped_from_another_pane(self) -> None:
        async with panes(2, "f7", "f5") as (pilot, backend):
            feed_of(backend.talks[1]).put(
                TurnStarted(at_us=1, turn=1, role="assistant"),
                PlaybackStarted(at_us=2, turn=1, device="x"),
            )
            feed_of(backend.talks[0]).put(TurnStarted(at_us=1, turn=1, role="assistant"))
            await drawn(pilot)
            await press(pilot, "escape")
            assert posted(backend) == [[], [StopPlayback()]]
            feed_of(backend.talks[1]).put(PlaybackStopped(at_us=3, turn=1, played_samples=9))
            await drawn(pilot)
            await press(pilot, "escape")
            assert posted(backend) == [[StopPlayback()], [StopPlayback()]]

    async def test_what_was_sent_to_all_is_stopped_in_all(self) -> None:
        async with panes(2, "f6") as (pilot, backend):
            for talk in backend.talks:
                feed_of(talk).put(TurnStarted(at_us=1, turn=1, role="assistant"))
            await drawn(pilot)
            await press(pilot, "escape")
            assert posted(backend) == [[StopPlayback()], [StopPlayback()]]


class TestPlaces:
    async def test_f9_turns_them(self) -> None:
        async with panes(2, size=(140, 40)) as (pilot, _):
            grid = screen_of(pilot).grid

            def tops() -> list[int]:
                return [pane.region.y for pane in grid.panes]

            assert tops() == [0, 0]
            await press(pilot, "f9")
            assert tops()[0] < tops()[1]
            await press(pilot, "f9")
            assert tops() == [0, 0]

    async def test_where_there_is_no_room_to_turn_they_stay(self) -> None:
        async with panes(2, "f9", size=(50, 30)) as (pilot, _):
            assert "small for the other" in screen_words(pilot)

    async def test_on_a_small_screen_one_is_seen(self) -> None:
        async with panes(3, size=(40, 12)) as (pilot, _):
            assert "▸ 3/3 local/smollm2" in screen_words(pilot)
            await press(pilot, "f5")
            assert "▸ 1/3 local/smollm2" in screen_words(pilot)
            assert [pane.display for pane in screen_of(pilot).query(TalkPane)] == [
                True,
                False,
                False,
            ]

    async def test_a_storm_of_resizes_leaves_them_whole(self) -> None:
        async with panes(4) as (pilot, backend):
            for size in [(40, 10), (200, 60), (60, 12), (90, 20), (39, 24), (100, 30)]:
                feed_of(backend.talks[2]).put(*spoken_exchange("Q?", "words " * 50))
                await pilot.resize_terminal(*size)
                await drawn(pilot)
            regions = [pane.region for pane in screen_of(pilot).grid.panes]
            assert all(region.width >= 30 and region.height >= 6 for region in regions)
            assert not any(
                one.overlaps(other) for one in regions for other in regions if one is not other
            )

    async def test_figures_stand_in_the_head(self) -> None:
        async with panes(2, size=(200, 60)) as (pilot, backend):
            feed_of(backend.talks[0]).put(session_started(model="gpt-5"), *spoken_exchange())
            await drawn(pilot)
            head = screen_text(pilot).split("\n")[0]
            assert "local/gpt-5" in head
            assert "first words 200 ms · first sound 440 ms · 200 tok/s · 12 + 6 tokens" in head
            assert "● REC" in head

    async def test_figures_are_tight_where_the_pane_is_narrow(self) -> None:
        async with panes(4, size=(80, 24)) as (pilot, backend):
            feed_of(backend.talks[0]).put(*spoken_exchange())
            await drawn(pilot)
            assert "words 200ms sound 440ms 200t/s" in screen_text(pilot)


class TestInheriting:
    async def test_what_is_inherited_is_seen(self) -> None:
        async with panes(1) as (pilot, _):
            grid = screen_of(pilot).grid
            await grid.open(inherited=[Message("user", "Before?"), Message("assistant", "Then.")])
            await drawn(pilot)
            assert "Before?" in screen_words(pilot)
            assert "Then." in screen_words(pilot)


class TestFrames:
    """When panes draw: the one spoken to and the one heard each time, the others in turns."""

    def test_those_beside_draw_at_every_other_tick(self) -> None:
        drawn_panes = [drawing("abcd", "b", tick) for tick in range(4)]
        assert drawn_panes == [["b", "c"], ["a", "b", "d"]] * 2

    def test_one_that_is_heard_draws_each_time(self) -> None:
        assert [drawing("abc", "ac", tick) for tick in range(2)] == [["a", "c"], ["a", "b", "c"]]

    def test_one_alone_draws_each_time(self) -> None:
        assert [drawing("a", "a", tick) for tick in range(2)] == [["a"], ["a"]]

    async def test_what_a_pane_tells_comes_to_the_screen_whoever_keeps_its_time(self) -> None:
        async with panes(1) as (pilot, backend):
            feed_of(backend.talks[0]).put(session_started())
            async with asyncio.timeout(HANG_S):
                while "● REC" not in screen_text(pilot):
                    await pilot.pause()
