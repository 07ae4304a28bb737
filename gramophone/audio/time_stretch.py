"""Time stretch: speech faster or slower at the same pitch (WSOLA).

After W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA)
for high quality time-scale modification of speech" (ICASSP 1993). Sound goes in and comes out in
pieces, so that a speed can change while it plays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW_MS = 30
"""Length of a piece: two or more periods of a low voice (80 Hz is 12.5 ms)."""
SEARCH_MS = 8
"""Distance, either way, in which the best piece is looked for: together more than one period."""

# Output is made of pieces of one window, each half over the one before. Under a Hann window of even
# length the two halves add up to 1 at every sample, so that sound passes with its level unchanged.
#
# Piece k would be cut from the input at k × half × speed. Pieces cut exactly there do not fit:
# their waves are out of phase and cancel each other. So each is cut where the input is most like
# what would naturally go on after the last piece (half a window behind its start), by
# cross-correlation within SEARCH_MS. The pitch stays, since within a piece no sample is moved; and
# no error adds up, since every piece is looked for around its own ideal place.
#
# Counts: `_held` is the input from sample `_first` on; `_step` counts pieces, `_start` is where the
# last one was cut, `_tail` its second half, which waits for the next to fade in over it.


class WsolaStretcher:
    """Signed 16-bit mono PCM in, the same speech `speed` times as fast out.

    Output sample k is from about input sample k × speed: at most `SEARCH_MS` off.
    """

    def __init__(self, speed: float, sample_rate_hz: int) -> None:
        import numpy as np

        self._np = np
        self._speed = speed
        self._half = max(1, sample_rate_hz * WINDOW_MS // 2000)
        self._reach = max(1, sample_rate_hz * SEARCH_MS // 1000)
        window = 2 * self._half
        self._shape = np.hanning(window + 1)[:window].astype(np.float32)
        self._held: NDArray[Any] = np.zeros(0, dtype=np.float32)
        self._first = 0
        self._input_samples = 0
        self._output_samples = 0
        self._step = 0
        self._start = 0
        self._tail: NDArray[Any] | None = None

    def push(self, pcm: bytes) -> bytes:
        """Take whole samples; give the output that is certain by now."""
        np = self._np
        sound = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
        self._input_samples += len(sound)
        self._held = np.concatenate([self._held, sound])
        return self._give(None)

    def finish(self) -> bytes:
        """Give the rest. The whole output has the length of the input divided by the speed."""
        np = self._np
        whole = round(self._input_samples / self._speed)
        end = int(whole * self._speed) + 4 * (self._half + self._reach)
        missing = max(0, end - self._first - len(self._held))
        self._held = np.concatenate([self._held, np.zeros(missing, dtype=np.float32)])
        return self._give(whole)

    def _give(self, whole: int | None) -> bytes:
        """Make pieces while their input is at hand, or until `whole` samples are given."""
        np = self._np
        outputs: list[NDArray[Any]] = []
        half, window = self._half, 2 * self._half
        while whole is None or self._output_samples < whole:
            ideal = int(self._step * half * self._speed)
            needed = max(ideal + self._reach, self._start + half) + window
            if needed > self._first + len(self._held):
                break
            start = self._best(ideal)
            piece = self._held[start - self._first : start - self._first + window] * self._shape
            if self._tail is None:
                # The very first half has nothing to fade in over: it comes as it is.
                self._tail = self._held[:half] * self._shape[half:]
            out = self._tail + piece[:half]
            self._tail = piece[half:]
            if whole is not None:
                out = out[: whole - self._output_samples]
            self._output_samples += len(out)
            outputs.append(out)
            self._step, self._start = self._step + 1, start
            self._forget(min(start + half, int(self._step * half * self._speed) - self._reach))
        if not outputs:
            return b""
        return np.clip(np.concatenate(outputs), -32768, 32767).astype(np.int16).tobytes()

    def _best(self, ideal: int) -> int:
        """Find the start, near `ideal`, of the piece that continues the last one best."""
        if self._step == 0:
            return ideal
        natural_start = self._start + self._half - self._first
        natural = self._held[natural_start : natural_start + self._half]
        low = max(0, ideal - self._reach)
        region = self._held[low - self._first : ideal + self._reach + self._half - self._first]
        return low + int(self._np.argmax(self._np.correlate(region, natural, mode="valid")))

    def _forget(self, before: int) -> None:
        dropped_samples = before - self._first
        if dropped_samples > 0:
            self._held = self._held[dropped_samples:]
            self._first = before
