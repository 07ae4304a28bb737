"""Migrations that are stopped on their way."""

from __future__ import annotations

from collections.abc import Callable


def interrupting(looks: int) -> Callable[[int, int], None]:
    """Make a report of progress at whose call of that number somebody presses Ctrl+C."""
    left = [None] * looks

    def told(_done: int, _total: int) -> None:
        left.pop()
        if not left:
            raise KeyboardInterrupt

    return told
