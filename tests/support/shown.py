"""What a screen shows, looked for in its text.

A position passes: who looks seldom, on a busy machine, never sees a particular second of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SPEAKING: Final = re.compile(r"▶ speaking  (?!0:00)\d")
"""An answer is being spoken, and some of it was heard."""
PLAYING: Final = re.compile(r"(?!0:00)\d:\d\d /")
"""A replay has left its beginning."""


def all_stand_in(screen: str, words: Iterable[str | re.Pattern[str]]) -> bool:
    """Whether the text of a screen has each of `words`, a pattern somewhere."""
    return all(word in screen if isinstance(word, str) else word.search(screen) for word in words)
