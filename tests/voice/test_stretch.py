"""Speech faster or slower: of the right length, at the same pitch."""

from __future__ import annotations

import numpy as np
import pytest

from gramophone.voice.stretch import stretcher

RATE_HZ = 16_000
SPEEDS = [0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0]


def tone(frequency_hz: float, seconds: float, amplitude: int = 12_000) -> bytes:
    time_s = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16).tobytes()


def pitch_hz(pcm: bytes) -> float:
    """The strongest frequency."""
    sound = np.frombuffer(pcm, dtype=np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n=8 * RATE_HZ))
    return float(np.argmax(spectrum)) / 8


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, dtype=np.int16).astype(float) ** 2)))


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_length_goes_by_the_speed(speed: float) -> None:
    for seconds in (0.3, 2.0):
        stretched = stretcher(speed, RATE_HZ)(tone(220, seconds))
        # Two windows of 30 ms are the most that the ends may be off.
        assert len(stretched) / 2 / RATE_HZ == pytest.approx(seconds / speed, abs=0.06)
        assert len(stretched) % 2 == 0


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("frequency_hz", [110, 220, 523])
def test_the_pitch_stays(speed: float, frequency_hz: int) -> None:
    stretched = stretcher(speed, RATE_HZ)(tone(frequency_hz, 1.5))
    assert pitch_hz(stretched) == pytest.approx(frequency_hz, rel=0.01)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_loudness_stays(speed: float) -> None:
    original = tone(220, 1.5)
    assert loudness(stretcher(speed, RATE_HZ)(original)) == pytest.approx(
        loudness(original), rel=0.08
    )


@pytest.mark.parametrize("speed", SPEEDS)
def test_full_scale_does_not_wrap(speed: float) -> None:
    """A sample that overflowed would change its sign."""
    stretched = stretcher(speed, RATE_HZ)(b"\xff\x7f" * RATE_HZ)
    assert np.frombuffer(stretched, dtype=np.int16).min() >= 0


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("samples", [0, 1, 2, 100, 1_087, 1_088, 1_089, 1_500])
def test_little_is_left_alone_or_stretched_and_never_lost(speed: float, samples: int) -> None:
    pcm = tone(220, 1)[: 2 * samples]
    stretched = stretcher(speed, RATE_HZ)(pcm)
    assert bool(stretched) == bool(pcm)
    assert len(stretched) % 2 == 0


def test_half_a_sample_is_dropped() -> None:
    assert stretcher(1.5, RATE_HZ)(b"\x01\x02\x03") == b"\x01\x02"
    long = tone(220, 1)
    assert stretcher(1.5, RATE_HZ)(long + b"\x01") == stretcher(1.5, RATE_HZ)(long)


def test_silence_stays_silence() -> None:
    assert not any(stretcher(2.0, RATE_HZ)(bytes(2 * RATE_HZ)))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 32_000, 44_100, 48_000])
def test_any_rate(rate_hz: int) -> None:
    stretched = stretcher(2.0, rate_hz)(bytes(2 * rate_hz))
    assert len(stretched) / 2 / rate_hz == pytest.approx(0.5, abs=0.06)
