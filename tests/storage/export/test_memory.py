"""Three hours take no more memory than ten minutes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from gramophone.core.timeline import SessionEnded
from storage.audio.wav import WavFormat
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, opened, record

RATE_HZ = 8_000

EXPORT = """
import sys
from pathlib import Path
from gramophone.library.export_request import ExportRequest
from storage.export.export import export
from storage.home import Home
home, path = Path(sys.argv[1]), Path(sys.argv[2])
export(Home.at(home), [sys.argv[3]], ExportRequest(path.suffix[1:], path), lambda done, total: None)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def recorded(home: Path, minutes: int) -> None:
    """One answer that goes on for so long; its file is a hole."""
    events = [
        session_started(sample_rate_hz=RATE_HZ),
        *spoken_exchange(frames=(bytes(2),)),
        SessionEnded(at_us=9_000_000),
    ]
    asyncio.run(record(home, events))
    samples = minutes * 60 * RATE_HZ
    with opened(home) as database:
        database.execute("UPDATE turn SET samples = ? WHERE audio_file IS NOT NULL", (samples,))
    path = home / "audio" / SESSION_ID / "1.wav"
    with path.open("r+b") as file:
        file.write(WavFormat("linear16", RATE_HZ).header(2 * samples))
        file.truncate(44 + 2 * samples)


def peak_kib(home: Path, path: Path) -> int:
    command = [sys.executable, "-c", EXPORT, str(home), str(path), SESSION_ID]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("form", ["wav", "flac"])
def test_memory_does_not_grow_with_length(form: str, tmp_path: Path) -> None:
    peaks = list[int]()
    for minutes in (10, 180):
        recorded(tmp_path / str(minutes), minutes)
        path = tmp_path / f"{minutes}.{form}"
        peaks.append(peak_kib(tmp_path / str(minutes), path))
        assert soundfile.info(path).frames == minutes * 60 * RATE_HZ
        os.unlink(path)
    assert peaks[1] < peaks[0] + 16_000
