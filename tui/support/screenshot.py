"""A picture of the screen, as a file in the directory one started from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def save_picture(svg: str, at: datetime) -> Path:
    """Write the picture under the local time of `at`; never over another.

    Raises:
        OSError: it cannot be written there.
    """
    path = Path.cwd() / f"gramophone-{at.astimezone():%Y%m%d-%H%M%S}.svg"
    with path.open("x", encoding="utf-8") as file:
        file.write(svg)
    return path
