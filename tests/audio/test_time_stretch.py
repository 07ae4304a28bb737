"""Speech faster or slower: of the right length, at the same pitch, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from gramophone.audio.time_stretch import WsolaStretcher

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


def stretched(pcm: bytes, speed: float, piece: int = 1_600, rate_hz: int = RATE_HZ) -> bytes:
    stretcher = WsolaStretcher(speed, rate_hz)
    pieces = [stretcher.push(pcm[at : at + piece]) for at in range(0, len(pcm), piece)]
    return b"".join(pieces) + stretcher.finish()


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("samples", [0, 1, 2, 100, 1_087, 1_500, 32_000])
def test_the_length_goes_by_the_speed(speed: float, samples: int) -> None:
    assert len(stretched(tone(220, 2)[: 2 * samples], speed)) // 2 == round(samples / speed)


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("frequency_hz", [110, 220, 523])
def test_the_pitch_stays(speed: float, frequency_hz: int) -> None:
    assert pitch_hz(stretched(tone(frequency_hz, 1.5), speed)) == pytest.approx(
        frequency_hz, rel=0.01
    )


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_loudness_stays(speed: float) -> None:
    original = tone(220, 1.5)
    assert loudness(stretched(original, speed)) == pytest.approx(loudness(original), rel=0.08)


@pytest.mark.parametrize("speed", SPEEDS)
def test_full_scale_does_not_wrap(speed: float) -> None:
    """A sample that overflowed would change its sign."""
    loud = stretched(b"\xff\x7f" * RATE_HZ, speed)
    assert np.frombuffer(loud, dtype=np.int16).min() >= 0


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pieces_make_no_difference(speed: float) -> None:
    original = tone(220, 0.7)
    whole = stretched(original, speed, len(original))
    assert stretched(original, speed, 2 * 333) == whole
    assert stretched(original, speed, 2 * 17) == whole


@pytest.mark.parametrize("speed", SPEEDS)
def test_sample_k_is_from_about_k_times_the_speed(speed: float) -> None:
    """A click stands where it should, give or take the width of the search."""
    quiet = np.zeros(2 * RATE_HZ, dtype=np.int16)
    quiet[RATE_HZ : RATE_HZ + 40] = 20_000
    out = np.frombuffer(stretched(quiet.tobytes(), speed), dtype=np.int16)
    assert float(np.argmax(out)) * speed == pytest.approx(RATE_HZ, abs=0.025 * RATE_HZ * speed)


def test_what_is_pushed_comes_soon() -> None:
    """At most a window and the search are held back."""
    stretcher = WsolaStretcher(2.0, RATE_HZ)
    samples = len(stretcher.push(tone(220, 1))) // 2
    assert samples >= (RATE_HZ - 3 * RATE_HZ * 46 // 1000) / 2


def test_silence_stays_silence() -> None:
    assert not any(stretched(bytes(2 * RATE_HZ), 2.0))


@pytest.mark.parametrize("rate_hz", [1_000, 8_000, 24_000, 32_000, 44_100, 48_000])
def test_any_rate(rate_hz: int) -> None:
    assert len(stretched(bytes(2 * rate_hz), 2.0, rate_hz=rate_hz)) // 2 == rate_hz // 2
