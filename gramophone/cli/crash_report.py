"""One sentence for an unexpected exception: whatever reaches the console script is a defect."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from gramophone.cli.output import note

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h, so that a defect differs from failure (1) and wrong usage (2)."""

_LONGEST_MESSAGE = 200


def report_crash(error: Exception) -> NoReturn:
    """Print that the program has a defect, and where, and end it with `EXIT_CODE`.

    The environment variable GRAMOPHONE_TRACEBACK asks for the whole traceback as well.
    """
    if os.environ.get("GRAMOPHONE_TRACEBACK"):
        traceback.print_exception(error, file=sys.stderr)
    message = " ".join(str(error).split())[:_LONGEST_MESSAGE]
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    note(
        f"gramophone: this is a defect of the program ({text}, {_place(error)}); please report it. "
        "Set GRAMOPHONE_TRACEBACK=1 to see the whole traceback."
    )
    sys.exit(EXIT_CODE)


def _place(error: Exception) -> str:
    """File and line of the innermost frame, without the directories above the packages."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "place unknown"
    path = Path(frames[-1].filename)
    return f"{path.parent.name}/{path.name}:{frames[-1].lineno}"
