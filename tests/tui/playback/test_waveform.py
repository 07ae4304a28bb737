"""The last seconds as columns: how high, where, and the mark where the sound broke off."""

from __future__ import annotations

import math

import pytest

from tui.playback.waveform import MOST_COLUMNS, UNDERRUN, UNDERRUN_MARK, Waveform
from tui.theme.colour_names import MUTED, SOUND, WARNING


def wave(*peaks: float) -> Waveform:
    waveform = Waveform()
    for peak in peaks:
        waveform.add(peak)
    return waveform


def plain(waveform: Waveform, cells: int, rows: int) -> list[str]:
    return [row.plain for row in waveform.rows(cells, rows, sounding=True)]


def test_the_newest_column_is_on_the_right() -> None:
    assert plain(wave(0.04, 1.0), 4, 1) == ["  ▂█"]


def test_what_does_not_fit_goes_on_the_left() -> None:
    assert plain(wave(1.0, 1.0, 0.04, 0.25), 2, 1) == ["▂▄"]


def test_a_column_stands_on_the_lower_row() -> None:
    assert plain(wave(0.04, 0.25, 1.0, 5.0), 4, 2) == ["  ██", "▃███"]


@pytest.mark.parametrize("peak", [0.0, -0.5, math.nan, 1e-9])
def test_silence_inside_the_sound_is_a_line(peak: float) -> None:
    assert plain(wave(peak), 2, 2) == ["  ", " ▁"]


def test_an_underrun_is_marked_without_colours_too() -> None:
    rows = wave(1.0, UNDERRUN, 1.0).rows(3, 2, sounding=True)
    assert [row.plain for row in rows] == ["█ █", f"█{UNDERRUN_MARK}█"]
    styles = [str(span.style) for span in rows[1].spans]
    assert styles == [SOUND, f"bold {WARNING}", SOUND]


def test_when_the_sound_has_ended_its_shape_pales() -> None:
    (row,) = wave(1.0).rows(1, 1, sounding=False)
    assert [span.style for span in row.spans] == [MUTED]


def test_it_forgets_what_no_screen_can_show() -> None:
    waveform = wave(*[0.5] * (MOST_COLUMNS + 5))
    assert len(waveform.peaks) == MOST_COLUMNS


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_it_is_as_large_as_its_room(rows: int) -> None:
    drawn = wave(0.1, UNDERRUN, 0.9).rows(10, rows, sounding=True)
    assert [row.cell_length for row in drawn] == [10] * rows
