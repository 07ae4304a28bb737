"""Reader of a stream of sound whose format is known from its first bytes alone."""

from __future__ import annotations

from typing import TypeAlias

from gramophone.audio.linear16_converter import Linear16Converter, UnknownSamples
from gramophone.audio.sound_signature import ENOUGH_BYTES, SoundFormatName, sound_format
from gramophone.audio.wav_layout import PCM, NotWav
from gramophone.audio.wav_reader import Linear16, WavStreamReader
from gramophone.core.frozen import frozen

_NO_DECODER: dict[SoundFormatName, str] = {"aac": "AAC", "mp4": "MP4", "webm": "WebM"}


class NotSound(ValueError):
    """A stream is not sound that can be read; the text is what it is, to follow “sent ”."""


@frozen
class EncodedSound:
    """A piece of a compressed file."""

    data: bytes
    encoding: SoundFormatName


SoundPiece: TypeAlias = Linear16 | EncodedSound


class SoundReader:
    """Reads one stream. Half a sample at its end is dropped; nothing else is."""

    def __init__(self, sample_rate_hz: int, *, channels: int = 1) -> None:
        """Rate and channels are those of samples without a head.

        Raises:
            NotSound: there are too many channels.
        """
        try:
            self._converter = Linear16Converter(PCM, 16, channels)
        except UnknownSamples as error:
            raise NotSound(f"sound of {error}, which is not read here") from error
        self._rate_hz = sample_rate_hz
        self._head = b""
        self._format: SoundFormatName | None = None
        self._wav = WavStreamReader()
        self.begun = False
        """Whether any sound has come."""

    def feed(self, piece: bytes) -> list[SoundPiece]:
        """Read the next piece.

        Raises:
            NotSound: it is of a form that is not read here.
        """
        if self._format is not None:
            return self._read(piece)
        self._head += piece
        self._format = sound_format(self._head, whole=len(self._head) >= ENOUGH_BYTES)
        return self._read_head() if self._format is not None else []

    def finish(self) -> list[SoundPiece]:
        """End the stream; gives what was still held.

        Raises:
            NotSound: it was of a form that is not read here.
        """
        if self._format is not None or not self._head:
            return []
        self._format = sound_format(self._head, whole=True)
        return self._read_head()

    def _read_head(self) -> list[SoundPiece]:
        head, self._head = self._head, b""
        return self._read(head)

    def _read(self, piece: bytes) -> list[SoundPiece]:
        pieces: list[SoundPiece] = []
        match self._format:
            case "wav":
                pieces += self._read_wav(piece)
            case "pcm" | None:
                if pcm := self._converter.feed(piece):
                    pieces.append(Linear16(pcm, self._rate_hz))
            case "aac" | "mp4" | "webm":
                name = _NO_DECODER[self._format]
                raise NotSound(f"{name}, which is not read here; ask it for wav, pcm or mp3")
            case encoding:
                if piece:
                    pieces.append(EncodedSound(piece, encoding))
        self.begun = self.begun or bool(pieces)
        return pieces

    def _read_wav(self, piece: bytes) -> list[Linear16]:
        try:
            return self._wav.feed(piece)
        except NotWav as error:
            raise NotSound(f"a WAV that cannot be read ({error})") from error
        except UnknownSamples as error:
            raise NotSound(f"sound of {error}, which is not read here") from error
