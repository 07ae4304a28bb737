"""Native libraries write past Python; behind the guard nothing of it reaches the screen."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A tone as MP3 with rubbish in its middle, of which mpg123 warns on descriptor 2.
DECODES = """
import io, math, sys
from array import array
import soundfile
if sys.argv[1] == "guarded":
    from gramophone.devices.stderr_guard import keep_native_noise_out
    keep_native_noise_out()
data = io.BytesIO()
with soundfile.SoundFile(data, "w", 24_000, 1, "MPEG_LAYER_III", format="MP3") as sound:
    tone = array("h", [round(9_000 * math.sin(n / 9)) for n in range(48_000)])
    sound.buffer_write(tone.tobytes(), dtype="int16")
body = bytearray(data.getvalue())
for start in range(2_000, len(body) - 2_000, 3_000):
    body[start : start + 600] = bytes(range(200)) * 3
try:
    soundfile.read(io.BytesIO(bytes(body)))
except soundfile.SoundFileError:
    pass
print("Python's own", file=sys.stderr)
"""


@pytest.mark.parametrize("guard", ["guarded", "bare"])
def test_warnings_of_the_mp3_decoder_stay_off_the_screen(guard: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", DECODES, guard], capture_output=True, text=True, check=True
    )
    if guard == "guarded":
        assert child.stderr == "Python's own\n"
    else:
        assert len(child.stderr.splitlines()) > 1, "the decoder warns, else this shows nothing"
