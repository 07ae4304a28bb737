"""PortAudio, ALSA and JACK write to file descriptor 2, past Python; this keeps them off it.

The redirection holds for the whole process, so it is done once, before a screen or a thread
exists: Python's own stderr moves to a copy of the descriptor, and 2 leads nowhere.
"""

from __future__ import annotations

import os
import sys


def keep_native_noise_out() -> None:
    """Give Python's stderr (and Textual's screen, which is drawn on it) a descriptor of its own."""
    try:
        screen = os.dup(2)
    except OSError:
        return
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    own = open(screen, "w", buffering=1, encoding=encoding, errors="backslashreplace")
    sys.stderr = own
    sys.__stderr__ = own  # pyright: ignore[reportAttributeAccessIssue]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
