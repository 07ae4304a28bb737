"""One turn's sound laid on the clock of its session: its samples, with holes between them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gramophone.audio.pcm import decode
from gramophone.core.frozen import frozen
from gramophone.core.timeline import AudioReceived
from gramophone.ports.backend import AudibleSpan

BYTES_PER_SAMPLE = 2


class AudioSource(Protocol):
    """The sound of a session, read piece by piece: an hour of it is 350 MB."""

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        """As it was received; what there is of it."""
        ...

    def close(self) -> None: ...


@frozen
class TrackPiece:
    """`samples` of the turn's own sound from `own` on, laid from `laid` on."""

    laid: int
    own: int
    samples: int


class Track:
    """One turn's sound as it is laid: its samples with the holes between them."""

    def __init__(
        self,
        turn: int,
        start_us: int,
        rate_hz: int,
        frames: Sequence[AudioReceived],
        encoding: str,
        sound: AudioSource | None = None,
    ) -> None:
        self.turn = turn
        self.start_us = start_us
        self.rate_hz = rate_hz
        self._encoding = encoding
        self._width = BYTES_PER_SAMPLE if encoding == "linear16" else 1
        self._sound = sound
        self._frames = frames
        self._starts = [frame.offset_bytes for frame in frames]
        self.audible = any(self._pcm(frame, 0, frame.size_bytes) for frame in frames)
        end = max((f.offset_bytes + f.size_bytes for f in frames), default=0)
        self.own_samples = end // self._width
        self._pieces = [TrackPiece(0, 0, self.own_samples)]

    @property
    def samples(self) -> int:
        """Its length as it is laid, with the holes."""
        last = self._pieces[-1]
        return last.laid + last.samples

    @property
    def end_us(self) -> int:
        return self.us_of(self.samples)

    def us_of(self, laid: int) -> int:
        """The position of a laid sample."""
        return self.start_us + laid * 1_000_000 // self.rate_hz

    def laid_at(self, position_us: int) -> int:
        """The laid sample at a position, within the track."""
        # Rounded up, so that this is the inverse of `us_of`.
        laid = -(-(position_us - self.start_us) * self.rate_hz // 1_000_000)
        return min(max(0, laid), self.samples)

    def own_of(self, laid: int) -> int:
        """The turn's own sample; in a hole the one that comes after it."""
        piece = self._pieces[bisect_right(self._pieces, laid, key=_laid) - 1]
        return piece.own + min(laid - piece.laid, piece.samples)

    def laid_of(self, own: int) -> int:
        """Where a sample of the turn is laid."""
        own = min(max(0, own), self.own_samples)
        piece = self._pieces[bisect_right(self._pieces, own, key=_own) - 1]
        return min(piece.laid + own - piece.own, self.samples)

    def read(self, laid: int, samples: int) -> bytes:
        """Laid samples, silence in holes and where frames were lost."""
        samples = min(samples, self.samples - laid)
        sound = bytearray(max(0, samples) * BYTES_PER_SAMPLE)
        for piece in self._pieces:
            start = max(laid, piece.laid)
            end = min(laid + samples, piece.laid + piece.samples)
            if start < end:
                own = self._read_own(piece.own + start - piece.laid, end - start)
                place = (start - laid) * BYTES_PER_SAMPLE
                sound[place : place + len(own)] = own
        return bytes(sound)

    @property
    def pieces(self) -> tuple[TrackPiece, ...]:
        """Its parts between the holes, in samples."""
        return tuple(piece for piece in self._pieces if piece.samples)

    def passages(self) -> list[AudibleSpan]:
        """Its parts between the holes."""
        return [
            AudibleSpan(self.turn, self.us_of(p.laid), self.us_of(p.laid + p.samples), p.own)
            for p in self.pieces
        ]

    def add_hole(self, own: int, missing: int) -> None:
        """Before this sample so much silence was heard."""
        last = self._pieces[-1]
        before = min(max(0, own - last.own), last.samples)
        self._pieces[-1] = replace(last, samples=before)
        after = TrackPiece(last.laid + before + max(0, missing), last.own + before, 0)
        self._pieces.append(replace(after, samples=last.samples - before))

    def cut(self, laid: int) -> None:
        """Nothing is heard from this laid sample on."""
        kept = [piece for piece in self._pieces if piece.laid < laid] or self._pieces[:1]
        last = kept[-1]
        kept[-1] = replace(last, samples=max(0, min(last.samples, laid - last.laid)))
        self._pieces = kept

    def _read_own(self, own: int, samples: int) -> bytes:
        width, scale = self._width, BYTES_PER_SAMPLE // self._width
        start, end = own * width, (own + samples) * width
        sound = bytearray((end - start) * scale)
        place = max(0, bisect_right(self._starts, start) - 1)
        while place < len(self._starts) and self._starts[place] < end:
            at = self._starts[place]
            piece = self._pcm(self._frames[place], max(0, start - at), end - at)
            offset = max(0, at - start) * scale
            sound[offset : offset + len(piece) * scale] = decode(piece, self._encoding)
            place += 1
        return bytes(sound)

    def _pcm(self, frame: AudioReceived, start: int, end: int) -> bytes:
        """A part of a frame, as it was received."""
        if frame.pcm or self._sound is None:
            return frame.pcm[start:end]
        end = min(end, frame.size_bytes)
        return self._sound.read(self.turn, frame.offset_bytes + start, max(0, end - start))


def _laid(piece: TrackPiece) -> int:
    return piece.laid


def _own(piece: TrackPiece) -> int:
    return piece.own
