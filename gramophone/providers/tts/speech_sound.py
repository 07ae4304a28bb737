"""Sound of one answer at one rate: read, decoded and, if need be, resampled while it arrives.

numpy, soundfile and soxr are imported only where a server sends something else than samples, or
changes its rate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from gramophone.audio.rate_converter import RateConverter
from gramophone.audio.sound_reader import EncodedSound, SoundPiece
from gramophone.audio.wav_reader import Linear16
from gramophone.providers.tts.file_decoder import FileDecoder
from gramophone.wire.sound_response import SoundResponse

OnSamples: TypeAlias = Callable[[bytes], Awaitable[None]]

RateChoice: TypeAlias = Callable[[int], Awaitable[int]]
"""Chooses the rate at which sound is delivered that comes at this one."""


class SpeechSound:
    """Reads one answer, and gives its sound to `deliver` as linear16 at the rate that is chosen.

    As a context manager it stops what runs in other threads.
    """

    def __init__(
        self, content_type: str, *, sent_hz: int, choose_rate: RateChoice, deliver: OnSamples
    ) -> None:
        """`sent_hz` is the rate of samples that come without a head.

        Raises:
            NotSound: the label already says that it cannot be read.
        """
        self._body = SoundResponse(content_type, sent_hz)
        self._choose_rate = choose_rate
        self._deliver = deliver
        self._converter: RateConverter | None = None
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
        await self._end_conversion()

    async def _take(self, piece: SoundPiece) -> None:
        if isinstance(piece, EncodedSound):
            if self._decoder is None:
                self._decoder = FileDecoder(piece.encoding, self._samples)
            self._decoder.put(piece.data)
        else:
            await self._samples(piece)

    async def _samples(self, piece: Linear16) -> None:
        if not piece.pcm:
            return
        if self._converter is not None and self._converter.from_hz != piece.sample_rate_hz:
            await self._end_conversion()
        pcm = piece.pcm
        rate_hz = await self._choose_rate(piece.sample_rate_hz)
        if piece.sample_rate_hz != rate_hz:
            if self._converter is None:
                self._converter = await asyncio.to_thread(
                    RateConverter, piece.sample_rate_hz, rate_hz
                )
            pcm = self._converter.push(pcm)
        await self._send(pcm)

    async def _end_conversion(self) -> None:
        if self._converter is not None:
            rest, self._converter = self._converter.finish(), None
            await self._send(rest)

    async def _send(self, pcm: bytes) -> None:
        if pcm:
            self.silent = self.silent and not any(pcm)
            await self._deliver(pcm)
