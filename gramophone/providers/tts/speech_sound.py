"""Sound of one answer at one rate: read, decoded and resampled while it arrives.

numpy, soundfile and soxr are imported only where a server sends something else than samples at the
rate that is wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeAlias

from gramophone.audio.sound_reader import EncodedSound, SoundPiece
from gramophone.audio.wav_reader import Linear16
from gramophone.providers.tts.file_decoder import FileDecoder
from gramophone.wire.sound_response import SoundResponse

OnSamples: TypeAlias = Callable[[bytes], Awaitable[None]]


class SpeechSound:
    """Reads one answer, and gives its sound to `deliver` as linear16 at `rate_hz`.

    As a context manager it stops what runs in other threads.
    """

    def __init__(
        self, content_type: str, *, sent_hz: int, rate_hz: int, deliver: OnSamples
    ) -> None:
        """`sent_hz` is the rate of samples that come without a head.

        Raises:
            NotSound: the label already says that it cannot be read.
        """
        self._body = SoundResponse(content_type, sent_hz)
        self._rate_hz = rate_hz
        self._deliver = deliver
        self._resampler: _RateConverter | None = None
        self._decoder: FileDecoder | None = None
        self.silent = True
        """Whether no sample was anything but zero."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._decoder is not None:
            await self._decoder.aclose()

    async def feed(self, data: bytes) -> None:
        """Read the next bytes of the body.

        Raises:
            NotSound: the body is something else.
            TooMuch: it is larger than any speech.
        """
        for piece in self._body.feed(data):
            await self._take(piece)

    async def finish(self) -> None:
        """Deliver the rest.

        Raises:
            NotSound: the body was something else, or empty.
        """
        for piece in self._body.finish():
            await self._take(piece)
        if self._decoder is not None:
            await self._decoder.finish()
        await self._end_resampler()

    async def _take(self, piece: SoundPiece) -> None:
        if isinstance(piece, EncodedSound):
            if self._decoder is None:
                self._decoder = FileDecoder(piece.encoding, self._samples)
            self._decoder.put(piece.data)
        else:
            await self._samples(piece)

    async def _samples(self, piece: Linear16) -> None:
        if self._resampler is not None and self._resampler.from_hz != piece.sample_rate_hz:
            await self._end_resampler()
        pcm = piece.pcm
        if piece.sample_rate_hz != self._rate_hz:
            if self._resampler is None:
                self._resampler = await asyncio.to_thread(
                    _RateConverter, piece.sample_rate_hz, self._rate_hz
                )
            pcm = self._resampler.resample(pcm)
        await self._send(pcm)

    async def _end_resampler(self) -> None:
        if self._resampler is not None:
            rest, self._resampler = self._resampler.resample(b"", last=True), None
            await self._send(rest)

    async def _send(self, pcm: bytes) -> None:
        if pcm:
            self.silent = self.silent and not any(pcm)
            await self._deliver(pcm)


class _RateConverter:
    """Sound at one rate as sound at another."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        import numpy
        import soxr

        self.from_hz = from_hz
        self._numpy = numpy
        self._stream: Any = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")

    def resample(self, pcm: bytes, *, last: bool = False) -> bytes:
        numbers = self._numpy
        samples = numbers.frombuffer(pcm, "<i2").astype(numbers.float32)
        resampled = numbers.rint(self._stream.resample_chunk(samples, last=last))
        return numbers.clip(resampled, -32_768, 32_767).astype("<i2").tobytes()
