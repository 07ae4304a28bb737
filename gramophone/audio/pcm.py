"""Raw samples: G.711 both ways, and cutting a stream of bytes into frames.

linear16 is signed 16-bit little-endian mono throughout. The two G.711 laws follow ITU-T G.711
as telephone equipment packs them: mulaw with all bits inverted, alaw with every other one.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from functools import cache

_MULAW_BIAS = 132
_MULAW_CLIP_14 = 8_158


def mulaw_encode(linear16: bytes) -> bytes:
    """Encode linear16 as mulaw, half as many bytes.

    Raises:
        ValueError: the number of bytes is odd.
    """
    codes = _mulaw_codes()
    return bytes([codes[sample] for sample in samples_of(linear16)])


def mulaw_decode(mulaw: bytes) -> bytes:
    """Decode mulaw to linear16, twice as many bytes."""
    return _spread(mulaw, _mulaw_samples())


def alaw_encode(linear16: bytes) -> bytes:
    """Encode linear16 as alaw, half as many bytes.

    Raises:
        ValueError: the number of bytes is odd.
    """
    codes = _alaw_codes()
    return bytes([codes[sample] for sample in samples_of(linear16)])


def alaw_decode(alaw: bytes) -> bytes:
    """Decode alaw to linear16, twice as many bytes."""
    return _spread(alaw, _alaw_samples())


def encode(linear16: bytes, encoding: str) -> bytes:
    """Encode linear16 in the `encoding` of a speech session.

    Raises:
        KeyError: the encoding is unknown.
    """
    return {"linear16": bytes, "mulaw": mulaw_encode, "alaw": alaw_encode}[encoding](linear16)


def decode(pcm: bytes, encoding: str) -> bytes:
    """Decode sound in the `encoding` of a speech session to linear16.

    Raises:
        KeyError: the encoding is unknown.
    """
    return {"linear16": bytes, "mulaw": mulaw_decode, "alaw": alaw_decode}[encoding](pcm)


class FrameCutter:
    """Cuts a stream of bytes into frames of one size, whatever the sizes of its pieces."""

    def __init__(self, frame_bytes: int) -> None:
        self._frame_bytes = max(1, frame_bytes)
        self._rest = b""

    def cut(self, pcm: bytes) -> Iterator[bytes]:
        """Yield the frames that `pcm` completes."""
        held = self._rest + pcm
        whole = len(held) - len(held) % self._frame_bytes
        self._rest = held[whole:]
        for start in range(0, whole, self._frame_bytes):
            yield held[start : start + self._frame_bytes]

    def rest(self) -> bytes:
        """Give the rest at the end, shorter than a frame, perhaps empty."""
        rest, self._rest = self._rest, b""
        return rest


# --- the laws ---------------------------------------------------------------------------------

# G.711 keeps a sign, a 3-bit exponent (segment) and a 4-bit mantissa: a floating-point number of 8
# bits, so that the error of rounding is relative to the level. mulaw adds a bias of 33 (in 14
# bits), so that every segment has a leading 1 that need not be sent; alaw has a linear segment at
# 0 instead. Both conversions go through tables, built at first use.


def samples_of(linear16: bytes) -> array[int]:
    """Give the samples, whatever the byte order of the machine.

    Raises:
        ValueError: the number of bytes is odd.
    """
    samples = array("h")
    samples.frombytes(linear16)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _spread(codes: bytes, samples: tuple[int, ...]) -> bytes:
    spread = array("h", [samples[code] for code in codes])
    if sys.byteorder == "big":
        spread.byteswap()
    return spread.tobytes()


@cache
def _mulaw_samples() -> tuple[int, ...]:
    return tuple(_mulaw_sample(code) for code in range(256))


@cache
def _alaw_samples() -> tuple[int, ...]:
    return tuple(_alaw_sample(code) for code in range(256))


# The tables of codes are indexed by the sample itself: a negative one counts from the end.
@cache
def _mulaw_codes() -> bytes:
    codes = [_mulaw_code(sample) for sample in (*range(32_768), *range(-32_768, 0))]
    return bytes(codes)


@cache
def _alaw_codes() -> bytes:
    codes = [_alaw_code(sample) for sample in (*range(32_768), *range(-32_768, 0))]
    return bytes(codes)


def _mulaw_code(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    # The law is defined on 14 bits; the two lowest go before the sign is taken off.
    magnitude = min(abs(sample >> 2), _MULAW_CLIP_14) + (_MULAW_BIAS >> 2)
    exponent = magnitude.bit_length() - 6
    mantissa = magnitude >> (exponent + 1) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _mulaw_sample(code: int) -> int:
    code = ~code & 0xFF
    exponent = code >> 4 & 0x07
    magnitude = ((code & 0x0F) << 3 | 0x84) << exponent
    return (_MULAW_BIAS - magnitude) if code & 0x80 else (magnitude - _MULAW_BIAS)


def _alaw_code(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = (sample if sample >= 0 else ~sample) >> 4
    exponent = max(0, magnitude.bit_length() - 4)
    # The two lowest segments have steps of one size; only above them does the step double.
    mantissa = magnitude >> max(0, exponent - 1) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _alaw_sample(code: int) -> int:
    code ^= 0x55
    exponent = code >> 4 & 0x07
    magnitude = (code & 0x0F) << 4 | 0x08
    if exponent:
        magnitude = (magnitude | 0x100) << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude
