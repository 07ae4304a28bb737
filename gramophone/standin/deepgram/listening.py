"""Listening sessions: a websocket, its clock and a machine of either version of Listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar, assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from gramophone.core.clock import Clock
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText

MessageT = TypeVar("MessageT")
MessageT_co = TypeVar("MessageT_co", covariant=True)


class ListenProtocol(Protocol[MessageT_co]):
    """One connection that listens, from its opening to its close."""

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never again. It may move."""
        ...

    def opened(self, now_us: int) -> Sequence[SendText[MessageT_co] | CloseConnection]:
        """Greet the client of a new connection."""
        ...

    def sound_received(
        self, sound: bytes, now_us: int
    ) -> Sequence[SendText[MessageT_co] | CloseConnection]:
        """Answer a binary frame."""
        ...

    def text_received(
        self, text: str, now_us: int
    ) -> Sequence[SendText[MessageT_co] | CloseConnection]:
        """Answer a text frame."""
        ...

    def time_passed(self, now_us: int) -> Sequence[SendText[MessageT_co] | CloseConnection]:
        """Do what is due at `now_us`."""
        ...


class ListeningSession(Generic[MessageT]):
    """A carrier of frames and time to the machine, and of its actions to the socket."""

    def __init__(
        self,
        machine: ListenProtocol[MessageT],
        write: Callable[[MessageT], str],
        sender: WebSocketSender,
        clock: Clock,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        """`write` gives the text frame of a message, and `on_sent` is called when it was sent."""
        self._machine = machine
        self._write = write
        self._sender = sender
        self._clock = clock
        self._on_sent = on_sent

    async def run(self, connection: ServerConnection) -> None:
        """Serve the connection until it ends."""
        opening = self._machine.opened(self._clock.now_us())
        async with asyncio.TaskGroup() as tasks:
            watching = (
                tasks.create_task(self._sender.watch_time(), name="timed faults"),
                tasks.create_task(self._watch_time(), name="machine's time"),
            )
            with suppress(ConnectionClosed):
                await self._perform(opening)
                async for frame in connection:
                    self._sender.client_spoke()
                    now_us = self._clock.now_us()
                    if isinstance(frame, str):
                        await self._perform(self._machine.text_received(frame, now_us))
                    else:
                        await self._perform(self._machine.sound_received(frame, now_us))
            for task in watching:
                task.cancel()

    async def _watch_time(self) -> None:
        with suppress(ConnectionClosed):
            while (deadline_us := self._machine.deadline_us) is not None:
                await self._clock.sleep_until_us(deadline_us)
                # It may have moved meanwhile; the machine alone says whether it is time.
                await self._perform(self._machine.time_passed(self._clock.now_us()))

    async def _perform(self, actions: Sequence[SendText[MessageT] | CloseConnection]) -> None:
        for action in actions:
            match action:
                case SendText(message):
                    await self._sender.send(self._write(message))
                    if self._on_sent is not None:
                        self._on_sent()
                case CloseConnection(code, reason):
                    await self._sender.close(code, reason)
                case _:
                    assert_never(action)
