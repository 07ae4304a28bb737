"""Where a WAV goes when nobody says otherwise. Pure: the disk is not touched."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_LONGEST_SLUG = 48


def slug(title: str) -> str:
    """`What is a gramophone?` as `what-is-a-gramophone`."""
    bare = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "session"


def suggested(title: str) -> str:
    """The path the export offers."""
    return f"~/gramophone-{slug(title)}.wav"


def chosen(text: str) -> Path:
    """What the user wrote, as an absolute path; `.wav` is added where a suffix lacks."""
    path = Path(text.strip()).expanduser()
    if not path.suffix:
        path = path.with_suffix(".wav")
    return Path.cwd() / path


def directory(text: str) -> Path:
    """The directory the user wrote, as an absolute path."""
    return Path.cwd() / Path(text.strip()).expanduser()
