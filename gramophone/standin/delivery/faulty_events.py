"""HTTP responses of server-sent events with the faults that end a stream of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gramophone.core.clock import Clock
from gramophone.standin.faults import AtBytes, AtMessage, AtTime, Fault, FaultName
from gramophone.standin.server.http import Reply

_USUAL: Final = AtMessage(2)
"""The place of a fault that has none: sound is sent while it is made, so no middle is known."""
_NAMES: Final = frozenset({FaultName.SSE_CUT, FaultName.OVERLOADED, FaultName.MALFORMED_CHUNK})


class FaultyEvents:
    """A reply of which each piece is an event; after one of these faults, nothing more is sent."""

    def __init__(self, reply: Reply, faults: Sequence[Fault], error: bytes, clock: Clock) -> None:
        """`error` is the event of an overload; times count from here."""
        self._reply = reply
        self._faults = [fault for fault in faults if fault.name in _NAMES]
        self._error = error
        self._clock = clock
        self._began_us = clock.now_us()
        self._events = 0
        self._sent_bytes = 0
        self._ended = False

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        if status >= 400:
            # A refusal has no events.
            self._faults = []
        await self._reply.start(status, headers)

    async def send(self, data: bytes) -> None:
        if self._ended:
            return
        self._events += 1
        places = ((self._byte_of(fault, data), fault) for fault in self._faults)
        reached = [(byte, fault) for byte, fault in places if byte is not None]
        if reached:
            byte, fault = min(reached, key=lambda reached_at: reached_at[0])
            await self._end_by(fault, data[:byte])
            return
        self._sent_bytes += len(data)
        await self._reply.send(data)

    async def end(self) -> None:
        if not self._ended:
            await self._reply.end()

    async def spoil(self) -> None:
        await self._reply.spoil()

    def cut(self, *, reset: bool = False) -> None:
        if not self._ended:
            self._reply.cut(reset=reset)

    def _byte_of(self, fault: Fault, event: bytes) -> int | None:
        """The byte of this event before which the fault happens; None if it comes later."""
        match fault.at or _USUAL:
            case AtMessage(number):
                byte = 0 if self._events >= number else None
            case AtBytes(count):
                byte = max(0, count - self._sent_bytes)
                byte = byte if byte < len(event) else None
            case AtTime(ms):
                is_due = self._clock.now_us() - self._began_us >= 1000 * ms
                byte = 0 if is_due else None
        if byte == 0 and fault.name is FaultName.SSE_CUT:
            return len(event) // 2
        return byte

    async def _end_by(self, fault: Fault, begun: bytes) -> None:
        self._ended = True
        await self._reply.send(begun)
        match fault.name:
            case FaultName.OVERLOADED:
                await self._reply.send(self._error)
                await self._reply.end()
            case FaultName.MALFORMED_CHUNK:
                await self._reply.spoil()
            case _:
                self._reply.cut()
