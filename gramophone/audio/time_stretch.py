"""Speech faster or slower at the same pitch: overlap-add of the best-fitting pieces (WSOLA).

After W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity" (1993).
Sound goes in and comes out in pieces, so that a speed can change while it plays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

WINDOW_MS = 30
SEARCH_MS = 8


class WsolaStretcher:
    """Signed 16-bit PCM in, the same speech `speed` times as fast out.

    Sample k of what comes out is from about k × speed of what went in: at most `SEARCH_MS` off.
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
        self._taken = 0
        self._given = 0
        self._step = 0
        self._start = 0
        self._tail: NDArray[Any] | None = None

    def push(self, pcm: bytes) -> bytes:
        """Take whole samples; what can be given of them by now."""
        np = self._np
        sound = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
        self._taken += len(sound)
        self._held = np.concatenate([self._held, sound])
        return self._give(None)

    def finish(self) -> bytes:
        """The rest; together it is as long as the speed says."""
        np = self._np
        whole = round(self._taken / self._speed)
        end = int(whole * self._speed) + 4 * (self._half + self._reach)
        missing = max(0, end - self._first - len(self._held))
        self._held = np.concatenate([self._held, np.zeros(missing, dtype=np.float32)])
        return self._give(whole)

    def _give(self, whole: int | None) -> bytes:
        """Steps of half a window, as long as their sound is at hand or until `whole` is given."""
        np = self._np
        given: list[NDArray[Any]] = []
        half, window = self._half, 2 * self._half
        while whole is None or self._given < whole:
            wanted = int(self._step * half * self._speed)
            needed = max(wanted + self._reach, self._start + half) + window
            if needed > self._first + len(self._held):
                break
            start = self._best(wanted)
            piece = self._held[start - self._first : start - self._first + window] * self._shape
            if self._tail is None:
                # The very first half has nothing to fade in over: it comes as it is.
                self._tail = self._held[:half] * self._shape[half:]
            out = self._tail + piece[:half]
            self._tail = piece[half:]
            if whole is not None:
                out = out[: whole - self._given]
            self._given += len(out)
            given.append(out)
            self._step, self._start = self._step + 1, start
            self._forget(min(start + half, int(self._step * half * self._speed) - self._reach))
        if not given:
            return b""
        return np.clip(np.concatenate(given), -32768, 32767).astype(np.int16).tobytes()

    def _best(self, wanted: int) -> int:
        """Near `wanted`, where the sound is most like what naturally goes on from the last."""
        if self._step == 0:
            return wanted
        natural_start = self._start + self._half - self._first
        natural = self._held[natural_start : natural_start + self._half]
        low = max(0, wanted - self._reach)
        region = self._held[low - self._first : wanted + self._reach + self._half - self._first]
        return low + int(self._np.argmax(self._np.correlate(region, natural, mode="valid")))

    def _forget(self, before: int) -> None:
        gone = before - self._first
        if gone > 0:
            self._held = self._held[gone:]
            self._first = before
