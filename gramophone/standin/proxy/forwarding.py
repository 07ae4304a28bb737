"""Forwarding of one HTTP request to the real service, with a watcher of the answer."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Protocol
from urllib.parse import urlsplit

from gramophone.standin.proxy.upstream import (
    UpstreamAnswer,
    UpstreamLost,
    passed_on,
    passes,
    unreachable,
)
from gramophone.standin.server.http import ClientGone, Reply, Request, answer_whole

_log = logging.getLogger(__name__)

_UNREACHABLE = "UPSTREAM_UNREACHABLE"


class Watcher(Protocol):
    """Sees one answer before the client does; the last call says how it ended."""

    def answered(self, answer: UpstreamAnswer) -> None:
        """Take note of the head."""
        ...

    def received(self, piece: bytes) -> None:
        """Take note of a piece of the body."""
        ...

    def ended(self) -> None:
        """Take note that the body is complete."""
        ...

    def broken(self) -> None:
        """Take note that the connection to the service was lost."""
        ...

    def left(self) -> None:
        """Take note that the client has gone away."""
        ...


async def pass_on(
    upstream: str, request: Request, reply: Reply, watcher: Watcher | None = None
) -> None:
    """Send the request to `upstream` (http or https), and its answer to the client."""
    try:
        await _pass_on(upstream, request, reply, watcher)
    except (ClientGone, asyncio.CancelledError):
        if watcher is not None:
            watcher.left()
        raise


async def _pass_on(upstream: str, request: Request, reply: Reply, watcher: Watcher | None) -> None:
    begun = False
    headers = [
        (name, value)
        for name, value in request.headers
        if passes(name) and name != "accept-encoding"
    ]
    try:
        async with passed_on(f"{upstream}{request.path}", request, headers) as answer:
            begun = True
            if watcher is not None:
                watcher.answered(answer)
            await reply.start(answer.status, _headers(answer))
            async for piece in answer.pieces():
                if watcher is not None:
                    watcher.received(piece)
                await reply.send(piece)
            if watcher is not None:
                watcher.ended()
            await reply.end()
    except UpstreamLost as error:
        why = unreachable(urlsplit(upstream).netloc, error.__cause__ or error)
        _log.warning(
            "%s %s: %s", request.method, request.path, "the upstream is gone" if begun else why
        )
        if watcher is not None:
            watcher.broken()
        if begun:
            reply.cut()
        else:
            await answer_whole(reply, 502, [("content-type", "application/json")], _refusal(why))


def _refusal(why: str) -> bytes:
    """The body of a 502 with the fields of all three services: each client finds its own."""
    error = {"type": "api_error", "message": why}
    return json.dumps(
        {"type": "error", "error": error, "err_code": _UNREACHABLE, "err_msg": why}
    ).encode()


def _headers(answer: UpstreamAnswer) -> list[tuple[str, str]]:
    """The headers to pass on; without a length the body goes on in chunks, as it came."""
    return [
        (name, value)
        for name, value in answer.headers
        if name == "content-length" or (passes(name) and name != "date")
    ]
