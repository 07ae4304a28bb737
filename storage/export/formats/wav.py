"""The sound of sessions as one WAV of 16-bit PCM, with cue points and tags."""

from __future__ import annotations

from typing import BinaryIO

from gramophone.library.export_request import ExportRequest
from storage.audio.wav import write_all
from storage.export.excerpt_audio import BLOCK_SAMPLES, AudioPiece, ReportProgress, pieces
from storage.export.formats.riff import HEAD_BYTES, LARGEST_SIZE, TaggedWav, tail
from storage.export.mixdown import Mixdown
from storage.export.stored_session import ExportedSession, KeptSessions

_COPIED_SAMPLES = 1 << 23
"""What is copied between two looks at whether it is to stop."""

_SILENCE = bytes(1 << 20)


def write_wav(
    sessions: KeptSessions, file: BinaryIO, order: ExportRequest, progress: ReportProgress
) -> None:
    """Write the sound of the sessions, one after the other.

    Raises:
        OSError: the file cannot be written.
        StorageError: there is no sound, rates differ, or a turn's file is missing or short.
    """
    reel = Mixdown(sessions, order, progress)
    # The head is written when the sizes, and the last of the sessions, are known.
    file.seek(HEAD_BYTES)
    if reel.as_received:
        _copy(reel, file)
    else:
        for block in reel.blocks():
            file.write(block.astype("<i2", copy=False).tobytes())
    data_bytes = file.seek(0, 2) - HEAD_BYTES
    end = tail(reel.about, reel.marks)
    file.write(end)
    file.seek(0)
    wav = TaggedWav(reel.rate_hz, reel.channels, reel.about, order.cut.from_us)
    file.write(wav.head(data_bytes, len(end), LARGEST_SIZE))


def _copy(reel: Mixdown, file: BinaryIO) -> None:
    """The samples past this process, where they are stored as they are wanted."""
    file.flush()
    for session, progress in reel.sessions():
        most_samples = _COPIED_SAMPLES if session.stored_as_exported else BLOCK_SAMPLES
        for piece in pieces(session, progress, most_samples):
            _copy_piece(session, piece, file.fileno())
        reel.samples += session.excerpt.samples


def _copy_piece(session: ExportedSession, piece: AudioPiece, descriptor: int) -> None:
    if piece.turn is not None:
        session.copy_pcm(piece.turn, piece.own_samples, piece.samples, descriptor)
        return
    remaining_bytes = 2 * piece.samples
    while remaining_bytes:
        write_all(descriptor, _SILENCE[:remaining_bytes])
        remaining_bytes -= min(remaining_bytes, len(_SILENCE))
