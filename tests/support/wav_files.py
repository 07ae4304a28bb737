"""The samples of a WAV file, read by Python's own module."""

from __future__ import annotations

import wave
from pathlib import Path


def pcm_of(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sound:
        assert sound.getsampwidth() == 2
        return sound.readframes(sound.getnframes())
