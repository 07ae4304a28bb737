"""The voice for tests: one burst of tone a word, a function of the text alone."""

# Tests compare sound byte by byte, on any machine. The libraries of C may differ in the last bit of
# a sine, so it is taken once from `math.sin` into a table of whole numbers; such a difference would
# show only if a value lay within 1e-12 of the middle between two of them. From there on all is
# integer arithmetic, also the pitch (a CRC of the word) and the edges. The edges are raised
# cosines, as a tone that begins or ends at once clicks.

from __future__ import annotations

import math
import sys
import zlib
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Self

from gramophone.audio.pcm import encode
from gramophone.core.frozen import frozen
from gramophone.standin.voice import OnProgress, SynthesisStream, VoiceSound
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

_TURN = 4096
_SINE = tuple(round(32_767 * math.sin(2 * math.pi * i / _TURN)) for i in range(_TURN))

_AMPLITUDE = 8_192
_EDGE_MS = 5
_LOWEST_HZ = 220
_HIGHEST_HZ = 880


@frozen
class ToneVoice:
    """A burst as long as the word, then a gap; the pitch is a hash of the word."""

    character_ms: int = 60
    gap_ms: int = 40

    async def load(self, progress: OnProgress) -> None:
        pass

    def refusal(self, parameters: SpeakParameters) -> str:
        return ""

    def for_connection(self) -> Self:
        return self

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        for pcm in self.words(text, parameters):
            yield VoiceSound(pcm)

    async def aclose(self) -> None:
        pass

    def duration_us(self, text: str) -> int:
        """The length of a text's sound at normal speed, with the gap after each word."""
        words = text.split()
        length_ms = self.character_ms * sum(map(len, words)) + self.gap_ms * len(words)
        return 1_000 * length_ms

    def words(self, text: str, parameters: SpeakParameters) -> Iterator[bytes]:
        """The sound of each word with the gap after it, in the session's encoding and rate."""
        rate_hz = parameters.sample_rate_hz
        speed_percent = round(parameters.speed * 100)
        gap_samples = rate_hz * self.gap_ms // 10 // speed_percent
        for word in text.split():
            samples = rate_hz * self.character_ms * len(word) // 10 // speed_percent
            linear16 = _burst(_pitch_hz(word), samples, rate_hz) + bytes(2 * gap_samples)
            yield encode(linear16, parameters.encoding)


def _pitch_hz(word: str) -> int:
    spelling = word.casefold().encode("utf-8", "surrogatepass")
    return _LOWEST_HZ + zlib.crc32(spelling) % (_HIGHEST_HZ - _LOWEST_HZ)


def _burst(pitch_hz: int, samples: int, rate_hz: int) -> bytes:
    """A tone with raised-cosine edges, as linear16.

    One period is made and repeated: an hour of this costs seconds, not minutes.
    """
    period = rate_hz // pitch_hz
    cycle = array("h", [_SINE[i * _TURN // period] * _AMPLITUDE >> 15 for i in range(period)])
    tone = (cycle * (samples // period + 1))[:samples]
    edge = min(rate_hz * _EDGE_MS // 1000, samples // 2)
    rise = _rise(edge)
    tone[:edge] = array("h", [s * gain >> 15 for s, gain in zip(tone, rise, strict=False)])
    falling = zip(reversed(tone), rise, strict=False)
    tone[samples - edge :] = array("h", [s * gain >> 15 for s, gain in falling][::-1])
    if sys.byteorder == "big":
        tone.byteswap()
    return tone.tobytes()


@cache
def _rise(edge: int) -> tuple[int, ...]:
    """The raised cosine in `edge` steps, from 0 towards 32,767."""
    cosine = (_SINE[(_TURN // 4 + i * (_TURN // 2) // edge) % _TURN] for i in range(edge))
    return tuple((32_767 - level) >> 1 for level in cosine)
