"""The sound of a listening connection in steps of 80 ms, and whether somebody speaks in each."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from sys import byteorder
from types import MappingProxyType

from gramophone.wire.deepgram.listen_v1.connection import AudioMeter
from gramophone.wire.deepgram.listen_v1.messages import SAMPLE_BYTES

STEP_US = 80_000
"""The length of the sound between two looks at a turn."""

# The peak from which somebody speaks is 512 of 32,768, which is -36 dB. G.711 has a sign, three
# bits of the exponent and four of the mantissa, all inverted in µ-law and every other one in A-law;
# the seven bits without the sign grow with the loudness.
_LOUD_LINEAR = 512
_LOUD_MULAW, _MULAW = 36, bytes(~code & 0x7F for code in range(256))
_LOUD_ALAW, _ALAW = 32, bytes((code ^ 0x55) & 0x7F for code in range(256))


def _is_loud_linear(pcm: bytes) -> bool:
    samples = array("h", pcm)
    if byteorder == "big":
        samples.byteswap()
    return max(samples) >= _LOUD_LINEAR or min(samples) <= -_LOUD_LINEAR


def _is_loud_mulaw(pcm: bytes) -> bool:
    return max(pcm.translate(_MULAW)) >= _LOUD_MULAW


def _is_loud_alaw(pcm: bytes) -> bool:
    return max(pcm.translate(_ALAW)) >= _LOUD_ALAW


IS_LOUD: Mapping[str, Callable[[bytes], bool]] = MappingProxyType(
    {"linear16": _is_loud_linear, "mulaw": _is_loud_mulaw, "alaw": _is_loud_alaw}
)
"""Whether somebody speaks in a piece of sound, by its encoding; a piece has whole samples."""


class SoundSteps:
    """Steps in the sound that comes, however it is cut."""

    def __init__(self, encoding: str, bytes_per_second: int) -> None:
        self._meter = AudioMeter(bytes_per_second)
        self._is_loud = IS_LOUD.get(encoding)
        sample_bytes = SAMPLE_BYTES.get(encoding, 1)
        samples = bytes_per_second // sample_bytes * STEP_US // 1_000_000
        self._step_bytes = max(1, samples) * sample_bytes
        self._rest = bytearray()
        self._steps = 0

    def hear(self, sound: bytes) -> Iterator[bool | None]:
        """Whether somebody speaks in each step that this frame ends; None if it cannot be told."""
        if self._is_loud is None:
            self._meter.measure(sound)
            while self._meter.now_us >= (self._steps + 1) * STEP_US:
                self._steps += 1
                yield None
            return
        self._rest += sound
        whole = len(self._rest) - len(self._rest) % self._step_bytes
        for start in range(0, whole, self._step_bytes):
            yield self._is_loud(bytes(self._rest[start : start + self._step_bytes]))
        del self._rest[:whole]
