"""What the screen may know: nothing heavy before the first frame, no edge ever."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

FORBIDDEN = (
    "anthropic", "gramophone.app", "gramophone.cli", "gramophone.config", "gramophone.conversation",
    "gramophone.devices", "gramophone.providers", "gramophone.replay", "gramophone.standin",
    "gramophone.wire", "markdown_it", "numpy", "openai", "pyaudio", "soundfile", "storage",
    "textual.widgets._markdown", "tui.markdown.layout", "tui.transcript.turn_layout",
)  # fmt: skip


def test_the_first_frame_loads_nothing_heavy_and_no_edge() -> None:
    code = "import json, sys, tui.app; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = json.loads(run.stdout)
    assert [name for name in FORBIDDEN if name in loaded] == []


def test_what_is_forbidden_is_there_by_that_name() -> None:
    """The name of a package that was moved would forbid nothing."""
    assert [name for name in FORBIDDEN if find_spec(name) is None] == []
