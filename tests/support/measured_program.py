"""Run a command of `gramophone` as a person does, and write down the most memory it took.

`python -m tests.support.measured_program FILE COMMAND...`: MB at the end of the process go into
FILE.
"""

from __future__ import annotations

import atexit
import runpy
import sys
from pathlib import Path

from tests.support.hostile_servers import memory_mb


def main() -> None:
    _, path, *arguments = sys.argv
    atexit.register(lambda: Path(path).write_text(str(memory_mb()), encoding="ascii"))
    sys.argv = ["gramophone", *arguments]
    runpy.run_module("gramophone.cli", run_name="__main__")


if __name__ == "__main__":
    main()
