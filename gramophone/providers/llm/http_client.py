"""The HTTP client under the SDKs of language models, with bounds on what a server may send.

An SDK reads an answer of any size. Here every answer passes through a stream that reads server-sent
events by the grammar of `wire.sse`, unpacks compressed bytes piece by piece, and raises
`TooMuch` beyond the bounds of `wire.limits`. Imported at the first use: httpx takes long to import.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import zlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing
from functools import lru_cache
from typing import cast

import httpx2

from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.lenient_json import is_bounded, read_object
from gramophone.wire.limits import (
    LEAST_EVENT_BYTES,
    MOST_ANSWER_BYTES,
    MOST_EVENT_VALUES,
    MOST_REFUSAL_BYTES,
    MOST_WHOLE_BYTES,
    TooMuch,
)
from gramophone.wire.sse import SseEvent, SseReader

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_PIECE_BYTES = 2**14
_END_OF_CHAT = b"[DONE]"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# int() takes quadratic time for a long number, and raises an error beyond 4,300 digits that would
# not say where it came from. One translation turns all digits to 0 and the rest to blanks, so that
# one search finds a long number.
_MANY_DIGITS = b"0" * 1000
_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
# `wbits` of zlib: 31 is a gzip header and the largest window, 15 a zlib header, -15 none.
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_PLAIN = frozenset({"", "identity"})


def bounded_client(
    *, timeout: httpx2.Timeout, trust_env: bool, headers: HeaderPolicy
) -> httpx2.AsyncClient:
    """A client for an SDK; its answers end, or raise `TooMuch`, where more comes than allowed."""
    return httpx2.AsyncClient(
        verify=tls_context(trust_env=trust_env),
        trust_env=trust_env,
        timeout=timeout,
        follow_redirects=True,
        headers={"accept-encoding": "gzip, deflate"},
        event_hooks={"request": [headers.hook()], "response": [_bound]},
    )


def tls_context(*, trust_env: bool) -> ssl.SSLContext:
    """The TLS context that clients share; with `trust_env` it heeds the environment."""
    return _context(trust_env, *map(os.environ.get, _CERTIFICATES))


@lru_cache(maxsize=2)
def _context(trust_env: bool, *_places: str | None) -> ssl.SSLContext:
    # To read the authorities takes 25 ms, for which the loop that carries sound would stop with
    # each client.
    return httpx2.create_ssl_context(trust_env=trust_env)


def said_done(response: httpx2.Response) -> bool:
    """Whether this answer said `[DONE]`, as streams of Chat Completions do at their end.

    An answer that came as one JSON body, and not as a stream, has said it with its end.
    """
    return isinstance(response.stream, BoundedStream) and response.stream.said_done


async def _bound(response: httpx2.Response) -> None:
    encoding = response.headers.pop("content-encoding", "").strip().lower()
    # It counts compressed bytes; the reader behind this gets others.
    response.headers.pop("content-length", None)
    stream = cast("httpx2.AsyncByteStream", response.stream)
    response.stream = BoundedStream(stream, encoding, streams=response.is_success)


class BoundedStream(httpx2.AsyncByteStream):
    """The body of an answer, unpacked: its events one by one or, of an error, its beginning.

    Raises:
        TooMuch: while it is read.
    """

    def __init__(self, stream: httpx2.AsyncByteStream, encoding: str, *, streams: bool) -> None:
        """`encoding` is the answer's Content-Encoding; `streams` is false for an error's body."""
        self._stream = stream
        self._encoding = encoding
        self._streams = streams
        self.said_done = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._events() if self._streams else self._beginning()
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def aclose(self) -> None:
        """Close the connection, or give it back if all has come."""
        await self._stream.aclose()

    async def _events(self) -> AsyncGenerator[bytes, None]:
        reader, whole, received_bytes = SseReader(), WholeBody(), 0
        async for piece in unpacked(self._stream, self._encoding):
            # Where much has arrived already, reading never waits: without this no other task runs.
            await asyncio.sleep(0)
            if whole.takes(piece):
                continue
            events = deque(reader.events(piece))
            # An event costs memory even if it is empty, so each counts as a few bytes at least.
            received_bytes += max(len(piece), LEAST_EVENT_BYTES * len(events))
            if received_bytes > MOST_ANSWER_BYTES:
                raise TooMuch.of("an answer", MOST_ANSWER_BYTES)
            while events:
                yield self._checked(events.popleft())
        if (event := whole.event()) is not None:
            yield self._checked(event)
            self.said_done = True

    def _checked(self, event: SseEvent) -> bytes:
        if event.data.startswith(_END_OF_CHAT):
            self.said_done = True
        elif not is_bounded(event.data, MOST_EVENT_VALUES):
            raise TooMuch("an event of too many parts")
        elif _MANY_DIGITS in event.data.translate(_DIGITS):
            raise TooMuch("a number of too many digits")
        return _named(event).encoded()

    async def _beginning(self) -> AsyncGenerator[bytes, None]:
        left_bytes = MOST_REFUSAL_BYTES
        async for piece in unpacked(self._stream, self._encoding):
            yield piece[:left_bytes]
            left_bytes -= len(piece)
            if left_bytes <= 0:
                return


def _named(event: SseEvent) -> SseEvent:
    """The event, with a name where it needs one: Anthropic's SDK passes over those without."""
    if event.name or b'"type"' not in event.data:
        return event
    # Only such events are parsed here: those of Chat Completions come by the thousand.
    is_error = b'"error"' in event.data and read_object(event.data).get("type") == "error"
    return SseEvent(b"error" if is_error else b"message", event.data)


class WholeBody:
    """A JSON body where a stream was requested: some servers and proxies answer at once.

    No line of a stream begins with a brace, so the first character tells the two apart.
    """

    def __init__(self) -> None:
        self._body: bytearray | None = None
        self._streams = False

    def takes(self, piece: bytes) -> bool:
        """Whether the piece belongs to such a body, or may still turn out to.

        Raises:
            TooMuch: the body is larger than any answer.
        """
        if self._streams:
            return False
        if self._body is None:
            begin = piece.removeprefix(_BYTE_ORDER_MARK).lstrip()
            if not begin.startswith(b"{"):
                self._streams = bool(begin)
                return False
            self._body = bytearray()
            piece = begin
        self._body += piece
        if len(self._body) > MOST_WHOLE_BYTES:
            raise TooMuch.of("an answer in one piece", MOST_WHOLE_BYTES)
        return True

    def event(self) -> SseEvent | None:
        """The body as the only event of a stream, once it is whole; None where there is none."""
        if self._body is None:
            return None
        # Between the values of JSON a lone CR is a space, but a line end in a stream.
        data = bytes(self._body).replace(b"\r", b" ").rstrip()
        # The SDK of Anthropic passes over events without a name.
        name = b"error" if read_object(data).get("error") else b"message"
        return SseEvent(name, data)


async def unpacked(stream: AsyncIterable[bytes], encoding: str) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream in pieces of at most 16 KiB, whatever they are compressed with.

    Raises:
        TooMuch: the encoding was not asked for, or the bytes are not of this encoding.
    """
    if encoding in _PLAIN:
        async for piece in stream:
            for start in range(0, len(piece), _PIECE_BYTES):
                yield piece[start : start + _PIECE_BYTES]
        return
    if encoding not in _WINDOW_BITS:
        raise TooMuch(f"an answer in an encoding that nobody asked for ({encoding[:20]})")
    unpacker = _Unpacker(_WINDOW_BITS[encoding])
    async for packed in stream:
        for piece in unpacker.unpack(packed):
            yield piece


class _Unpacker:
    """Unpacks gzip and deflate.

    `deflate` is zlib's format (RFC 9110, 8.4.1.2), but some servers send the bare stream without
    zlib's header: if the first bytes cannot be unpacked, they are tried as such.
    """

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._zlib = zlib.decompressobj(window_bits)
        self._begun = False

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """Unpack the next bytes, in pieces of at most 16 KiB.

        Raises:
            TooMuch: they are not of this encoding.
        """
        while packed and not self._zlib.eof:
            try:
                piece = self._zlib.decompress(packed, _PIECE_BYTES)
            except zlib.error as error:
                if self._begun or self._window_bits > zlib.MAX_WBITS:
                    raise TooMuch("an answer that cannot be unpacked") from error
                self._zlib, self._begun = zlib.decompressobj(-zlib.MAX_WBITS), True
                continue
            self._begun = True
            packed = self._zlib.unconsumed_tail
            if piece:
                yield piece
