"""The samples of an excerpt in order, silence included, block by block."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.library.library import TurnRecord
from storage.export.stored_session import ExportedSession

ReportProgress: TypeAlias = Callable[[int, int], None]

BLOCK_SAMPLES = 1 << 18


@frozen
class AudioPiece:
    """Samples of a turn from its sample `own_samples` on, or silence where there is none; counted
    at the excerpt's rate."""

    samples: int
    turn: TurnRecord | None = None
    own_samples: int = 0


def pieces(
    session: ExportedSession, progress: ReportProgress, most_samples: int
) -> Generator[AudioPiece]:
    """The excerpt in order and without gaps, in pieces of so many samples at the most. `progress`
    hears how many of how many have been dealt with.

    Raises:
        StorageError: it has no sound.
    """
    excerpt = session.excerpt
    if not excerpt.samples:
        raise StorageError(
            f"The session {session.id} has no sound to export; nothing was spoken in it."
        )
    at = 0
    for turn in excerpt.turns:
        for stretch in turn.stretches:
            while at < stretch.start_samples:
                samples = min(most_samples, stretch.start_samples - at)
                yield AudioPiece(samples)
                at += samples
            while at < stretch.end_samples:
                samples = min(most_samples, stretch.end_samples - at)
                own = stretch.own_samples + at - stretch.start_samples
                yield AudioPiece(samples, turn.record, own)
                at += samples
                progress(at, excerpt.samples)


def blocks(session: ExportedSession, progress: ReportProgress) -> Generator[bytes]:
    """The excerpt as mono 16-bit little-endian PCM at its own rate.

    Raises:
        StorageError: it has no sound, or some of it is not there.
    """
    for piece in pieces(session, progress, BLOCK_SAMPLES):
        if piece.turn is None:
            yield bytes(2 * piece.samples)
        else:
            yield session.pcm(piece.turn, piece.own_samples, piece.samples)
