"""Programs for a test that needs a process of its own: several commands in one, and a recorder
that is killed before it has closed its session."""

from __future__ import annotations

# One process for many commands: most of the time of a command is its start.
SEVERAL = """
import json, sys
from gramophone.cli import main
for line in json.load(sys.stdin):
    print("#", " ".join(line), flush=True)
    print("#", " ".join(line), file=sys.stderr, flush=True)
    sys.argv = ["gramophone", *line]
    try:
        main()
        code = 0
    except SystemExit as done:
        code = done.code or 0
    print("exit", code, flush=True)
"""


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, spoken_exchange

async def main():
    recorder = Recorder.open(Path(sys.argv[1]))
    for event in [session_started("0ddba11"), *spoken_exchange("Is it in the log?")]:
        recorder.emit(event)
    await recorder.flush()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
