"""One HTTP request passed on to another server, and its answer as it comes."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from urllib.parse import urlsplit

import h11

from gramophone.standin.server.http import Request

_OPEN_TIMEOUT_S = 8.0
_PIECE_BYTES = 65_536
_OWN_HEADERS = frozenset(
    {"host", "connection", "upgrade", "content-length", "transfer-encoding", "keep-alive", "te"}
    | {"trailer", "proxy-connection"}
)
_PORTS = {"http": 80, "https": 443}


def passes(name: str) -> bool:
    """Whether a header, in lower case, belongs to the message and not to one connection."""
    return name not in _OWN_HEADERS and not name.startswith("sec-websocket-")


_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusting() -> ssl.SSLContext:
    """The TLS context of upstream connections, with authorities of the system or environment."""
    return _context(*map(os.environ.get, _CERTIFICATES))


@lru_cache(maxsize=1)
def _context(*_places: str | None) -> ssl.SSLContext:
    # Reading them takes longer than a handshake; OpenSSL looks at the environment itself.
    return ssl.create_default_context()


def unreachable(host: str, error: BaseException) -> str:
    """The sentence for a server that there is no connection to."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return (
            f"The proxy does not trust the certificate of {host} ({why}); name the file of its "
            "authority in SSL_CERT_FILE, or check --upstream."
        )
    if isinstance(error, ssl.SSLError):
        return f"The proxy and {host} find no common TLS; check --upstream."
    return f"The proxy cannot reach {host}; check --upstream."


class UpstreamLost(ConnectionError):
    """The other server cannot be reached, or ended before its answer did."""


class UpstreamAnswer:
    """The answer of the other server; its head has come."""

    def __init__(self, http: h11.Connection, reader: asyncio.StreamReader) -> None:
        self._http = http
        self._reader = reader
        self.status = 0
        self.headers: list[tuple[str, str]] = []

    async def head(self) -> None:
        """Wait for the head."""
        while not isinstance(event := await self._event(), h11.Response):
            pass
        self.status = event.status_code
        self.headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]

    def header(self, name: str) -> str:
        """The first of this name, in lower case; empty when there is none."""
        return next((value for held, value in self.headers if held == name), "")

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes.

        Raises:
            UpstreamLost: it ended before its end.
        """
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def _event(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_PIECE_BYTES))
        except (OSError, h11.RemoteProtocolError) as error:
            raise UpstreamLost(type(error).__name__) from error
        if isinstance(event, h11.ConnectionClosed):
            raise UpstreamLost("closed")
        return event


@asynccontextmanager
async def passed_on(
    address: str, request: Request, headers: Iterable[tuple[str, str]]
) -> AsyncGenerator[UpstreamAnswer, None]:
    """Send the request with these headers to `address` (http or https, with all but the query).

    Raises:
        UpstreamLost: the server cannot be reached, or gave no answer.
    """
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    secure = trusting() if parts.scheme == "https" else None
    try:
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=secure)
    except OSError as error:
        raise UpstreamLost(type(error).__name__) from error
    try:
        http = h11.Connection(h11.CLIENT)
        target = f"{parts.path}?{request.query}" if request.query else parts.path
        headers_sent = [
            ("host", parts.netloc),
            *headers,
            # The proxy reads what it passes on, so it must not be compressed.
            ("accept-encoding", "identity"),
            ("connection", "close"),
            ("content-length", str(len(request.body))),
        ]
        head = h11.Request(method=request.method, target=target, headers=headers_sent)
        for event in (head, h11.Data(data=request.body), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        answer = UpstreamAnswer(http, reader)
        await answer.head()
        yield answer
    finally:
        writer.transport.abort()
