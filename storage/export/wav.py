"""All spoken turns of a session joined to one WAV of 16-bit PCM, without pauses between them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from gramophone.errors import StorageError
from gramophone.library import TurnAudio
from storage.export.whole import written_whole
from storage.turn_sound import kept_path
from storage.wav import LARGEST_DATA_BYTES, WavFormat

_BLOCK_SAMPLES = 1 << 18


def export_wav(
    spoken: Sequence[TurnAudio], path: Path, tell: Callable[[int, int], None] | None = None
) -> None:
    """Write the turns' sound to `path`. `tell` hears how many bytes of how many are written; what
    it raises ends the export, and no file is left.

    Raises:
        StorageError: there is no sound, a turn's file is missing or unreadable, the result would
            outgrow a WAV, or `path` cannot be written.
    """
    if not spoken:
        raise StorageError("The session has no sound to export; nothing was spoken in it.")
    for audio in spoken:
        if kept_path(audio.path) is None:
            raise StorageError(
                f"The sound file {audio.path} is missing, so the session cannot be exported; run "
                "`gramophone verify` to see what else is gone."
            )
    data_bytes = 2 * sum(audio.samples for audio in spoken)
    if data_bytes > LARGEST_DATA_BYTES:
        raise StorageError("The session's sound is longer than the 4 GiB a WAV file can hold.")
    form = WavFormat("linear16", spoken[0].sample_rate_hz)
    with written_whole(path) as file:
        file.write(form.header(0))
        written_bytes = 0
        for audio in spoken:
            for block in _pcm_blocks(audio):
                written_bytes += file.write(block)
                if tell is not None:
                    tell(written_bytes, data_bytes)
        file.seek(0)
        file.write(form.header(written_bytes))


def _pcm_blocks(audio: TurnAudio) -> Generator[bytes]:
    """The file's samples as little-endian 16-bit PCM, whatever they are stored as."""
    # Imported when first used: it brings numpy, which costs a tenth of a second.
    import soundfile

    try:
        with soundfile.SoundFile(kept_path(audio.path) or audio.path) as sound:
            for block in sound.blocks(_BLOCK_SAMPLES, dtype="int16"):
                yield block.astype("<i2", copy=False).tobytes()
    except soundfile.SoundFileError as error:
        raise StorageError(
            f"The sound file {audio.path} cannot be read ({error}); run `gramophone verify`."
        ) from error
