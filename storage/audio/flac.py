"""16-bit PCM as FLAC and back, bit for bit."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from storage.bundle.layout import BadBundle

_BLOCK_SAMPLES = 1 << 18


def packed(pcm: Iterable[bytes], sample_rate_hz: int, file: BinaryIO | int) -> None:
    """Write little-endian 16-bit PCM, whole samples in every block, to `file` as FLAC; a descriptor
    stays open."""
    # Imported when first used: it brings numpy, which costs a tenth of a second.
    import numpy as np
    import soundfile

    with soundfile.SoundFile(
        file,
        "w",
        sample_rate_hz,
        1,
        "PCM_16",
        format="FLAC",
        closefd=False,
        compression_level=1.0,
    ) as sound:
        for block in pcm:
            sound.write(np.frombuffer(block, dtype="<i2").astype("=i2", copy=False))


def unpacked(blocks: Iterable[bytes], sample_rate_hz: int, samples: int) -> Generator[bytes]:
    """The PCM of a FLAC file that comes in blocks; never more than so many samples.

    Raises:
        BadBundle: it is not such a FLAC.
    """
    import soundfile

    with TemporaryFile() as file:
        for block in blocks:
            file.write(block)
        file.seek(0)
        try:
            with soundfile.SoundFile(file) as sound:
                shape: Any = (sound.format, sound.subtype, sound.channels, sound.samplerate)
                if shape != ("FLAC", "PCM_16", 1, sample_rate_hz):
                    raise BadBundle("its FLAC is not of the session's kind")
                if sound.frames != samples:
                    raise BadBundle("its FLAC has not as many samples as its turn")
                remaining = samples
                while remaining:
                    samples_read = sound.read(min(_BLOCK_SAMPLES, remaining), dtype="int16")
                    if not len(samples_read):
                        raise BadBundle("its FLAC ends too early")
                    remaining -= len(samples_read)
                    yield samples_read.astype("<i2", copy=False).tobytes()
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise BadBundle("its FLAC cannot be read") from error
