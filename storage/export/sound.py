"""The samples of an excerpt in order, silence included, block by block."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

from gramophone.errors import StorageError
from storage.export.kept import KeptSession

Tell: TypeAlias = Callable[[int, int], None]

BLOCK_SAMPLES = 1 << 18


def blocks(session: KeptSession, tell: Tell) -> Generator[bytes]:
    """The excerpt as mono 16-bit little-endian PCM at its own rate. `tell` hears how many samples
    of how many have come.

    Raises:
        StorageError: it has no sound, or some of it is not there.
    """
    excerpt = session.excerpt
    if not excerpt.samples:
        raise StorageError(
            f"The session {session.id} has no sound to export; nothing was spoken in it."
        )
    at = 0
    for turn in excerpt.turns:
        for stretch in turn.stretches:
            yield from _silence(stretch.start_samples - at)
            at = stretch.start_samples
            while at < stretch.end_samples:
                samples = min(BLOCK_SAMPLES, stretch.end_samples - at)
                own = stretch.own_samples + at - stretch.start_samples
                yield session.pcm(turn.record, own, samples)
                at += samples
                tell(at, excerpt.samples)


def _silence(samples: int) -> Generator[bytes]:
    while samples > 0:
        part = min(samples, BLOCK_SAMPLES)
        yield bytes(2 * part)
        samples -= part
