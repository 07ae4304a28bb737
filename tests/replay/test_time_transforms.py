"""Replay options: the same events at other times."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.timeline import DeltaReceived, Event, PlaybackStarted, TurnInterrupted
from gramophone.replay.time_transforms import begin_promptly, limit_idle
from tests.support.builders import session_started, short_session, spoken_exchange


def deltas(*times_us: int) -> list[Event]:
    return [DeltaReceived(at_us=at_us, turn=1, text="a") for at_us in times_us]


def times(events: list[Event]) -> list[int]:
    return [event.at_us for event in events]


def test_long_pauses_are_shortened_and_short_ones_kept() -> None:
    events = deltas(0, 1_000_000, 10_000_000, 10_500_000, 70_500_000)
    assert times(list(limit_idle(events))) == [
        0,
        1_000_000,
        3_000_000,
        3_500_000,
        5_500_000,
    ]


def test_the_wait_before_the_first_event_is_a_pause_too() -> None:
    assert times(list(limit_idle(deltas(60_000_000)))) == [2_000_000]


def test_a_pause_that_sound_plays_through_is_kept() -> None:
    sounding = PlaybackStarted(at_us=0, turn=1, device="silent")
    cut = TurnInterrupted(at_us=30_000_000, turn=1, heard_text="", heard_samples=0)
    events = [sounding, cut, *deltas(40_000_000)]
    assert times(list(limit_idle(events))) == [0, 30_000_000, 32_000_000]


def test_a_turn_whose_sound_never_ended_does_not_play_for_ever() -> None:
    sounding = PlaybackStarted(at_us=0, turn=1, device="silent")
    again = spoken_exchange(first_turn=2, start_us=5_000_000)
    later = spoken_exchange(first_turn=4, start_us=60_000_000)
    limited = list(limit_idle([sounding, *again, *later]))
    assert limited[1].at_us == 5_000_000
    assert limited[len(again) + 1].at_us == again[-1].at_us + 2_000_000


def test_nothing_but_times_is_changed() -> None:
    events = [session_started(), *spoken_exchange(start_us=90_000_000)]
    limited = list(limit_idle(events))
    assert [replace(event, at_us=0) for event in limited] == [
        replace(event, at_us=0) for event in events
    ]


def test_a_session_without_pauses_is_left_alone() -> None:
    assert list(limit_idle(short_session())) == short_session()


def test_the_limit_is_the_callers() -> None:
    assert times(list(limit_idle(deltas(0, 10_000, 50_000), limit_us=5_000))) == [0, 5_000, 10_000]


@given(st.lists(st.integers(0, 100_000_000), max_size=30))
def test_order_is_kept_and_no_pause_is_longer(moments_us: list[int]) -> None:
    limited = times(list(limit_idle(deltas(*sorted(moments_us)))))
    assert limited == sorted(limited)
    assert all(later - sooner <= 2_000_000 for sooner, later in pairwise(limited))


def test_the_first_turn_comes_promptly_and_the_rest_keeps_its_distance() -> None:
    moved = list(begin_promptly(short_session(), lead_in_us=200_000))
    assert times(moved)[:2] == [0, 200_000]
    steps = [b.at_us - a.at_us for a, b in pairwise(short_session()[1:])]
    assert [b.at_us - a.at_us for a, b in pairwise(moved[1:])] == steps
    assert list(begin_promptly(moved)) == moved
