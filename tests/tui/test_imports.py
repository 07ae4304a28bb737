"""What the screen may know: nothing heavy before the first frame, no edge ever."""

from __future__ import annotations

import json
import subprocess
import sys

FORBIDDEN = (
    "anthropic", "gramophone.cli", "gramophone.voice", "markdown_it", "numpy", "openai", "pyaudio",
    "soundfile", "storage", "textual.widgets._markdown",
)  # fmt: skip


def test_the_first_frame_loads_nothing_heavy_and_no_edge() -> None:
    code = "import json, sys, tui.app; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = json.loads(run.stdout)
    assert [name for name in FORBIDDEN if name in loaded] == []
