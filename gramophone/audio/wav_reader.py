"""Reader of a WAV that comes piece by piece from somebody who may not have known its length.

It gives linear16 of one channel. Sizes are believed as far as they fit what comes: one of 0 or
0xFFFFFFFF means that the samples go on to the end, and so does one behind which neither a chunk nor
another WAV begins. Some servers send a WAV a sentence, one behind the other; they are joined.
"""

from __future__ import annotations

from enum import Enum

from gramophone.audio.linear16_converter import Linear16Converter
from gramophone.audio.wav_layout import NotWav, wav_layout
from gramophone.core.frozen import frozen

LARGEST_HEAD_BYTES = 65_536
RATES_HZ = range(4_000, 192_001)
"""Sample rates that a voice may have."""

_ENDLESS = 1 << 62
_LATER_CHUNKS = frozenset(
    (b"LIST", b"id3 ", b"ID3 ", b"bext", b"fact", b"cue ", b"PEAK", b"JUNK", b"smpl", b"iXML")
)
"""Chunks that stand behind samples; four bytes of other content are samples themselves."""


@frozen
class Linear16:
    """Samples of one channel, 16 bits, and their rate."""

    pcm: bytes
    sample_rate_hz: int


class _Part(Enum):
    HEAD = "head"
    SAMPLES = "samples"
    BEHIND = "behind"
    SKIPPING = "skipping"


class WavStreamReader:
    """Reads one stream, which begins with `RIFF` or `RF64`."""

    def __init__(self) -> None:
        self._state = _Part.HEAD
        self._held = bytearray()
        self._chunk_start = 12
        self._remaining_bytes = 0
        self._converter: Linear16Converter | None = None
        self._rate_hz = 0

    def feed(self, piece: bytes) -> list[Linear16]:
        """Read the next piece; give the samples that are whole with it.

        Raises:
            NotWav: it is none.
            UnknownSamples: its samples are of a form that is not known.
        """
        self._held += piece
        samples: list[Linear16] = []
        while self._step(samples):
            pass
        return samples

    def _step(self, samples: list[Linear16]) -> bool:
        """Read what is held as far as one state goes; false when more has to come."""
        match self._state:
            case _Part.HEAD:
                return self._read_head()
            case _Part.SAMPLES:
                return self._read_samples(samples)
            case _Part.BEHIND:
                return self._look_behind()
            case _Part.SKIPPING:
                return self._skip()

    def _read_head(self) -> bool:
        held = self._held
        while len(held) >= self._chunk_start + 8:
            at = self._chunk_start
            size = int.from_bytes(held[at + 4 : at + 8], "little")
            if bytes(held[at : at + 4]) == b"data":
                self._begin(at + 8)
                return True
            self._chunk_start = at + 8 + size + size % 2
            if self._chunk_start > LARGEST_HEAD_BYTES:
                raise NotWav("its samples begin too late")
        return False

    def _begin(self, data_start: int) -> None:
        layout = wav_layout(bytes(self._held[:data_start]), _ENDLESS)
        if layout.sample_rate_hz not in RATES_HZ:
            raise NotWav(f"its sample rate is {layout.sample_rate_hz} Hz")
        self._converter = Linear16Converter(layout.tag, layout.bits, layout.channels)
        self._rate_hz = layout.sample_rate_hz
        self._remaining_bytes = layout.data_bytes
        self._state = _Part.SAMPLES
        del self._held[:data_start]

    def _read_samples(self, samples: list[Linear16]) -> bool:
        data = bytes(self._held[: self._remaining_bytes])
        del self._held[: len(data)]
        self._remaining_bytes -= len(data)
        if self._converter is not None and (pcm := self._converter.feed(data)):
            samples.append(Linear16(pcm, self._rate_hz))
        if self._remaining_bytes:
            return False
        self._state = _Part.BEHIND
        return True

    def _look_behind(self) -> bool:
        """Find out what follows after as many samples as were stated."""
        held = self._held
        if len(held) < 9:
            return False
        # A chunk of an odd length has a byte of padding behind it.
        start = 1 if held[0] == 0 and bytes(held[1:5]) in _LATER_CHUNKS | {b"RIFF"} else 0
        name = bytes(held[start : start + 4])
        if name == b"RIFF":
            del held[:start]
            self._state, self._chunk_start = _Part.HEAD, 12
        elif name in _LATER_CHUNKS:
            size = int.from_bytes(held[start + 4 : start + 8], "little")
            del held[: start + 8]
            self._state, self._remaining_bytes = _Part.SKIPPING, size + size % 2
        else:
            self._state, self._remaining_bytes = _Part.SAMPLES, _ENDLESS
        return True

    def _skip(self) -> bool:
        skipped = min(len(self._held), self._remaining_bytes)
        del self._held[:skipped]
        self._remaining_bytes -= skipped
        if self._remaining_bytes:
            return False
        self._state = _Part.BEHIND
        return True
