"""How the time that a function takes grows with its input, measured in CPU time of this thread.

Twice the input takes twice the time, or four times where something is quadratic. Other processes
do not count in CPU time, and what still disturbs a measurement only makes it longer: so the best
of several counts, and a bound lies half-way between the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_LEAST_S = 0.003
_FIRST_CHARS = 5_000
"""More than any parser holds back, whose cost grows until it does."""
_MOST_CHARS = 40_000
_TIMES = 4
_LARGEST_RATIO = 10.0
"""Of `_TIMES` as much: 4 is linear, 16 is quadratic."""
_TRIES = 5


def cpu_s(work: Callable[[], object]) -> float:
    """How long this takes now."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def is_linear(parse: Callable[[str], object], prefix: str, body: str) -> bool:
    """Whether `parse` takes time in proportion to how often `body` follows `prefix`."""

    def taking(chars: int) -> float:
        text = prefix + (body * (chars // len(body) + 1))[:chars]
        return cpu_s(lambda: parse(text))

    chars = _FIRST_CHARS
    # The first time of all may load or compile something.
    taking(chars)
    while taking(chars) < _LEAST_S and chars < _MOST_CHARS:
        chars *= 2
    # A parser may go another way with larger inputs: that is a step, where growth is met twice.
    for start_chars in (chars, _TIMES * chars):
        for _ in range(_TRIES):
            one, several = taking(start_chars), taking(_TIMES * start_chars)
            if several < _LARGEST_RATIO * max(one, _LEAST_S / 2):
                return True
    return False
