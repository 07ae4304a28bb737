"""The HTTP client of speech services, with bounds on what a server may send.

Bodies with sound come through as they are, unpacked piece by piece; their size is bounded where
they are read (`wire.sound_response`). Of the body of an error only the beginning is read.
Imported at the first use: httpx takes long to import.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from functools import cache
from typing import Final, cast

import httpx2

from gramophone.providers.llm.http_client import unpacked
from gramophone.wire.limits import MOST_REFUSAL_BYTES
from gramophone.wire.loopback import on_this_machine

CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 60.0
"""A server that makes all of the sound before it sends any may take long for it."""

KEEPALIVE_S: Final = 30.0
"""A pause between two requests for which the connection stays: the next sound is earlier by a
handshake."""

_ENVIRONMENT_HEADERS: Final = ("openai-organization", "openai-project")


def speech_client(
    url: str, headers: Mapping[str, str], read_timeout_s: float
) -> httpx2.AsyncClient:
    """A client for requests to `url`; `headers` has the key, and no other key is ever sent."""

    async def own_headers(request: httpx2.Request) -> None:
        # An SDK puts in what the environment has for OpenAI, wherever the request goes.
        for name in ("authorization", *_ENVIRONMENT_HEADERS):
            request.headers.pop(name, None)
        request.headers.update(headers)

    # No proxy stands before this machine, whatever the environment says.
    by_environment = not on_this_machine(url)
    return httpx2.AsyncClient(
        trust_env=by_environment,
        verify=_tls_context(by_environment),
        timeout=httpx2.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
        # A redirect could lead to another host, with the text and perhaps the key.
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        limits=httpx2.Limits(keepalive_expiry=KEEPALIVE_S),
        event_hooks={"request": [own_headers], "response": [_bound]},
    )


@cache
def _tls_context(trust_env: bool) -> ssl.SSLContext:
    """The certificates that are trusted: to read them takes longer than to make a client."""
    return httpx2.create_ssl_context(trust_env=trust_env)


async def _bound(response: httpx2.Response) -> None:
    encoding = response.headers.pop("content-encoding", "").strip().lower()
    if encoding:
        # It counts compressed bytes; the reader behind this gets others.
        response.headers.pop("content-length", None)
    stream = cast("httpx2.AsyncByteStream", response.stream)
    response.stream = _BoundedBody(stream, encoding, is_sound=response.is_success)


class _BoundedBody(httpx2.AsyncByteStream):
    """The body of an answer, unpacked; of an error, its beginning."""

    def __init__(self, stream: httpx2.AsyncByteStream, encoding: str, *, is_sound: bool) -> None:
        self._stream = stream
        self._encoding = encoding
        self._is_sound = is_sound

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left_bytes = MOST_REFUSAL_BYTES
        async with aclosing(unpacked(self._stream, self._encoding)) as pieces:
            async for piece in pieces:
                yield piece if self._is_sound else piece[:left_bytes]
                left_bytes -= len(piece)
                if left_bytes <= 0 and not self._is_sound:
                    return

    async def aclose(self) -> None:
        """Close the connection, or give it back if all has come."""
        await self._stream.aclose()
