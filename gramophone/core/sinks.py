"""Sinks and the fan-out: one source of entries, many listeners.

A sink that fails is dropped and reported; the conversation goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gramophone.core.timeline import Entry


class Sink(Protocol):
    """Listens to a source."""

    def emit(self, entry: Entry) -> None:
        """Take one entry; must return at once. An exception drops this sink."""
        ...


class Fanout:
    """Hands every entry to every sink, in order.

    `report` is called with the sink and the error when one is dropped; it may emit again.
    """

    def __init__(self, report: Callable[[Sink, Exception], None]) -> None:
        self._report = report
        self._sinks: list[Sink] = []

    def add(self, sink: Sink) -> None:
        """Listen from now on."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Listen no more; unknown sinks are ignored."""
        if sink in self._sinks:
            self._sinks.remove(sink)

    def emit(self, entry: Entry) -> None:
        """Hand `entry` to every sink; a sink that raises is dropped, then reported."""
        # A report may emit again, and what it emits belongs behind this entry for every sink: so
        # failures are reported when all sinks have had it. A sink may also add or remove others.
        failed: list[tuple[Sink, Exception]] = []
        for sink in tuple(self._sinks):
            if sink not in self._sinks:
                continue  # a sink before it took it away
            try:
                sink.emit(entry)
            except Exception as error:
                self.remove(sink)
                failed.append((sink, error))
        for sink, error in failed:
            self._report(sink, error)
