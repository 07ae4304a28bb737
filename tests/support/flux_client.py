"""A plain client of Speak v2: says messages, hears frames, knows nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection, connect

from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Connected,
    ServerMessage,
    parse_server,
    render,
)
from tests.support.speak_client import Talking
from tests.support.standins import flux_url

QUERY = "model=flux-haley-en&sample_rate=48000"
Heard: TypeAlias = ServerMessage | bytes


class Talk(Talking[ClientMessage, ServerMessage]):
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(connection, render, parse_server)


@asynccontextmanager
async def talking(speak_url: str, query: str = QUERY) -> AsyncGenerator[Talk, None]:
    """Connect; the Connected has been heard when the block begins."""
    async with connect(f"{flux_url(speak_url)}?{query}", compression=None) as connection:
        talk = Talk(connection)
        assert isinstance(await talk.hear(), Connected)
        yield talk


def sound(received: list[Heard]) -> bytes:
    return b"".join(frame for frame in received if isinstance(frame, bytes))
