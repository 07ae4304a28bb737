"""Toasts: how long a sentence stands in the corner of the screen."""

from __future__ import annotations

from typing import Final

LEAST_S: Final = 2.0
MOST_S: Final = 12.0
CHARACTERS_READ_PER_S: Final = 20


def toast_s(words: str) -> float:
    """Seconds for which `words` stand: two, or as long as they take to read."""
    return min(MOST_S, max(LEAST_S, len(words) / CHARACTERS_READ_PER_S))
