"""Loudness after EBU R 128: measured as ITU-R BS.1770-4 says, and brought to a level without a
true peak above -1 dBTP. Imported when it is first used, because it brings numpy.

Sound comes and goes in blocks; the result does not depend on where it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from math import log10, pi, tan
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramophone.core.frozen import frozen
from storage.export.sample_conversion import Samples, whole

Floats: TypeAlias = NDArray[np.floating[Any]]
_Section: TypeAlias = tuple[Sequence[float], Sequence[float]]
"""Zeros, and poles without the first, which is 1."""

SILENCE_LUFS = float("-inf")

_FULL_SCALE = 32_768
_STEP_S = 0.1
_STEPS_A_BLOCK = 4
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0

_NEAR_LU = 0.1
_MOST_TRIALS = 4
_MOST_MADE_UP_DB = 6.0
"""More than this over the plain gain would be a distortion, not a limit of peaks."""

# Below the wanted -1 dBTP: the oversampled peak is an estimate, and the gain that moves adds to it.
_CEILING = 10 ** (-1.3 / 20)
_OVERSAMPLED = 4
_REACH_SAMPLES = 16
"""How far the oversampling filter looks to each side."""
_EASE_S = 0.008
"""In how long the gain goes down before a peak, and comes back after it."""


# Integrated loudness by ITU-R BS.1770-4:
#
# 1. Each channel passes the K-weighting, a shelf that raises high frequencies by 4 dB as a head
#    does, and a high-pass at 38 Hz.
# 2. The mean square is taken over blocks of 400 ms that overlap by 75 %, so they step by 100 ms;
#    the channels' sums are added (left and right weigh 1). Loudness is -0.691 + 10 log10 of that:
#    the constant makes a full-scale sine of 1 kHz in one channel -3.01 LUFS.
# 3. Two gates: blocks below -70 LUFS are silence and do not count; then, of the rest, those more
#    than 10 LU below their own mean do not either, so that pauses do not make speech quieter.
#
# Blocks overlap by whole steps, so it is enough to keep the mean square of each step of 100 ms.

# --- measuring --------------------------------------------------------------------------------


class LoudnessMeter:
    """Takes samples, a column a channel, and knows their integrated loudness."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._weighting = _FirFilter(_weighting(rate_hz), channels)
        self._step_samples = max(1, round(rate_hz * _STEP_S))
        self._rest = np.zeros((0, channels))
        self._powers: list[float] = []
        self.peak = 0.0

    def add(self, samples: Samples) -> None:
        """Take the next samples."""
        full = samples / _FULL_SCALE
        self.peak = max(self.peak, float(np.abs(full).max(initial=0.0)))
        weighted = self._weighting.passed(full)
        waiting = np.concatenate([self._rest, weighted])
        steps = len(waiting) // self._step_samples
        used = steps * self._step_samples
        squares = (waiting[:used] ** 2).sum(axis=1).reshape(steps, self._step_samples)
        self._powers += squares.mean(axis=1).tolist()
        self._rest = waiting[used:].copy()

    def loudness_lufs(self) -> float:
        """Of all that came. What is shorter than a block of 400 ms counts as one."""
        steps = np.array(self._powers)
        if len(steps) < _STEPS_A_BLOCK:
            last = [float((self._rest**2).sum(axis=1).mean())] if len(self._rest) else []
            blocks = np.array([np.mean([*self._powers, *last])] if len(steps) or last else [])
        else:
            blocks = np.convolve(steps, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), "valid")
        loud = blocks[blocks > _power(_ABSOLUTE_GATE_LUFS)]
        if not len(loud):
            return SILENCE_LUFS
        loud = loud[loud > _power(_lufs(float(loud.mean())) + _RELATIVE_GATE_LU)]
        return _lufs(float(loud.mean()))


def _lufs(power: float) -> float:
    return -0.691 + 10 * log10(power)


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)


class _FirFilter:
    """A filter of finite length by overlap-save: block by block the same as in one piece."""

    def __init__(self, taps: Floats, channels: int) -> None:
        self._taps = len(taps)
        self._size = 1 << (8 * self._taps - 1).bit_length()
        self._spectrum = np.fft.rfft(taps, self._size)[:, None]
        self._before = np.zeros((self._taps - 1, channels))

    def passed(self, samples: Floats) -> Floats:
        joined = np.concatenate([self._before, samples])
        self._before = joined[len(joined) - self._taps + 1 :].copy()
        step = self._size - self._taps + 1
        pieces = [self._piece(joined[at : at + self._size]) for at in range(0, len(samples), step)]
        return np.concatenate(pieces) if pieces else samples

    def _piece(self, joined: Floats) -> Floats:
        spectrum = np.fft.rfft(joined, self._size, axis=0) * self._spectrum
        return np.fft.irfft(spectrum, self._size, axis=0)[self._taps - 1 : len(joined)]


# BS.1770 gives the coefficients of both sections for 48 kHz only. The figures here are the analogue
# filters behind them (centre, gain, Q, as libebur128 has them, too), which the bilinear transform
# brings to any rate; at 48 kHz the standard's own coefficients come out.
def _weighting(rate_hz: int) -> Floats:
    """The response of the K-weighting, to where it has died away: a shelf for the head and a
    high-pass, whose figures BS.1770 gives for 48 kHz, designed again for this rate."""
    response = [1.0] + [0.0] * (rate_hz // 12)
    for zeros, poles in (_shelf(rate_hz), _high_pass(rate_hz)):
        response = _answered(zeros, poles, response)
    return np.array(response)


def _shelf(rate_hz: int) -> _Section:
    k, q = tan(pi * 1681.974450955533 / rate_hz), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    first, *poles = _poles(k, q)
    zeros = (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    return tuple(zero / first for zero in zeros), (poles[0] / first, poles[1] / first)


def _high_pass(rate_hz: int) -> _Section:
    first, *poles = _poles(tan(pi * 38.13547087602444 / rate_hz), 0.5003270373238773)
    return (1.0, -2.0, 1.0), (poles[0] / first, poles[1] / first)


def _poles(k: float, q: float) -> tuple[float, float, float]:
    return 1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k


def _answered(zeros: Sequence[float], poles: Sequence[float], samples: list[float]) -> list[float]:
    """Response of a filter of second order."""
    response: list[float] = []
    x1 = x2 = y1 = y2 = 0.0
    for x in samples:
        y = zeros[0] * x + zeros[1] * x1 + zeros[2] * x2 - poles[0] * y1 - poles[1] * y2
        x1, x2, y1, y2 = x, x1, y, y1
        response.append(y)
    return response


# Peaks: samples may lie below full scale while the wave between them goes beyond it (a true peak,
# BS.1770-4 annex 2), and a player or a lossy coder then clips. So the sound is oversampled four
# times to find peaks. The gain goes down over `_EASE_S` before a peak and comes back as slowly:
# the least wanted gain within a window, then its mean over a window of the same length, which never
# exceeds what any peak in it wants.

# --- bringing to a level ----------------------------------------------------------------------


@frozen
class Level:
    """A factor for the samples, and the loudness in LUFS that results with limited peaks."""

    gain: float
    reached_lufs: float


def level(
    play: Callable[[], Iterable[Samples]], rate_hz: Callable[[], int], wanted_lufs: float
) -> Level:
    """The gain that brings sound to a loudness. It is gone through once to be measured, and where
    peaks will be limited, which costs loudness, some times more to make up for it. `rate_hz` is
    asked once sound has come. Silence stays what it is."""
    plain = _measured(play(), rate_hz)
    if plain.loudness_lufs() == SILENCE_LUFS:
        return Level(1.0, SILENCE_LUFS)
    short_lu = gain_db = wanted_lufs - plain.loudness_lufs()
    gain, most_db = 10 ** (gain_db / 20), gain_db + _MOST_MADE_UP_DB
    if plain.peak * gain * _MOST_OVERSHOOT <= _CEILING:
        return Level(gain, wanted_lufs)
    for _ in range(_MOST_TRIALS):
        gain = 10 ** (gain_db / 20)
        limited = _measured(levelled(play(), rate_hz, gain), rate_hz)
        before_lu, short_lu = short_lu, wanted_lufs - limited.loudness_lufs()
        if abs(short_lu) <= _NEAR_LU or gain_db >= most_db:
            break
        # The louder, the more is lost again: what the last step gained tells how much.
        yielded = max(0.25, 1 - short_lu / before_lu) if before_lu else 1.0
        gain_db = min(most_db, gain_db + short_lu / yielded)
    return Level(gain, wanted_lufs - short_lu)


def _measured(blocks: Iterable[Samples], rate_hz: Callable[[], int]) -> LoudnessMeter:
    meter: LoudnessMeter | None = None
    for block in blocks:
        meter = meter or LoudnessMeter(rate_hz(), block.shape[1])
        meter.add(block)
    return meter or LoudnessMeter(48_000, 1)


def levelled(
    blocks: Iterable[Samples], rate_hz: Callable[[], int], gain: float
) -> Generator[Samples]:
    """The sound times `gain`, and softly less wherever its true peak would be too high."""
    window = np.zeros((0, 0))
    ease = margin = 0
    for block in blocks:
        if not margin:
            ease = max(1, round(rate_hz() * _EASE_S))
            margin = _REACH_SAMPLES + 2 * ease
            window = np.zeros((margin, block.shape[1]))
        window = np.concatenate([window, block * (gain / _FULL_SCALE)])
        if len(window) > 2 * margin:
            yield _limited(window, ease)
            window = window[len(window) - 2 * margin :].copy()
    if margin:
        yield _limited(np.concatenate([window, np.zeros((margin, window.shape[1]))]), ease)


def _limited(samples: Floats, ease: int) -> Samples:
    """The samples but for a margin at both ends, which only tells what comes before and after."""
    margin = _REACH_SAMPLES + 2 * ease
    middle = samples[margin : len(samples) - margin]
    if np.abs(samples).max() * _MOST_OVERSHOOT > _CEILING:
        gains = np.minimum(1.0, _CEILING / np.maximum(_true_peaks(samples), _CEILING))
        window = 2 * ease + 1
        sums = np.cumsum(np.concatenate([[0.0], _lowest(gains, window)]))
        middle = middle * ((sums[window:] - sums[:-window]) / window)[:, None]
    return whole(middle * _FULL_SCALE)


def _true_peaks(samples: Floats) -> Floats:
    """The highest that the wave between a sample and the next comes to, in any channel."""
    peaks = np.zeros(len(samples) - 2 * _REACH_SAMPLES)
    for channel in samples.T:
        for taps in _BETWEEN:
            np.maximum(peaks, np.abs(np.convolve(channel, taps, "valid")), out=peaks)
    return peaks


def _lowest(values: Floats, window: int) -> Floats:
    """The least of every `window` values that follow each other."""
    size = 1
    while 2 * size <= window:
        values = np.minimum(values[:-size], values[size:])
        size *= 2
    rest = window - size
    return np.minimum(values[:-rest], values[rest:]) if rest else values


def _between() -> list[Floats]:
    """The wave at each sample and at three places up to the next: windowed sinc, reversed as
    convolution wants it."""
    offsets = np.arange(-_REACH_SAMPLES, _REACH_SAMPLES + 1)
    filters: list[Floats] = []
    for step in range(_OVERSAMPLED):
        away = offsets + step / _OVERSAMPLED
        taps = np.sinc(away) * np.cos(pi / 2 * np.clip(away / (_REACH_SAMPLES + 1), -1, 1)) ** 2
        filters.append(taps / taps.sum())
    return filters


_BETWEEN = _between()
_MOST_OVERSHOOT = max(float(np.abs(taps).sum()) for taps in _BETWEEN)
