"""Loudest samples into columns and eighths, positions into columns and back."""

from __future__ import annotations

import pytest

from gramophone.ports.backend import AudibleSpan, TurnMark
from tui.playback.session_waveform import (
    SessionWaveform,
    column_at,
    heights,
    loudness,
    position_at,
    stops,
)


def shape(*passages: AudibleSpan, peaks: dict[int, bytes] | None = None) -> SessionWaveform:
    return SessionWaveform(10_000_000, passages, (), peaks or {})


def test_each_column_has_the_loudest_of_its_time() -> None:
    """Ten seconds on ten columns; two seconds of sound from the third on."""
    peaks = bytes([10] * 19 + [200] + [50] * 20)
    louds = loudness(shape(AudibleSpan(1, 2_000_000, 4_000_000, 0), peaks={1: peaks}), 10)
    assert louds == [-1, -1, 1.0, 0.25, -1, -1, -1, -1, -1, -1]


def test_sound_behind_a_hole_stands_where_it_is_heard() -> None:
    before, after = AudibleSpan(1, 0, 1_000_000, 0), AudibleSpan(1, 3_000_000, 4_000_000, 1_000_000)
    louds = loudness(shape(before, after, peaks={1: bytes([100] * 20 + [200] * 20)}), 10)
    assert louds == [0.5, -1, -1, 1.0, -1, -1, -1, -1, -1, -1]


def test_sound_without_peaks_is_low_but_there() -> None:
    louds = loudness(shape(AudibleSpan(1, 0, 5_000_000, 0)), 4)
    assert heights(louds, 2) == [1, 1, 0, 0]


def test_heights_are_in_eighths() -> None:
    assert heights([-1.0, 0.0, 1.0], 1) == [0, 1, 8]
    assert heights([1.0], 3) == [24]


@pytest.mark.parametrize("columns", [2, 7, 40, 100])
def test_a_click_on_a_column_leads_into_it(columns: int) -> None:
    for column in range(columns):
        assert column_at(position_at(column, 12_345_678, columns), 12_345_678, columns) == column
    assert position_at(0, 5, columns) == 0
    assert position_at(columns - 1, 5_000, columns) == 5_000


def test_nothing_has_one_place() -> None:
    assert column_at(5, 0, 10) == 0
    assert loudness(SessionWaveform(), 0) == []
    assert position_at(3, 0, 10) == 0


def test_a_question_and_its_answer_are_one_stop() -> None:
    marks = [
        TurnMark(0, "user", 0, 0),
        TurnMark(1, "assistant", 100, 5_000_000),
        TurnMark(2, "user", 6_000_000, 6_000_000),
    ]
    assert stops(marks) == [0, 6_000_000]
