"""A plain client for these tests: says messages, hears frames, knows nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gramophone.wire.speak_messages import (
    ClientMessage,
    Flushed,
    Metadata,
    ServerMessage,
    parse_server,
    render,
)

Heard: TypeAlias = ServerMessage | bytes


class Talk:
    """One connection to a service."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, *messages: ClientMessage | str) -> None:
        for message in messages:
            text = message if isinstance(message, str) else render(message)
            await self.connection.send(text)

    async def hear(self) -> Heard:
        frame = await self.connection.recv()
        return parse_server(frame) if isinstance(frame, str) else frame

    async def hear_until(self, last: type[ServerMessage] = Flushed) -> list[Heard]:
        """Everything up to the first message of this kind, with it."""
        heard: list[Heard] = []
        while not heard or not isinstance(heard[-1], last):
            heard.append(await self.hear())
        return heard

    async def hear_out(self) -> tuple[list[Heard], int | None, str | None]:
        """Everything until the connection ends, then the close code and its reason."""
        heard: list[Heard] = []
        try:
            while True:
                heard.append(await self.hear())
        except ConnectionClosed:
            return heard, self.connection.close_code, self.connection.close_reason


@asynccontextmanager
async def talking(speak_url: str, query: str = "", **settings: Any) -> AsyncGenerator[Talk, None]:
    """Connect; the Metadata has been heard when the block begins."""
    url = f"{speak_url}?{query}" if query else speak_url
    async with connect(url, compression=None, **settings) as connection:
        talk = Talk(connection)
        assert isinstance(await talk.hear(), Metadata)
        yield talk


def sound(heard: list[Heard]) -> bytes:
    """The binary frames of what was heard, joined."""
    return b"".join(frame for frame in heard if isinstance(frame, bytes))


def messages(heard: list[Heard]) -> list[ServerMessage]:
    """The text frames of what was heard."""
    return [message for message in heard if not isinstance(message, bytes)]
