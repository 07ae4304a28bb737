"""A plain HTTP client for these tests: writes bytes as told, reads answers with h11."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import h11


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """One TCP connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._http = h11.Connection(h11.CLIENT)

    def write(self, data: bytes) -> None:
        """Send bytes that are no request, or a part of one."""
        self.writer.write(data)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request and the whole answer; the connection can be used again."""
        self.begin(method, path, body, headers)
        answer = await self.answer()
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return answer

    def begin(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        """Send one request."""
        fields = {"host": "localhost", "content-length": str(len(body)), **(headers or {})}
        request = h11.Request(method=method, target=path, headers=list(fields.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            self.writer.write(self._http.send(event) or b"")

    async def answer(self) -> Answer:
        """The next whole answer; h11.RemoteProtocolError when it ends before its end."""
        head, body = None, b""
        while True:
            match event := await self.event():
                case h11.Response():
                    head = event
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    break
                case _:
                    pass
        assert head is not None
        headers = {name.decode(): value.decode() for name, value in head.headers}
        return Answer(head.status_code, headers, body)

    async def event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next thing the server sent."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self.reader.read(65_536))
        return event

    async def everything(self) -> bytes:
        """All that comes until the server ends the connection."""
        return await self.reader.read()


@asynccontextmanager
async def line(port: int) -> AsyncGenerator[Line, None]:
    """Connect to a port of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
