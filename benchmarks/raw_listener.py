"""A websocket client that costs next to nothing: it counts bytes, and when they came.

A client of the library would be the slower side of most of these measurements.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import time
from urllib.parse import urlsplit

FRAME_HEADER_BYTES = 4
"""Of an unmasked frame of 126 to 65,535 bytes."""


class RawListener(asyncio.Protocol):
    """Says one text, then notes when each of the frames that follow has arrived."""

    def __init__(self, url: str, text: str, frame_bytes: int) -> None:
        self._url = url
        self._text = text
        self._whole = FRAME_HEADER_BYTES + frame_bytes
        self._before = bytearray()
        self._received = 0
        self.arrived_us: list[int] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        parts = urlsplit(self._url)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.arrived_us and b'"Metadata"' not in self._before:
            self._before += data
            if b'"Metadata"' in self._before:
                self._transport.write(
                    _masked(json.dumps({"type": "Speak", "text": self._text}))
                    + _masked('{"type":"Flush"}')
                )
            return
        now_us = time.monotonic_ns() // 1000
        self._received += len(data)
        new = self._received // self._whole - len(self.arrived_us)
        if new > 0:
            self.arrived_us += [now_us] * new
        if data.endswith(b"}") and b'"Flushed"' in data[-60:] and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server hung up"))

    def close(self) -> None:
        self._transport.abort()


async def listened(url: str, text: str, frame_bytes: int) -> RawListener:
    """Connect and say the text."""
    parts = urlsplit(url)
    _, listener = await asyncio.get_running_loop().create_connection(
        lambda: RawListener(url, text, frame_bytes), parts.hostname or "", parts.port or 0
    )
    return listener


def _masked(text: str) -> bytes:
    payload = text.encode()
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    # A mask of zeros leaves the payload as it is.
    return head + bytes(4) + payload
