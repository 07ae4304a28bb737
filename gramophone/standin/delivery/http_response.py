"""HTTP responses with injected faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import assert_never

from gramophone.core.clock import Clock
from gramophone.core.tasks import spawn
from gramophone.standin.delivery.fault_injector import (
    Action,
    CloseSocket,
    DropConnection,
    FaultInjector,
    SendFrame,
    StallFor,
)
from gramophone.standin.server.http import ClientGone, Reply


class FaultyResponse:
    """A reply with the faults of its connection; a piece of the body counts as a message.

    HTTP has no close codes: where a websocket would be closed with one, the body is cut off.
    """

    def __init__(self, reply: Reply, injector: FaultInjector, clock: Clock) -> None:
        self._reply = reply
        self._injector = injector
        self._clock = clock
        self._stalled_until_us = 0
        injector.client_spoke()

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        await self._stand_still()
        await self._reply.start(status, headers)

    async def send(self, data: bytes) -> None:
        if self._injector.idle:
            await self._reply.send(data)
            return
        await self._stand_still()
        await self._execute(self._injector.on_frame(data))

    async def end(self) -> None:
        await self._stand_still()
        await self._execute(self._injector.flush_held())
        await self._stand_still()
        await self._reply.end()

    async def spoil(self) -> None:
        await self._reply.spoil()

    def cut(self, *, reset: bool = False) -> None:
        self._reply.cut(reset=reset)

    @asynccontextmanager
    async def watching_time(self) -> AsyncGenerator[None, None]:
        """Fire the faults whose time comes within the block."""
        asked_us = self._clock.now_us()
        watch = spawn(self._watch_time(asked_us), name="timed faults")
        try:
            yield
        finally:
            watch.cancel()

    async def _watch_time(self, asked_us: int) -> None:
        with suppress(ClientGone):
            for after_ms, fault in self._injector.timed():
                await self._clock.sleep_until_us(asked_us + 1000 * after_ms)
                await self._execute(self._injector.fire(fault))

    async def _execute(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendFrame(frame):
                    await self._reply.send(frame.encode() if isinstance(frame, str) else frame)
                case StallFor(ms):
                    self._stalled_until_us = self._clock.now_us() + 1000 * ms
                    await self._stand_still()
                case CloseSocket():
                    self._reply.cut()
                case DropConnection(reset):
                    self._reply.cut(reset=reset)
                case _:
                    assert_never(action)

    async def _stand_still(self) -> None:
        if self._stalled_until_us:
            await self._clock.sleep_until_us(self._stalled_until_us)
        if self._injector.mute:
            # Until the client goes away, which cancels this.
            await asyncio.Event().wait()
