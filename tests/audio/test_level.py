"""Level: peak and RMS of known blocks."""

from __future__ import annotations

from array import array

import pytest

from gramophone.audio.level import level


def test_silence_and_nothing_are_zero() -> None:
    assert level(b"") == (0.0, 0.0)
    assert level(bytes(64)) == (0.0, 0.0)


def test_a_square_wave_has_its_peak_as_rms() -> None:
    peak, rms = level(array("h", [16384, -16384] * 100).tobytes())
    assert peak == pytest.approx(0.5)
    assert rms == pytest.approx(0.5)


def test_the_lowest_sample_is_full_scale() -> None:
    assert level(array("h", [-32768]).tobytes())[0] == 1.0


def test_an_odd_last_byte_is_left_out() -> None:
    assert level(array("h", [3277]).tobytes() + b"\x7f") == level(array("h", [3277]).tobytes())
