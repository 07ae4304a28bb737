"""Four programs that read sound, none of them ours, and what they say stands in a file."""

from __future__ import annotations

import json
import subprocess
import wave
from pathlib import Path
from typing import Any

import soundfile


def by_libsndfile(path: Path) -> bytes:
    return soundfile.read(path, dtype="int16")[0].tobytes()


def by_wave(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sound:
        return sound.readframes(sound.getnframes())


def by_sox(path: Path) -> bytes:
    return _output("sox", "-D", path, "-t", "raw", "-b", "16", "-e", "signed", "-L", "-")


def by_ffmpeg(path: Path) -> bytes:
    return _output("ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-")


READERS = {"libsndfile": by_libsndfile, "wave": by_wave, "sox": by_sox, "ffmpeg": by_ffmpeg}
"""What gives the PCM of a file as 16 bits, little-endian."""


def probed(path: Path) -> Any:
    """The tags, streams and chapters of a file, as ffprobe sees them."""
    sections = ("-show_format", "-show_streams", "-show_chapters")
    return json.loads(_output("ffprobe", "-v", "error", *sections, "-of", "json", path))


def chapters(path: Path) -> list[tuple[float, str]]:
    """Where each begins, in seconds, and what it is called."""
    entries = probed(path)["chapters"]
    return [(float(entry["start_time"]), entry["tags"]["title"]) for entry in entries]


def _output(*command: object) -> bytes:
    completed = subprocess.run([str(part) for part in command], capture_output=True, check=True)
    assert not completed.stderr, completed.stderr.decode()
    return completed.stdout
