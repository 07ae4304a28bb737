"""Track: one turn's sound on the timeline of its session, with holes where the sound waited."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, Protocol

from gramophone.audio.pcm import decode
from gramophone.core.frozen import frozen
from gramophone.core.timeline import AudioReceived
from gramophone.ports.backend import AudibleSpan

BYTES_PER_SAMPLE: Final = 2


class AudioSource(Protocol):
    """The stored sound of a session, read piece by piece: an hour of it is 350 MB."""

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        """Give a part of a turn's sound as it was received; as much of it as is there."""
        ...

    def close(self) -> None: ...


@frozen
class TrackPiece:
    """A part of a track without a hole: `samples` samples of the turn's sound."""

    timeline_start: int
    source_start: int
    samples: int


# Two counts of samples. Source samples are those that the service sent, without gaps: offsets
# into the stored sound, what `PlaybackFinished` and the alignment count. Timeline samples are
# those that were heard since the turn began to sound: the same, with silence where the device ran
# out of sound (`Underran`). The pieces map one to the other; they are ordered in both.


class Track:
    """One turn's sound from the position `start_us` on, `rate_hz` timeline samples a second."""

    def __init__(
        self,
        turn: int,
        start_us: int,
        rate_hz: int,
        frames: Sequence[AudioReceived],
        encoding: str,
        sound: AudioSource | None = None,
    ) -> None:
        """`frames` are in the order of their offsets; those without samples are read from
        `sound`."""
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
        self.source_samples = end // self._width
        self._pieces = [TrackPiece(0, 0, self.source_samples)]

    @property
    def samples(self) -> int:
        """The length in timeline samples, holes included."""
        last = self._pieces[-1]
        return last.timeline_start + last.samples

    @property
    def end_us(self) -> int:
        """The position behind the last sample."""
        return self.us_of(self.samples)

    def us_of(self, timeline_sample: int) -> int:
        """Give the position of a timeline sample."""
        return self.start_us + timeline_sample * 1_000_000 // self.rate_hz

    def sample_at(self, position_us: int) -> int:
        """Give the timeline sample at a position, limited to the track."""
        # Rounded up, so that this is the inverse of `us_of`.
        sample = -(-(position_us - self.start_us) * self.rate_hz // 1_000_000)
        return min(max(0, sample), self.samples)

    def source_of(self, timeline_sample: int) -> int:
        """Give the source sample of a timeline sample; in a hole the one that comes after it."""
        piece = self._pieces[bisect_right(self._pieces, timeline_sample, key=_TIMELINE_START) - 1]
        return piece.source_start + min(timeline_sample - piece.timeline_start, piece.samples)

    def timeline_of(self, source_sample: int) -> int:
        """Give the timeline sample of a source sample."""
        source_sample = min(max(0, source_sample), self.source_samples)
        piece = self._pieces[bisect_right(self._pieces, source_sample, key=_SOURCE_START) - 1]
        return min(piece.timeline_start + source_sample - piece.source_start, self.samples)

    def read(self, start: int, samples: int) -> bytes:
        """Read timeline samples as signed 16-bit PCM: silence in holes and for lost frames."""
        samples = min(samples, self.samples - start)
        pcm = bytearray(max(0, samples) * BYTES_PER_SAMPLE)
        for piece in self._pieces:
            first = max(start, piece.timeline_start)
            end = min(start + samples, piece.timeline_start + piece.samples)
            if first < end:
                source_start = piece.source_start + first - piece.timeline_start
                source = self._read_source(source_start, end - first)
                offset = (first - start) * BYTES_PER_SAMPLE
                pcm[offset : offset + len(source)] = source
        return bytes(pcm)

    @property
    def pieces(self) -> tuple[TrackPiece, ...]:
        """The parts between the holes."""
        return tuple(piece for piece in self._pieces if piece.samples)

    def passages(self) -> list[AudibleSpan]:
        """Give the parts between the holes, as positions."""
        return [
            AudibleSpan(
                self.turn,
                self.us_of(piece.timeline_start),
                self.us_of(piece.timeline_start + piece.samples),
                piece.source_start * 1_000_000 // self.rate_hz,
            )
            for piece in self.pieces
        ]

    def add_hole(self, source_sample: int, missing: int) -> None:
        """Insert `missing` samples of silence before a source sample."""
        last = self._pieces[-1]
        before = min(max(0, source_sample - last.source_start), last.samples)
        self._pieces[-1] = replace(last, samples=before)
        timeline_start = last.timeline_start + before + max(0, missing)
        after = TrackPiece(timeline_start, last.source_start + before, last.samples - before)
        self._pieces.append(after)

    def cut(self, timeline_sample: int) -> None:
        """End the track before a timeline sample."""
        pieces = [piece for piece in self._pieces if piece.timeline_start < timeline_sample]
        self._pieces = pieces or self._pieces[:1]
        last = self._pieces[-1]
        samples = max(0, min(last.samples, timeline_sample - last.timeline_start))
        self._pieces[-1] = replace(last, samples=samples)

    def _read_source(self, start: int, samples: int) -> bytes:
        width, scale = self._width, BYTES_PER_SAMPLE // self._width
        first_byte, end_byte = start * width, (start + samples) * width
        pcm = bytearray((end_byte - first_byte) * scale)
        index = max(0, bisect_right(self._starts, first_byte) - 1)
        while index < len(self._starts) and self._starts[index] < end_byte:
            at = self._starts[index]
            part = self._pcm(self._frames[index], max(0, first_byte - at), end_byte - at)
            offset = max(0, at - first_byte) * scale
            pcm[offset : offset + len(part) * scale] = decode(part, self._encoding)
            index += 1
        return bytes(pcm)

    def _pcm(self, frame: AudioReceived, start: int, end: int) -> bytes:
        """Give a part of a frame, in bytes, as it was received."""
        if frame.pcm or self._sound is None:
            return frame.pcm[start:end]
        end = min(end, frame.size_bytes)
        return self._sound.read(self.turn, frame.offset_bytes + start, max(0, end - start))


_TIMELINE_START = attrgetter("timeline_start")
_SOURCE_START = attrgetter("source_start")
