"""A listener's requests, counted from where the replay will be and not from where it is seen."""

from __future__ import annotations

from typing import Any

import pytest

from gramophone.ports.backend import ReplayState, TurnMark
from tests.support.screen_backend import FakeReplay
from tui.playback.replay_control import ReplayControl

MARKS = tuple(
    TurnMark(turn, "assistant", 3_000_000 * turn, 3_000_000 * (turn + 1)) for turn in range(3)
)


class SlowReplay(FakeReplay):
    """Does nothing of what it was asked, as a replay whose thread is busy."""

    def _do(self, *request: object, **changes: Any) -> None:
        self.requests.append(request)


def ready(position_us: int = 0, *, playing: bool = False, speed: float = 1.0) -> ReplayState:
    return ReplayState(
        ready=True,
        position_us=position_us,
        duration_us=9_000_000,
        playing=playing,
        speed=speed,
        marks=MARKS,
    )


def test_requests_count_from_the_one_before() -> None:
    replay = SlowReplay(state=ready())
    control = ReplayControl(replay)
    control.skip(2)
    control.skip(5)
    assert replay.requests == [("seek", 2_000_000), ("seek", 7_000_000)]


def test_a_state_that_came_since_is_what_holds() -> None:
    replay = SlowReplay(state=ready())
    control = ReplayControl(replay)
    control.skip(5)
    replay.now = ready(1_000_000)
    assert control.expected is replay.now


def test_nothing_seeks_out_of_the_session() -> None:
    replay = SlowReplay(state=ready(4_000_000))
    control = ReplayControl(replay)
    control.skip(-5)
    control.skip(60)
    assert replay.requests == [("seek", 0), ("seek", 9_000_000)]


@pytest.mark.parametrize(
    ("position_us", "playing", "stop_us"),
    [
        (3_500_000, False, 3_000_000),
        (3_500_000, True, 0),
        (5_000_000, True, 3_000_000),
        (0, False, 0),
    ],
)
def test_the_turn_before_is_this_one_from_its_middle_on(
    position_us: int, playing: bool, stop_us: int
) -> None:
    replay = FakeReplay(state=ready(position_us, playing=playing))
    ReplayControl(replay).turn_before()
    assert replay.requests == [("seek", stop_us)]


def test_behind_the_last_turn_comes_the_end() -> None:
    replay = FakeReplay(state=ready(3_500_000))
    control = ReplayControl(replay)
    control.next_turn()
    control.next_turn()
    assert replay.requests == [("seek", 6_000_000), ("seek", 9_000_000)]


@pytest.mark.parametrize(
    ("speed", "steps", "expected"), [(1.0, 1, 1.25), (1.1, 1, 1.25), (3.0, 1, 3.0), (0.5, -1, 0.5)]
)
def test_speed_climbs_a_ladder(speed: float, steps: int, expected: float) -> None:
    replay = FakeReplay(state=ready(speed=speed))
    ReplayControl(replay).change_speed(steps)
    assert replay.requests == [("speed", expected)]


def test_the_turn_that_plays_is_looped_and_let_go() -> None:
    replay = FakeReplay(state=ready(3_500_000))
    control = ReplayControl(replay)
    assert control.turn == 1
    control.toggle_loop()
    control.toggle_loop()
    assert replay.requests == [("loop", 1), ("loop", None)]


def test_at_the_very_beginning_no_turn_was_chosen() -> None:
    assert ReplayControl(FakeReplay(state=ready())).turn is None
