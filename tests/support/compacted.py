"""Puts FLAC in the place of a library's WAV files, as `compact` leaves them."""

from __future__ import annotations

from pathlib import Path

import soundfile

from tests.support.recordings import opened


def as_flac(home: Path) -> None:
    """Every turn's file and row, whatever the session's age."""
    for wav in home.glob("audio/*/*.wav"):
        samples, rate_hz = soundfile.read(wav, dtype="int16")
        soundfile.write(wav.with_suffix(".flac"), samples, rate_hz, "PCM_16")
        wav.unlink()
    with opened(home) as database:
        database.execute(
            "UPDATE turn SET audio_file = turn || '.flac' WHERE audio_file IS NOT NULL"
        )
