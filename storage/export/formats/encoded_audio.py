"""The sound of sessions as FLAC, Vorbis, Opus or MP3.

libsndfile encodes. What it does not write is put in afterwards: chapters, and in Ogg a serial
number that is always the same, where it draws one by lot.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.library.export_request import ExportRequest
from storage.export.excerpt_audio import ReportProgress
from storage.export.formats import flac, id3, ogg
from storage.export.formats.vorbis_comments import comment_block
from storage.export.mixdown import Mixdown
from storage.export.stored_session import KeptSessions

if TYPE_CHECKING:
    from storage.export.mixdown import Samples

_HEAD_BYTES = 1 << 20
"""More than any encoder's head, before we have put anything into it."""

_PIECE_BYTES = 1 << 20
_OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


@frozen
class _Codec:
    """A format by libsndfile's names, its allowed rates in Hz (any if empty), and the function that
    finishes the file."""

    form: str
    subtype: str
    finish: Callable[[BinaryIO, Mixdown], None]
    rates_hz: tuple[int, ...] = ()


def write_encoded(
    sessions: KeptSessions, file: BinaryIO, order: ExportRequest, progress: ReportProgress
) -> None:
    """Write the sound of the sessions, one after the other, with tags and a chapter a turn.

    Raises:
        OSError: the file cannot be written.
        StorageError: there is no sound, rates differ, or a turn's file is missing or short.
    """
    codec = _CODECS[order.form]
    reel = Mixdown(sessions, order, progress, codec.rates_hz)
    _encode(reel.blocks(), reel, codec, file)
    codec.finish(file, reel)


def _encode(blocks: Iterable[Samples], reel: Mixdown, codec: _Codec, file: BinaryIO) -> None:
    # Imported when first used: it brings numpy, which costs a tenth of a second.
    import soundfile

    file.flush()
    sound: Any = None
    try:
        for block in blocks:
            with told_why(file):
                sound = sound or soundfile.SoundFile(
                    file.fileno(),
                    "w",
                    reel.rate_hz,
                    reel.channels,
                    codec.subtype,
                    format=codec.form,
                    closefd=False,
                )
                sound.write(block)
    except BaseException:
        if sound is not None:
            with suppress(soundfile.SoundFileError):
                sound.close()
        raise
    if sound is None:
        raise StorageError("There is no sound to write; run `gramophone verify` to see why.")
    with told_why(file):
        sound.close()


@contextmanager
def told_why(file: BinaryIO) -> Generator[None]:
    """libsndfile says that it failed, and not why: another write tells the reason."""
    from soundfile import SoundFileError

    try:
        yield
    except (SoundFileError, AssertionError) as error:
        os.pwrite(file.fileno(), bytes(_PIECE_BYTES), os.fstat(file.fileno()).st_size)
        raise OSError(errno.EIO, str(error)) from error


# --- what libsndfile leaves to be done --------------------------------------------------------


def _finish_flac(file: BinaryIO, reel: Mixdown) -> None:
    size, head = flac.retagged(_head(file), lambda vendor: _comments(vendor, reel))
    _replace_head(file, size, head)


def _finish_ogg(file: BinaryIO, reel: Mixdown) -> None:
    serial = zlib.crc32(reel.about.reference.encode())
    head = ogg.retagged(_head(file), serial, lambda vendor: _comments(vendor, reel))
    _replace_head(file, head.size_bytes, head.pages)
    at, page = len(head.pages), head.next_page
    while True:
        file.seek(at)
        stream = file.read(_PIECE_BYTES)
        whole = ogg.whole_pages(stream)
        if not whole:
            break
        pages, page = ogg.renumbered(stream[:whole], serial, page)
        file.seek(at)
        file.write(pages)
        at += whole
    if stream:
        raise StorageError("The sound could not be written as Ogg; try another form.")


def _finish_mp3(file: BinaryIO, reel: Mixdown) -> None:
    chapters = [mark for mark in reel.marks if mark.turn]
    _replace_head(file, 0, id3.tag(reel.about, chapters, reel.rate_hz, reel.samples))


def _comments(vendor: bytes, reel: Mixdown) -> bytes:
    chapters = [mark for mark in reel.marks if mark.turn]
    return comment_block(vendor, reel.about, chapters, reel.rate_hz)


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(_HEAD_BYTES)


def _replace_head(file: BinaryIO, size_bytes: int, head: bytes) -> None:
    """Put `head` in the place of the first bytes; what follows moves."""
    end = file.seek(0, os.SEEK_END)
    by = len(head) - size_bytes
    if by < 0:
        for at in range(size_bytes, end, _PIECE_BYTES):
            _move(file, at, min(end, at + _PIECE_BYTES), by)
    elif by > 0:
        for until in range(end, size_bytes, -_PIECE_BYTES):
            _move(file, max(size_bytes, until - _PIECE_BYTES), until, by)
    file.truncate(end + by)
    file.seek(0)
    file.write(head)


def _move(file: BinaryIO, start: int, end: int, by: int) -> None:
    file.seek(start)
    content = file.read(end - start)
    file.seek(start + by)
    file.write(content)


_CODECS = {
    "flac": _Codec("FLAC", "PCM_16", _finish_flac),
    "ogg": _Codec("OGG", "VORBIS", _finish_ogg),
    "opus": _Codec("OGG", "OPUS", _finish_ogg, _OPUS_RATES_HZ),
    "mp3": _Codec("MP3", "MPEG_LAYER_III", _finish_mp3, _MP3_RATES_HZ),
}
