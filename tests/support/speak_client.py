"""A plain client for these tests: says messages, hears frames, knows nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeAlias, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gramophone.wire.deepgram.speak_v1.messages import (
    ClientMessage,
    Metadata,
    ServerMessage,
    parse_server,
    render,
)

Heard: TypeAlias = ServerMessage | bytes


ClientT = TypeVar("ClientT")
ServerT = TypeVar("ServerT")


class Talking(Generic[ClientT, ServerT]):
    """One connection, whose frames of text are messages."""

    def __init__(
        self,
        connection: ClientConnection,
        write: Callable[[ClientT], str],
        read: Callable[[str], ServerT],
    ) -> None:
        self.connection = connection
        self._write = write
        self._read = read

    async def say(self, *messages: ClientT | str) -> None:
        for message in messages:
            await self.connection.send(
                message if isinstance(message, str) else self._write(message)
            )

    async def hear(self) -> ServerT | bytes:
        frame = await self.connection.recv()
        return self._read(frame) if isinstance(frame, str) else frame

    async def hear_until(self, last: type[ServerT]) -> list[ServerT | bytes]:
        """Everything up to the first message of this kind, with it."""
        received: list[ServerT | bytes] = []
        while not received or not isinstance(received[-1], last):
            received.append(await self.hear())
        return received

    async def hear_out(self) -> tuple[list[ServerT | bytes], int | None, str | None]:
        """Everything until the connection ends, then the close code and its reason."""
        received: list[ServerT | bytes] = []
        try:
            while True:
                received.append(await self.hear())
        except ConnectionClosed:
            return received, self.connection.close_code, self.connection.close_reason


class Talk(Talking[ClientMessage, ServerMessage]):
    """A connection to Speak v1."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(connection, render, parse_server)


@asynccontextmanager
async def talking(speak_url: str, query: str = "", **settings: Any) -> AsyncGenerator[Talk, None]:
    """Connect; the Metadata has been heard when the block begins."""
    url = f"{speak_url}?{query}" if query else speak_url
    async with connect(url, compression=None, **settings) as connection:
        talk = Talk(connection)
        assert isinstance(await talk.hear(), Metadata)
        yield talk


def sound(received: list[Heard]) -> bytes:
    """The binary frames of what was heard, joined."""
    return b"".join(frame for frame in received if isinstance(frame, bytes))


def messages(received: list[Heard]) -> list[ServerMessage]:
    """The text frames of what was heard."""
    return [message for message in received if not isinstance(message, bytes)]
