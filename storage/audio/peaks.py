"""The shape of a turn's sound for a seek bar: the loudest sample of each short stretch."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from gramophone.library.library import TurnAudio
from storage.audio.turn_audio import TurnSound
from storage.audio.wav import WavFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK_BUCKETS = 512
_FULL_SCALE = 32_767


def peaks(turn_audio: Mapping[int, TurnAudio], buckets_per_second: int) -> dict[int, bytes]:
    """One byte a bucket for each turn: 0 is silence, 255 full scale.

    Read in blocks, so that an hour of sound needs no more memory than a minute. A file that is
    missing gives no entry, one that is short fewer buckets.

    Raises:
        ValueError: there would be more buckets than samples.
        OSError: a file cannot be read.
    """
    shapes: dict[int, bytes] = {}
    for turn, audio in turn_audio.items():
        if not 0 < buckets_per_second <= audio.sample_rate_hz:
            raise ValueError(f"{buckets_per_second} buckets a second cannot be cut from samples")
        with TurnSound(audio.path) as sound:
            if not sound.missing:
                shapes[turn] = b"".join(_blocks(sound, audio, buckets_per_second))
    return shapes


def _blocks(sound: TurnSound, audio: TurnAudio, buckets_per_second: int) -> Generator[bytes]:
    # Imported when first used: numpy costs a tenth of a second.
    import numpy as np

    form = WavFormat(audio.encoding, audio.sample_rate_hz)
    loudness = _loudness(audio.encoding)
    samples = form.samples(sound.data_bytes())
    bucket = 0
    while (start := _edge(bucket, audio, buckets_per_second)) < samples:
        edges = [
            _edge(number, audio, buckets_per_second)
            for number in range(bucket, bucket + _BLOCK_BUCKETS + 1)
        ]
        end = min(edges[-1], samples)
        starts = [edge - start for edge in edges[:-1] if edge < end]
        pcm = sound.read(start * form.sample_bytes, (end - start) * form.sample_bytes)
        loud = loudness[np.frombuffer(pcm, dtype=_sample_type(audio.encoding))]
        starts = [start_sample for start_sample in starts if start_sample < len(loud)]
        if not starts:
            return
        yield np.maximum.reduceat(loud, starts).tobytes()
        bucket += _BLOCK_BUCKETS


def _edge(bucket: int, audio: TurnAudio, buckets_per_second: int) -> int:
    """The first sample of a bucket; rates need not divide evenly."""
    return bucket * audio.sample_rate_hz // buckets_per_second


def _sample_type(encoding: str) -> str:
    return "<u2" if encoding == "linear16" else "u1"


def _loudness(encoding: str) -> NDArray[np.uint8]:
    """For each possible sample, as an unsigned number, how loud it is: 0 to 255."""
    import numpy as np

    if encoding == "linear16":
        amplitude: Any = np.abs(np.arange(1 << 16, dtype="<u2").view("<i2").astype(np.int32))
    else:
        code = np.arange(256, dtype=np.int32)
        amplitude = _mulaw(code) if encoding == "mulaw" else _alaw(code)
    scaled = np.rint(amplitude * 255 / _FULL_SCALE)
    return np.minimum(scaled, 255).astype(np.uint8)


def _mulaw(code: Any) -> Any:
    """Amplitudes of G.711 μ-law: bits are sent inverted, the bias is 33 in 14 bits."""
    flipped = ~code & 0xFF
    exponent, mantissa = flipped >> 4 & 7, flipped & 15
    return ((mantissa * 8 + 132) << exponent) - 132


def _alaw(code: Any) -> Any:
    """Amplitudes of G.711 A-law: every other bit is sent inverted."""
    flipped = code ^ 0x55
    exponent, mantissa = flipped >> 4 & 7, flipped & 15
    hidden = (exponent > 0) * 1
    return (mantissa * 16 + 8 + 256 * hidden) << (exponent - hidden)
