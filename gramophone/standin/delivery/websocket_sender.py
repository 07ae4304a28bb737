"""Frames to the client of a websocket, with injected faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from gramophone.core.clock import Clock
from gramophone.standin.delivery.fault_injector import (
    Action,
    CloseSocket,
    DropConnection,
    FaultInjector,
    SendFrame,
    StallFor,
)
from gramophone.standin.server import tcp


class WebSocketSender:
    """Sender of one connection's frames.

    Every method but `watch_time` may raise `websockets.ConnectionClosed`.
    """

    def __init__(
        self,
        connection: ServerConnection,
        injector: FaultInjector,
        clock: Clock,
        last_word: Callable[[str], str] | None = None,
    ) -> None:
        """`last_word` gives the text frame before a close for a reason, or an empty text."""
        self._connection = connection
        self._last_word = last_word
        self._injector = injector
        self._clock = clock
        self._stalled_until_us = 0
        # Most connections have no faults, and a frame is sent thousands of times a second.
        self._untouched = injector.idle
        if not self._untouched:
            # A reset throws away what the transport still holds; all that was sent before the
            # fault must be on its way.
            connection.transport.set_write_buffer_limits(high=0)

    def client_spoke(self) -> None:
        """Take note of a message of the client."""
        self._injector.client_spoke()

    async def send(self, frame: str | bytes) -> None:
        """Send one frame, or what the faults make of it."""
        if self._untouched:
            await self._connection.send(frame)
        else:
            await self._unstalled()
            await self._execute(self._injector.on_frame(frame))

    async def close(self, code: int, reason: str) -> None:
        """Close with this code; with 1006, which stands for it, without a close frame.

        1005 stands for a close frame without a code.
        """
        if not self._untouched:
            await self._unstalled()
            await self._execute(self._injector.flush_held())
        if self._injector.silent:
            return
        if code == CloseCode.ABNORMAL_CLOSURE:
            await self._execute([DropConnection(reset=False)])
        elif code == CloseCode.NO_STATUS_RCVD:
            await tcp.close_without_code(self._connection)
        else:
            await self._connection.close(code, reason)

    async def watch_time(self) -> None:
        """Fire the faults whose time comes while the connection is open."""
        opened_us = self._clock.now_us()
        with suppress(ConnectionClosed):
            for after_ms, fault in self._injector.timed():
                await self._clock.sleep_until_us(opened_us + 1000 * after_ms)
                await self._execute(self._injector.fire(fault))

    async def _execute(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendFrame(frame):
                    await self._connection.send(frame)
                case StallFor(ms):
                    self._stalled_until_us = self._clock.now_us() + 1000 * ms
                    await self._unstalled()
                case CloseSocket(code, reason):
                    if self._last_word is not None and (last_frame := self._last_word(reason)):
                        await self._connection.send(last_frame)
                    await self._connection.close(code, reason)
                case DropConnection(reset):
                    if reset:
                        tcp.reset(self._connection.transport)
                    else:
                        self._connection.transport.close()
                    await self._connection.wait_closed()
                case _:
                    assert_never(action)

    async def _unstalled(self) -> None:
        # Everything stands still in a stall, whichever task it comes from.
        if self._stalled_until_us:
            await self._clock.sleep_until_us(self._stalled_until_us)
