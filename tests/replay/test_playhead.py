"""Playhead: the position of a replay where the clock moves it."""

from __future__ import annotations

from gramophone.core.clock import ManualClock
from gramophone.replay.playhead import LEFT_OF_IDLE_US, Playhead
from gramophone.replay.schedule import ReplaySchedule
from tests.support.replay_stage import talk

# One question at 0.5 s, its answer sounds from 0.8 s to 2.8 s, the session ends at 4.8 s.
EVENTS = talk(2_000)
SOUND_US, SOUND_END_US, END_US = 800_000, 2_800_000, 4_800_000


class Hand:
    """A playhead and its clock."""

    def __init__(self, *, speed: float = 1.0, audible: bool = True, position_us: int = 0) -> None:
        self.clock = ManualClock()
        self.playhead = Playhead(
            ReplaySchedule(EVENTS),
            self.clock,
            position_us=position_us,
            speed=speed,
            audible=audible,
        )

    def after(self, passed_us: int) -> int:
        self.clock.advance_us(passed_us)
        self.playhead.advance()
        return self.playhead.position_us


def test_it_moves_at_the_speed() -> None:
    assert Hand().after(300_000) == 300_000
    assert Hand(speed=2.0).after(300_000) == 600_000


def test_it_counts_from_where_it_begins() -> None:
    assert Hand(audible=False, position_us=1_000_000).after(300_000) == 1_300_000


def test_the_clock_stops_at_the_beginning_of_a_sound() -> None:
    assert Hand().after(3_000_000) == SOUND_US
    assert Hand(audible=False).after(3_000_000) == 3_000_000


def test_it_stays_within_the_session() -> None:
    hand = Hand(audible=False)
    assert hand.after(60_000_000) == END_US
    assert hand.playhead.at_end
    hand.playhead.set(-5)
    assert hand.playhead.position_us == 0
    hand.playhead.set(60_000_000)
    assert hand.playhead.position_us == END_US


def test_another_speed_holds_from_the_anchor_on() -> None:
    hand = Hand(audible=False)
    hand.after(1_000_000)
    hand.playhead.speed = 0.5
    hand.playhead.anchor()
    assert hand.after(1_000_000) == 1_500_000


def test_it_says_when_a_position_is_reached() -> None:
    hand = Hand(audible=False, speed=2.0)
    hand.clock.advance_us(100_000)
    hand.playhead.anchor()
    assert hand.playhead.instant_of(1_000_000) == 600_000


def test_long_idle_time_is_skipped_to_shortly_before_the_next_event() -> None:
    hand = Hand(position_us=SOUND_END_US)
    hand.playhead.advance_over_idle(END_US, skip=False)
    assert hand.playhead.position_us == SOUND_END_US
    hand.playhead.advance_over_idle(END_US, skip=True)
    assert hand.playhead.position_us == END_US - LEFT_OF_IDLE_US


def test_a_loop_ends_with_its_turn() -> None:
    hand = Hand(audible=False)
    hand.playhead.set_loop(1)
    mark = hand.playhead.loop_mark
    assert mark is not None
    assert hand.playhead.in_loop(mark.start_us)
    assert not hand.playhead.in_loop(mark.end_us + 1)
    assert hand.after(60_000_000) == mark.end_us
    assert hand.playhead.finished_loop() == mark


def test_a_turn_that_takes_no_time_cannot_be_looped() -> None:
    hand = Hand()
    hand.playhead.set_loop(0)
    assert hand.playhead.loop_turn is None
    assert hand.playhead.in_loop(END_US)
