"""Decoder of a compressed file while it arrives: MP3, Opus, Vorbis or FLAC, by libsndfile.

It runs in threads, because it waits for bytes where it wants to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from gramophone.audio.linear16_converter import Linear16Converter, UnknownSamples
from gramophone.audio.sound_reader import NotSound
from gramophone.audio.wav_layout import PCM
from gramophone.audio.wav_reader import RATES_HZ, Linear16
from gramophone.core.tasks import cancel, spawn
from gramophone.providers.tts.growing_file import GrowingFile

_BLOCK_SAMPLES = 2_048
_MOST_SAMPLES = 3_600 * 48_000
"""A bound on the sound of one answer: a small file can hold days of silence."""


class FileDecoder:
    """Decodes one file; `deliver` gets its sound."""

    def __init__(self, encoding: str, deliver: Callable[[Linear16], Awaitable[None]]) -> None:
        """`encoding` is the name of the format in sentences."""
        self._encoding = encoding
        self._deliver = deliver
        self._file = GrowingFile()
        self._failure: NotSound | None = None
        self._decoding = spawn(self._decode(), name=f"decoder of {encoding}")

    def put(self, piece: bytes) -> None:
        """Append bytes of the file.

        Raises:
            NotSound: what came before cannot be decoded.
        """
        self._check()
        self._file.put(piece)

    async def finish(self) -> None:
        """Decode to the end.

        Raises:
            NotSound: it cannot be decoded.
        """
        self._file.end()
        await asyncio.wait([self._decoding])
        self._check()

    async def aclose(self) -> None:
        """Stop decoding."""
        # A thread that waits for bytes would wait on after its task.
        self._file.end()
        await cancel(self._decoding)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _decode(self) -> None:
        try:
            sound = await asyncio.to_thread(_opened, self._file)
            with sound:
                await self._deliver_blocks(sound)
        except NotSound as error:
            self._failure = error
        except RuntimeError as error:
            # The errors of soundfile, whose class would have to be imported for its name.
            reason = getattr(error, "error_string", error)
            name = self._encoding.upper()
            self._failure = NotSound(f"{name} that cannot be decoded ({reason})")

    async def _deliver_blocks(self, sound: Any) -> None:
        """Decode and deliver, to the end.

        Raises:
            NotSound: it is of a form that is not read here.
            RuntimeError: it is damaged.
        """
        if sound.samplerate not in RATES_HZ:
            raise NotSound(f"sound at {sound.samplerate} Hz")
        try:
            converter = Linear16Converter(PCM, 16, sound.channels)
        except UnknownSamples as error:
            raise NotSound(f"sound of {error}, which is not read here") from error
        block = bytearray(2 * sound.channels * _BLOCK_SAMPLES)
        read = partial(sound.buffer_read_into, block, dtype="int16")
        samples = 0
        while count := await asyncio.to_thread(read):
            samples += count
            if samples > _MOST_SAMPLES:
                raise NotSound("more than an hour of sound")
            pcm = converter.feed(bytes(block[: 2 * sound.channels * count]))
            await self._deliver(Linear16(pcm, sound.samplerate))


def _opened(file: GrowingFile) -> Any:
    """Open the file; blocks until its beginning has come.

    Raises:
        RuntimeError: it cannot be decoded.
    """
    import soundfile

    class _Stream(soundfile.SoundFile):
        """A file that is not sought after each read: MP3 without an index would lose its place."""

        def seekable(self) -> bool:
            return False

    return _Stream(cast("Any", file))
