"""Speech faster or slower at the same pitch: overlap-add of the best-fitting pieces (WSOLA).

After W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity" (1993).
"""

from __future__ import annotations

from collections.abc import Callable

WINDOW_MS = 30
SEARCH_MS = 8


def stretcher(speed: float, sample_rate_hz: int) -> Callable[[bytes], bytes]:
    """A function from signed 16-bit PCM to the same speech `speed` times as fast."""

    def stretch(pcm: bytes) -> bytes:
        import numpy as np

        window = sample_rate_hz * WINDOW_MS // 1000 & ~1
        half, reach = window // 2, sample_rate_hz * SEARCH_MS // 1000
        sound = np.frombuffer(pcm[: len(pcm) & ~1], dtype=np.int16).astype(np.float32)
        if len(sound) < 2 * window + reach:
            return pcm[: len(pcm) & ~1]
        shape = np.hanning(window + 1)[:window].astype(np.float32)
        padded = np.concatenate([sound, np.zeros(window + reach, dtype=np.float32)])
        steps = int((len(sound) - window) / (half * speed)) + 1
        result = np.zeros(steps * half + window, dtype=np.float32)
        result[:half] = sound[:half] * shape[half:]
        start = 0
        for step in range(steps):
            wanted = min(int(step * half * speed), len(sound) - window)
            if step:
                natural = padded[start + half : start + half + half]
                low = max(0, wanted - reach)
                region = padded[low : wanted + reach + half]
                likeness = np.correlate(region, natural, mode="valid")
                start = low + int(np.argmax(likeness))
            result[step * half : step * half + window] += padded[start : start + window] * shape
        return np.clip(result, -32768, 32767).astype(np.int16).tobytes()

    return stretch
