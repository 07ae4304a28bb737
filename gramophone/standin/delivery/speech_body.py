"""The body of an answer over HTTP that is spoken: samples, a WAV or a file, piece by piece."""

# A file is sent while it is made where there is a pace. Without one it is made first, because then
# its head can say how long it is, which readers of files like; so it is with a WAV.

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply
from gramophone.standin.source.speech_files import RecordedFile
from gramophone.standin.voice import Break, Voice, VoiceRefused, VoiceSound
from gramophone.standin.voices.file_encoding import FileEncoder, encoded
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters, bytes_per_sample
from gramophone.wire.deepgram.speak_v1.rest import wav_header

_PIECE_BYTES = 16_384

TimedPieces: TypeAlias = AsyncGenerator[tuple[bytes, int], None]
"""Pieces of a body, each with the instant at which it is sent."""


@frozen(kw_only=True)
class SpokenText:
    """A text and the form of its sound.

    Attributes:
        voice_parameters: of the sound that the voice makes.
        encoding: of the body; that of the voice for samples, or the format of a file.
        in_wav: whether samples stand in a WAV.
        file: the recorded answer, if it is more than samples.
    """

    text: str
    voice_parameters: SpeakParameters
    encoding: str
    in_wav: bool = False
    file: RecordedFile | None = None

    @property
    def is_samples(self) -> bool:
        """Whether the body has samples, bare or in a WAV."""
        return self.encoding == self.voice_parameters.encoding


class SpeechBody:
    """The body of one answer while it is spoken.

    Attributes:
        broken: whether the service broke off here when the answer was recorded.
        duration_us: of the sound that the voice has made so far.
    """

    def __init__(
        self, voice: Voice, options: StandinOptions, text: SpokenText, ordinal: int, asked_us: int
    ) -> None:
        """`ordinal` is that of the request, whose faults shape the frames."""
        self._voice = voice
        self._options = options
        self._text = text
        self._ordinal = ordinal
        self._asked_us = asked_us
        self._sound_bytes = 0
        self.broken = False

    @property
    def duration_us(self) -> int:
        parameters = self._text.voice_parameters
        per_second = parameters.sample_rate_hz * bytes_per_sample(parameters.encoding)
        return self._sound_bytes * 1_000_000 // per_second

    def pieces(self) -> TimedPieces:
        """The pieces of the body.

        Raises:
            VoiceRefused: before the first piece; the voice does not have this text.
        """
        if self._text.file is not None:
            return self._recorded(self._text.file)
        if self._text.is_samples:
            at_once = self._text.in_wav and self._options.pace <= 0
            return self._whole_wav() if at_once else self._samples()
        return self._file_as_made() if self._options.pace > 0 else self._whole_file()

    async def _samples(self) -> TimedPieces:
        async with aclosing(self._frames()) as frames:
            if self._text.in_wav:
                # The voice may refuse the text at its first sound, before the head has gone out.
                first = await anext(frames, None)
                yield wav_header(self._text.voice_parameters, None), self._asked_us
                if first is not None:
                    yield first
            async for frame in frames:
                yield frame

    async def _whole_wav(self) -> TimedPieces:
        frames = [frame async for frame in self._frames()]
        size = sum(len(pcm) for pcm, _ in frames)
        yield (
            wav_header(self._text.voice_parameters, size),
            frames[0][1] if frames else self._asked_us,
        )
        for frame in frames:
            yield frame
        if size % 2:
            yield b"\0", frames[-1][1]

    async def _whole_file(self) -> TimedPieces:
        frames = [frame async for frame in self._frames()]
        sound = b"".join(pcm for pcm, _ in frames)
        rate_hz = self._text.voice_parameters.sample_rate_hz
        file = await asyncio.to_thread(encoded, sound, rate_hz, self._text.encoding)
        instant_us = frames[-1][1] if frames else self._asked_us
        for start in range(0, len(file), _PIECE_BYTES):
            yield file[start : start + _PIECE_BYTES], instant_us

    async def _file_as_made(self) -> TimedPieces:
        rate_hz = self._text.voice_parameters.sample_rate_hz
        encoder = await asyncio.to_thread(FileEncoder, rate_hz, self._text.encoding)
        instant_us = self._asked_us
        with encoder:
            async with aclosing(self._frames()) as frames:
                async for frame, instant_us in frames:
                    if piece := await asyncio.to_thread(encoder.feed, frame):
                        yield piece, instant_us
            if rest := await asyncio.to_thread(encoder.finish):
                yield rest, instant_us

    async def _recorded(self, file: RecordedFile) -> TimedPieces:
        """The recorded bytes, at their instants divided by the pace."""
        pace, instant_us = self._options.pace, self._asked_us
        self.broken = file.broken
        for after_us, piece in file.head:
            instant_us = self._asked_us + (round(after_us / pace) if pace else 0)
            yield piece, instant_us
        if file.whole:
            if isinstance(self._voice, RecordedVoice):
                self._voice.given_elsewhere([self._text.text])
            return
        async with aclosing(self._frames()) as frames:
            async for piece, instant_us in frames:
                yield piece, instant_us
        if file.tail:
            yield file.tail, instant_us

    async def _frames(self) -> TimedPieces:
        parameters = self._text.voice_parameters
        pacer = FramePacer(self._options, parameters, self._ordinal)
        pacer.begin(self._asked_us)
        async with aclosing(self._voice.synthesise(self._text.text, parameters)) as sounds:
            async for sound in sounds:
                if isinstance(sound, VoiceSound):
                    self._sound_bytes += len(sound.pcm)
                    for frame in pacer.frames(sound):
                        yield frame
                elif isinstance(sound, Break):
                    self.broken = True
        for frame in pacer.last_frames():
            yield frame


async def deliver(
    answer: SpeechBody,
    pieces: TimedPieces,
    clock: Clock,
    reply: Reply,
    head: Callable[[], Sequence[tuple[str, str]]],
) -> bool:
    """Send the pieces of an answer, each at its instant; False, with nothing sent, if the voice
    refuses the text. The body is cut off where the answer is `broken`.

    `head` makes the headers when they go out.
    """
    async with aclosing(pieces):
        try:
            piece = await anext(pieces, None)
        except VoiceRefused:
            return False
        await reply.start(200, head())
        while piece is not None:
            data, instant_us = piece
            await clock.sleep_until_us(instant_us)
            await reply.send(data)
            piece = await anext(pieces, None)
    if answer.broken:
        reply.cut()
    else:
        await reply.end()
    return True
