"""Peaks into columns and amplitudes, positions into columns and back."""

from __future__ import annotations

import pytest

from gramophone.ports.backend import AudibleSpan, TurnMark
from tui.playback.braille import NO_SOUND
from tui.playback.waveform import (
    FAINTEST,
    Waveform,
    amplitude_at,
    amplitudes,
    column_at,
    column_peaks,
    position_at,
    stops,
)


def shape(*passages: AudibleSpan, peaks: dict[int, bytes] | None = None) -> Waveform:
    return Waveform(10_000_000, passages, (), peaks or {})


def test_each_column_has_the_loudest_of_its_time() -> None:
    """Ten seconds on ten columns; two seconds of sound from the third on."""
    peaks = bytes([10] * 19 + [200] + [50] * 20)
    waveform = shape(AudibleSpan(1, 2_000_000, 4_000_000, 0), peaks={1: peaks})
    assert column_peaks(waveform, 10) == [-1, -1, 200, 50, -1, -1, -1, -1, -1, -1]
    assert amplitudes(waveform, 10, 8)[1:5] == [NO_SOUND, 8, 3, NO_SOUND]


def test_sound_behind_a_hole_stands_where_it_is_heard() -> None:
    before, after = AudibleSpan(1, 0, 1_000_000, 0), AudibleSpan(1, 3_000_000, 4_000_000, 1_000_000)
    waveform = shape(before, after, peaks={1: bytes([100] * 20 + [200] * 20)})
    assert column_peaks(waveform, 10) == [100, -1, -1, 200, -1, -1, -1, -1, -1, -1]
    assert amplitude_at(waveform, 500_000, 200) == round(0.5**0.7 * 200)
    assert amplitude_at(waveform, 3_500_000, 8) == 8
    assert amplitude_at(waveform, 2_000_000, 8) == 0


def test_sound_without_peaks_is_a_line() -> None:
    assert amplitudes(shape(AudibleSpan(1, 0, 5_000_000, 0)), 4, 8) == [0, 0, NO_SOUND, NO_SOUND]


def test_what_is_hardly_heard_is_drawn_low() -> None:
    waveform = shape(AudibleSpan(1, 0, 10_000_000, 0), peaks={1: bytes([FAINTEST // 8] * 200)})
    assert set(amplitudes(waveform, 4, 8)) == {2}


@pytest.mark.parametrize("columns", [2, 7, 40, 100])
def test_a_click_on_a_column_leads_into_it(columns: int) -> None:
    for column in range(columns):
        assert column_at(position_at(column, 12_345_678, columns), 12_345_678, columns) == column
    assert position_at(0, 5, columns) == 0
    assert position_at(columns - 1, 5_000, columns) == 5_000


def test_nothing_has_one_place() -> None:
    assert column_at(5, 0, 10) == 0
    assert column_peaks(Waveform(), 0) == []
    assert column_peaks(shape(AudibleSpan(1, 0, 5_000_000, 0)), 0) == []
    assert amplitudes(Waveform(), 2, 8) == [NO_SOUND, NO_SOUND]
    assert position_at(3, 0, 10) == 0


def test_a_question_and_its_answer_are_one_stop() -> None:
    marks = [
        TurnMark(0, "user", 0, 0),
        TurnMark(1, "assistant", 100, 5_000_000),
        TurnMark(2, "user", 6_000_000, 6_000_000),
    ]
    assert stops(marks) == [0, 6_000_000]
