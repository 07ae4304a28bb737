"""The locks a process holds on a file, as the kernel tells another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ASK = """
import fcntl, struct, sys
with open(sys.argv[1], "r+b") as file:
    # struct flock of 64-bit Linux: type, whence, start, length, pid
    asked = struct.pack("hhqqixxxx", fcntl.F_WRLCK, 0, int(sys.argv[2]), int(sys.argv[3]), 0)
    answer = struct.unpack("hhqqixxxx", fcntl.fcntl(file, fcntl.F_GETLK, asked))
print(0 if answer[0] == fcntl.F_UNLCK else answer[4])
"""
_SHARED_FIRST, _SHARED_BYTES = 0x40000002, 510


def shared_lock_holder(database: Path) -> int:
    """Process that holds SQLite's shared lock on `database`; 0 if there is none.

    Asked from a new process: the kernel does not report a process's own locks to itself, and a
    descriptor of the file that this process closed would drop them.
    """
    completed = subprocess.run(
        [sys.executable, "-c", _ASK, str(database), str(_SHARED_FIRST), str(_SHARED_BYTES)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(completed.stdout)
