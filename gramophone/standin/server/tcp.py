"""Ends of a connection that no protocol, or no library, would choose by itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import cast

from websockets.asyncio.connection import Connection

_LINGER_NOT = struct.pack("ii", 1, 0)


def reset(transport: asyncio.BaseTransport) -> None:
    """End the connection with a reset instead of an orderly end."""
    # The transport's own wrapper warns of this option's use; a closing one has no socket any more.
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        # Without lingering, closing a TCP socket sends a reset.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def close_without_code(connection: Connection) -> None:
    """Close a websocket by a close frame that is empty, which the other side takes for 1005."""
    # The library takes None for this; its annotation does not.
    await connection.close(cast("int", None))
