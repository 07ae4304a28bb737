"""Screenshot as an SVG file in the working directory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def save_picture(svg: str, at: datetime) -> Path:
    """Write the picture under the local time of `at`; never over another.

    Raises:
        OSError: the file cannot be written there, or exists.
    """
    path = Path.cwd() / f"gramophone-{at.astimezone():%Y%m%d-%H%M%S}.svg"
    with path.open("x", encoding="utf-8") as file:
        file.write(svg)
    return path
