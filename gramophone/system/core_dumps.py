"""Forbids core dumps of a process that holds keys: a crash must not write its memory to a file."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""From linux/prctl.h; see prctl(2)."""


def forbid_core_dumps() -> None:
    """Allow no core dump of this process and of those that it starts; harmless when repeated.

    On Linux the limit does not hold where the kernel hands dumps to a program (systemd-coredump,
    apport). There the process is marked as not dumpable, too, so that no other process of the user
    can read its memory or its environment. The mark does not pass on to programs it starts.
    """
    # `resource` and `prctl` do not exist on every system, and seccomp may forbid both.
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
