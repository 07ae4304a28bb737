"""First frame: Gramophone against a bare Textual app with one Static, in turns, in one run.

    python -m benchmarks.start [--rounds N] [--command "gramophone …"] [--marker TEXT] [--json]

Each start is a fresh interpreter in a pty of its own. The time runs from just before the
process is made to the moment when a word of the first frame has been written to the pty. The
two take turns, so that a busy machine slows both; the result is the median of the ratios of
neighbouring starts. Wanted: at most 1.5.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shlex
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

WANTED_RATIO = 1.5
COLUMNS, ROWS = 80, 24
DEADLINE_S = 30.0

BARE_MARKER = "bare-first-frame"
BARE_APP = f"""
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static({BARE_MARKER!r})

Bare().run()
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Medians of one run."""

    rounds: int
    bare_ms: float
    app_ms: float
    ratio: float
    wanted_ratio: float


def first_frame_ms(command: Sequence[str], marker: str) -> float:
    """Start `command` in a pty of its own; milliseconds until `marker` has been written."""
    began_ns = time.perf_counter_ns()
    pid, terminal = pty.fork()
    if pid == 0:
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execvpe(command[0], list(command), environment)
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        return (_written_ns(terminal, marker.encode(), began_ns) - began_ns) / 1e6
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _written_ns(terminal: int, marker: bytes, began_ns: int) -> int:
    written = b""
    while time.perf_counter_ns() - began_ns < DEADLINE_S * 1e9:
        readable, _, _ = select.select([terminal], [], [], 0.5)
        if not readable:
            continue
        try:
            piece = os.read(terminal, 65_536)
        except OSError:
            break
        written += piece
        if marker in written:
            return time.perf_counter_ns()
    tail = written[-600:].decode(errors="replace")
    raise SystemExit(f"no first frame with {marker!r}; the terminal said:\n{tail}")


def measure(command: Sequence[str], marker: str, rounds: int) -> Result:
    """Both in turns; the first start of each, which may compile, does not count."""
    bare = [sys.executable, "-c", BARE_APP]
    first_frame_ms(bare, BARE_MARKER)
    first_frame_ms(command, marker)
    pairs = [
        (first_frame_ms(bare, BARE_MARKER), first_frame_ms(command, marker)) for _ in range(rounds)
    ]
    return Result(
        rounds=rounds,
        bare_ms=round(statistics.median(bare_ms for bare_ms, _ in pairs), 1),
        app_ms=round(statistics.median(app_ms for _, app_ms in pairs), 1),
        ratio=round(statistics.median(app_ms / bare_ms for bare_ms, app_ms in pairs), 3),
        wanted_ratio=WANTED_RATIO,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--command", help="what to start (default: the scripted demo backend)")
    parser.add_argument("--marker", default="idle", help="a word of the first frame")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    command = [sys.executable, "-m", "tests.support.screen_demo"]
    if options.command:
        command = shlex.split(options.command)
    result = measure(command, options.marker, options.rounds)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        print(f"bare Textual app   {result.bare_ms:8.1f} ms (median of {result.rounds})")
        print(f"{shlex.join(command)[-40:]:18} {result.app_ms:8.1f} ms")
        print(f"ratio              {result.ratio:8.2f}    (wanted: at most {WANTED_RATIO})")
    return 0 if result.ratio <= WANTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
