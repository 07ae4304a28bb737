"""The needles: attack, fall and hold, with time passed in."""

from __future__ import annotations

import math

import pytest

from tui.playback.ballistics import FALL_DB_PER_S, FLOOR_DB, HOLD_S, Ballistics, decibels, scaled
from tui.playback.meter import bar


@pytest.mark.parametrize(
    ("level", "position"),
    [(1.0, 1.0), (0.0, 0.0), (-1.0, 0.0), (math.nan, 0.0), (5.0, 1.0), (0.001, 0.0), (0.1, 2 / 3)],
)
def test_levels_are_shown_in_decibels(level: float, position: float) -> None:
    assert scaled(level) == pytest.approx(position)


def test_positions_read_back_as_decibels() -> None:
    assert decibels(1.0) == 0.0
    assert decibels(scaled(0.1)) == pytest.approx(-20.0)


def test_peaks_rise_at_once_and_fall_steadily() -> None:
    needles = Ballistics()
    needles.advance(0.05, (1.0, 0.5))
    assert needles.peak == 1.0
    needles.advance(1.0)
    assert needles.peak == pytest.approx(1.0 - FALL_DB_PER_S / -FLOOR_DB)


def test_the_highest_peak_is_held_before_it_falls() -> None:
    needles = Ballistics()
    needles.advance(0.05, (1.0, 0.5))
    needles.advance(HOLD_S)
    assert needles.hold == 1.0
    needles.advance(0.1)
    assert needles.hold < 1.0


def test_rms_follows_more_slowly_than_peak() -> None:
    needles = Ballistics()
    needles.advance(0.02, (0.5, 0.5))
    assert 0.0 < needles.rms < needles.peak


def test_needles_come_to_rest() -> None:
    needles = Ballistics()
    needles.advance(0.05, (1.0, 1.0))
    for _ in range(100):
        needles.advance(0.1)
    assert needles.at_rest


def test_a_reset_is_rest() -> None:
    needles = Ballistics()
    needles.advance(0.05, (1.0, 1.0))
    needles.reset()
    assert needles.at_rest


@pytest.mark.parametrize(
    ("rms", "peak", "hold"), [(0, 0, 0), (3, 9, 20), (80, 80, 80), (40, 44, 79), (1, 80, 80)]
)
def test_the_bar_is_always_as_wide_as_its_room(rms: int, peak: int, hold: int) -> None:
    assert bar(10, rms, peak, hold).cell_length == 10
