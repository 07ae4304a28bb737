"""Peaks of a sound as it comes: the same as those of the stored sound, however it was cut."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from gramophone.audio.pcm import encode
from gramophone.audio.peaks import PEAKS_PER_SECOND, PeakMeter
from gramophone.library.library import TurnAudio
from storage.audio.peaks import peaks as stored_peaks
from storage.audio.wav import WavFormat, WavWriter


def tone(samples: int) -> bytes:
    """A sawtooth that grows, with both ends of the scale in it."""
    values = [(n * 37 % 200 - 100) * (n * 327 // samples) for n in range(samples)]
    values[len(values) // 2] = -32_768
    return array("h", [max(-32_768, min(32_767, value)) for value in values]).tobytes()


def measured(pcm: bytes, frame_bytes: int, rate_hz: int, encoding: str = "linear16") -> PeakMeter:
    meter = PeakMeter(rate_hz, encoding)
    for start in range(0, len(pcm), frame_bytes):
        meter.add(pcm[start : start + frame_bytes])
    return meter


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 24_000])
@pytest.mark.parametrize("encoding", ["linear16", "mulaw", "alaw"])
def test_they_are_those_of_the_stored_sound(tmp_path: Path, rate_hz: int, encoding: str) -> None:
    pcm = encode(tone(rate_hz * 3 // 7), encoding)
    path = tmp_path / "turn.wav"
    writer = WavWriter(path, WavFormat(encoding, rate_hz))
    writer.write(0, pcm)
    writer.close()
    samples = rate_hz * 3 // 7
    audio = TurnAudio(path, rate_hz, samples, sha256="", encoding=encoding)
    meter = measured(pcm, 777, rate_hz, encoding)
    assert meter.samples == samples
    assert bytes(meter.peaks) == stored_peaks({1: audio}, PEAKS_PER_SECOND)[1]


@pytest.mark.parametrize("frame_bytes", [1, 3, 480, 100_000])
def test_frames_of_any_size_give_the_same(frame_bytes: int) -> None:
    pcm = tone(4_321)
    assert measured(pcm, frame_bytes, 8_000).peaks == measured(pcm, len(pcm), 8_000).peaks


def test_the_last_peak_rises_until_its_time_is_over() -> None:
    meter = PeakMeter(200)
    meter.add(array("h", [0, 1_000]).tobytes())
    assert list(meter.peaks) == [8]
    meter.add(array("h", [-32_768]).tobytes())
    assert list(meter.peaks) == [255]


def test_another_stream_begins_with_a_whole_sample() -> None:
    meter = PeakMeter(200)
    meter.add(b"\x7f")
    meter.realign()
    meter.add(array("h", [0]).tobytes())
    assert (meter.samples, list(meter.peaks)) == (1, [0])
