"""Sound like speech, by its peaks: what a strip shows can be read off a test."""

from __future__ import annotations

import math
from array import array

from gramophone.audio.peaks import PEAKS_PER_SECOND
from gramophone.core.timeline import AudioReceived


def syllables(count: int, first: int = 31) -> bytes:
    """So many peaks, speech-like: syllables under phrases, with a breath between those."""

    def loud(number: int) -> int:
        phrase = abs(math.sin(number / 17)) ** 0.5
        syllable = 0.55 + 0.45 * math.sin(number * 1.9 + math.sin(number / 5) * 3)
        return 0 if number % 53 < 6 else int(230 * phrase * syllable)

    return bytes(map(loud, range(first, first + count)))


def sound(turn: int, peaks: bytes, rate_hz: int = 48_000) -> AudioReceived:
    """A frame of sound with these peaks."""
    silence = array("h", [0]) * (rate_hz // PEAKS_PER_SECOND - 1)
    samples = array("h")
    for peak in peaks:
        samples.append(peak * 32_767 // 255)
        samples.extend(silence)
    pcm = samples.tobytes()
    return AudioReceived(
        at_us=2, turn=turn, connection=0, offset_bytes=0, size_bytes=len(pcm), pcm=pcm
    )
