"""Meter ballistics: how fast the needles of a level meter rise and fall.

Levels come as 0.0 to 1.0 of full scale and are shown on a decibel scale, 0.0 at the floor and 1.0
at full scale, because loudness is heard in ratios: half the amplitude is 6 dB down wherever it is.
Time is passed in; nothing here reads a clock.

The needles are those of a digital peak level meter after IEC 60268-18:

- A peak is shown at once, though it may be a single sample: there is no integration time.
- The peak falls at a constant rate of decibels, not exponentially. The standard wants 20 dB in
  1.7 s; `FALL_DB_PER_S` is more than twice that, so that a pause between words is seen.
- The highest peak is held before it falls as well. The standard wants 1.0 s ± 0.5 s.
- RMS rises exponentially with a time constant of `_RMS_ATTACK_S`, and falls as the peak does, so
  the bar of the one never overtakes that of the other.

Steps of time may have any length, and the order of needles holds after each: RMS ≤ peak ≤ hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FLOOR_DB = -60.0
FALL_DB_PER_S = 26.0
HOLD_S = 1.2
_RMS_ATTACK_S = 0.04


def scaled(level: float) -> float:
    """Position of a level on the scale."""
    if not level > 0.0:  # also catches NaN
        return 0.0
    return min(1.0, max(0.0, 1.0 - 20.0 * math.log10(min(level, 1.0)) / FLOOR_DB))


def decibels(position: float) -> float:
    """Level of a position on the scale, in dB below full scale."""
    return (1.0 - position) * FLOOR_DB


@dataclass(slots=True)
class Ballistics:
    """The three needles, as positions on the scale."""

    peak: float = 0.0
    rms: float = 0.0
    hold: float = 0.0
    _held_for_s: float = 0.0

    @property
    def positions(self) -> tuple[float, float, float]:
        """RMS, peak and hold: inward to outward, as a bar shows them."""
        return self.rms, self.peak, self.hold

    @property
    def at_rest(self) -> bool:
        return self.peak == self.rms == self.hold == 0.0

    def advance(self, elapsed_s: float, level: tuple[float, float] | None = None) -> None:
        """Let `elapsed_s` pass; `level` is the peak and RMS measured in it, if any was."""
        fall = -FALL_DB_PER_S / FLOOR_DB * max(0.0, elapsed_s)
        peak, rms = (scaled(level[0]), scaled(level[1])) if level is not None else (0.0, 0.0)
        self.peak = max(peak, self.peak - fall, 0.0)
        if rms >= self.rms:
            self.rms += (rms - self.rms) * (1.0 - math.exp(-max(0.0, elapsed_s) / _RMS_ATTACK_S))
        else:
            self.rms = max(rms, self.rms - fall)
        if self.peak >= self.hold:
            self.hold, self._held_for_s = self.peak, 0.0
        else:
            self._held_for_s += elapsed_s
            if self._held_for_s > HOLD_S:
                self.hold = max(self.peak, self.hold - fall)

    def reset(self) -> None:
        """Drop all needles at once: the sound has stopped."""
        self.peak = self.rms = self.hold = self._held_for_s = 0.0
