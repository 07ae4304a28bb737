"""Engines that behave and misbehave, each a process: `python -m tests.support.engine_programs
NAME`.

Every one tells its process id first, as progress.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import NoReturn


def tell(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def serve() -> None:
    """Until standard input ends, as a good engine does."""
    while os.read(0, 4096):
        pass


def forever() -> NoReturn:
    while True:
        signal.pause()


def good() -> None:
    tell(event="progress", detail="half way")
    tell(event="ready", address="here")
    serve()


def environment() -> None:
    """Tells what it was given, and whether a crash of it would leave a core dump."""
    core_bytes = resource.getrlimit(resource.RLIMIT_CORE)[0]
    tell(event="ready", environment=dict(os.environ), core_bytes=core_bytes)
    serve()


def failed() -> None:
    tell(event="failed", detail="The engine has no fuel; fill it up.")
    serve()


def failed_without_words() -> None:
    tell(event="failed")


def dies() -> None:
    sys.stderr.write("Traceback\nboiler\n  burst\n")
    sys.exit(3)


def dies_with_long_words() -> None:
    sys.stderr.write("x" * 5_000 + " the end")


def dies_without_words() -> None:
    os.close(1)


def closes_stdout_and_stays() -> None:
    sys.stdout.flush()
    os.close(1)
    forever()


def rubbish() -> None:
    sys.stdout.write('\nready\n[1]\n"ready"\n{"event": 7}\n{}\n\x00\x01\n')
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\xff\xfe\n")
    sys.stdout.buffer.flush()
    good()


def long_line() -> None:
    sys.stdout.write("y" * 3_000_000 + "\n")
    good()


def slow() -> None:
    serve()


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(event="ready")
    forever()


def talkative() -> None:
    """Writes more than any pipe holds, and only then ends as a good engine does."""
    tell(event="ready")
    for stream in (sys.stdout, sys.stderr):
        stream.write("z" * 4_000_000)
        stream.flush()
    tell(event="progress", detail="written")
    serve()


if __name__ == "__main__":
    tell(event="progress", detail=str(os.getpid()))
    globals()[sys.argv[1]]()
