"""Reading of events that end with an error."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gramophone.core.timeline import Event


async def read(source: AsyncIterator[Event], events: list[Event]) -> None:
    """Gather events into a list that outlives an error."""
    async for event in source:
        events.append(event)  # noqa: PERF401 (a comprehension would lose them)
