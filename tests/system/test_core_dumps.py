"""No process that holds a key leaves its memory in a file when it crashes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import environment

HOLDS_KEYS = ("gramophone.cli", "gramophone.standin")

# What a process is when its first own code runs: its own limit is lifted before.
STARTED = """
import runpy, sys
sys.argv = ["program", "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
except SystemExit:
    pass
print(open("/proc/self/limits").read())
print("dumpable", __import__("ctypes").CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.parametrize("module", HOLDS_KEYS)
def test_no_core_dump_is_left(module: str, tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    completed = subprocess.run(
        [sys.executable, "-c", STARTED.format(module=module)],
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)),
    )
    (limit,) = (line for line in completed.stdout.splitlines() if "core file size" in line)
    assert limit.split()[4:6] == ["0", "0"]
    assert "dumpable 0" in completed.stdout


def test_what_a_crash_of_it_leaves_behind_is_nothing(tmp_path: Path) -> None:
    crash = (
        "import os; from gramophone.system.core_dumps import forbid_core_dumps; forbid_core_dumps()"
    )
    completed = subprocess.run(
        [sys.executable, "-c", f"{crash}; os.abort()"], cwd=tmp_path, check=False, env=os.environ
    )
    assert completed.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []
