"""Conversion of samples of other forms to linear16 of one channel, as a stream.

Forms are those of a WAV's `fmt ` chunk: 8, 16, 24 or 32 bits, floating point, G.711; channels are
averaged into one. Without numpy, which takes longer to load than a sentence to convert.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from math import isfinite

from gramophone.audio.pcm import alaw_decode, mulaw_decode
from gramophone.audio.wav_layout import ALAW, FLOAT, MULAW, PCM

MOST_CHANNELS = 8
_FULL_SCALE = 32_768


class UnknownSamples(ValueError):
    """Samples of a form that cannot be converted; the text names it, to follow “sound of …”."""


class Linear16Converter:
    """Converts one stream; `tag`, `bits` and `channels` as a WAV has them."""

    def __init__(self, tag: int, bits: int, channels: int) -> None:
        """Choose the conversion.

        Raises:
            UnknownSamples: there is none for this form.
        """
        convert = _CONVERSIONS.get((tag, bits))
        if convert is None:
            raise UnknownSamples(f"form {tag} with {bits} bits")
        if not 1 <= channels <= MOST_CHANNELS:
            raise UnknownSamples(f"{channels} channels")
        self._convert = convert
        self._channels = channels
        self._block_bytes = channels * bits // 8
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Convert the samples that are whole with this piece; the rest waits for the next."""
        held = self._rest + piece if self._rest else piece
        whole = len(held) - len(held) % self._block_bytes
        self._rest = held[whole:]
        linear16 = self._convert(held[:whole])
        return linear16 if self._channels == 1 else _mixed(linear16, self._channels)


def _mixed(linear16: bytes, channels: int) -> bytes:
    samples = _as_samples(linear16)
    one_each = (samples[channel::channels] for channel in range(channels))
    return _as_bytes(array("h", [sum(block) // channels for block in zip(*one_each, strict=True)]))


def _as_samples(linear16: bytes) -> array[int]:
    samples = array("h", linear16)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _as_bytes(samples: array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _from_8_bits(data: bytes) -> bytes:
    # Samples of 8 bits are the only ones of a WAV without a sign: 128 is silence.
    linear16 = bytearray(2 * len(data))
    linear16[1::2] = data.translate(_SIGNED)
    return bytes(linear16)


def _upper_16_of(width_bytes: int) -> Callable[[bytes], bytes]:
    def convert(data: bytes) -> bytes:
        linear16 = bytearray(2 * (len(data) // width_bytes))
        linear16[0::2] = data[width_bytes - 2 :: width_bytes]
        linear16[1::2] = data[width_bytes - 1 :: width_bytes]
        return bytes(linear16)

    return convert


def _from_floats(kind: str) -> Callable[[bytes], bytes]:
    def convert(data: bytes) -> bytes:
        numbers = array(kind, data)
        if sys.byteorder == "big":
            numbers.byteswap()
        return _as_bytes(array("h", map(_from_float, numbers)))

    return convert


def _from_float(number: float) -> int:
    if not isfinite(number):
        return 0
    return max(-_FULL_SCALE, min(_FULL_SCALE - 1, round(number * _FULL_SCALE)))


_SIGNED = bytes((byte - 128) & 0xFF for byte in range(256))
_CONVERSIONS: dict[tuple[int, int], Callable[[bytes], bytes]] = {
    (PCM, 8): _from_8_bits,
    (PCM, 16): bytes,
    (PCM, 24): _upper_16_of(3),
    (PCM, 32): _upper_16_of(4),
    (FLOAT, 32): _from_floats("f"),
    (FLOAT, 64): _from_floats("d"),
    (ALAW, 8): alaw_decode,
    (MULAW, 8): mulaw_decode,
}
