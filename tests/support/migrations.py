"""Migrations that are stopped on their way."""

from __future__ import annotations

from collections.abc import Callable


def interrupting(looks: int) -> Callable[[int, int], None]:
    """Make a report of progress at whose call of that number somebody presses Ctrl+C."""
    remaining = [None] * looks

    def progress(_done: int, _total: int) -> None:
        remaining.pop()
        if not remaining:
            raise KeyboardInterrupt

    return progress
