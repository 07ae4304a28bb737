"""The sound of a page: MP3 at a constant rate, which every browser plays and finds its way in,
and its shape."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from gramophone.core.errors import StorageError
from storage.export.excerpt_audio import ReportProgress, blocks
from storage.export.formats.encoded_audio import told_why
from storage.export.stored_session import ExportedSession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TYPE: Final = "audio/mpeg"

# For libsndfile's encoder: 32 kbit/s for the lowest rates, else 64, which is 38 MB an hour in
# base64. With less there is no room for the frame that tells players how much silence the encoder
# put before the first sample, and the words would be late.
_COMPRESSION: Final = (
    ((32_000, 44_100, 48_000), 0.889),
    ((16_000, 22_050, 24_000), 0.632),
    ((8_000, 11_025, 12_000), 0.5),
)
_BUCKETS: Final = 1_200
_READ_BYTES: Final = 3 << 18
_FULL_SCALE: Final = 32_767


@dataclass(slots=True)
class PageSound:
    """Encoded sound in a file of its own, and the loudest sample of each stretch, 0 to 255."""

    file: BinaryIO
    peaks: bytes

    def base64(self) -> Generator[bytes]:
        """The sound as base64, piece by piece."""
        self.file.seek(0)
        while part := self.file.read(_READ_BYTES):
            yield b64encode(part)


@contextmanager
def page_sound(session: ExportedSession, progress: ReportProgress) -> Generator[PageSound]:
    """The excerpt's sound while the block runs; an hour of it takes no more memory than a minute.

    Raises:
        OSError: it cannot be written.
        StorageError: some of it is not there, or its rate has no place in an MP3.
    """
    # Imported when first used: numpy costs a tenth of a second.
    import numpy as np
    import soundfile

    rate_hz = session.excerpt.rate_hz
    shape = _PagePeaks(session.excerpt.samples)
    with tempfile.TemporaryFile() as file:
        compression = _compression(rate_hz)
        with (
            told_why(file),
            soundfile.SoundFile(
                file.fileno(),
                "w",
                rate_hz,
                1,
                "MPEG_LAYER_III",
                format="MP3",
                closefd=False,
                compression_level=compression,
                bitrate_mode="CONSTANT",
            ) as encoder,
        ):
            for block in blocks(session, progress):
                samples = np.frombuffer(block, "<i2")
                shape.take(samples)
                encoder.write(samples)
        yield PageSound(file, shape.peaks())


def _compression(rate_hz: int) -> float:
    for rates_hz, compression in _COMPRESSION:
        if rate_hz in rates_hz:
            return compression
    raise StorageError(
        f"A page cannot hold sound of {rate_hz} Hz, because MP3 does not have that rate; export "
        "the session as wav."
    )


class _PagePeaks:
    """The loudest sample of each of so many stretches of equal length."""

    def __init__(self, samples: int) -> None:
        import numpy as np

        self._samples = max(1, samples)
        self._buckets = min(_BUCKETS, self._samples)
        self._loudest = np.zeros(self._buckets, np.int32)
        self._at = 0

    def take(self, samples: NDArray[np.int16]) -> None:
        import numpy as np

        loudness = np.abs(samples.astype(np.int32))
        first = self._at * self._buckets // self._samples
        last = (self._at + len(samples) - 1) * self._buckets // self._samples
        edges = np.arange(first, last + 1, dtype=np.int64) * self._samples
        # The first sample whose bucket this is.
        starts = np.maximum(-(-edges // self._buckets) - self._at, 0)
        peaks = np.maximum.reduceat(loudness, starts)
        part = self._loudest[first : last + 1]
        np.maximum(part, peaks, out=part)
        self._at += len(samples)

    def peaks(self) -> bytes:
        import numpy as np

        scaled = np.rint(self._loudest * 255 / _FULL_SCALE)
        return np.minimum(scaled, 255).astype(np.uint8).tobytes()
