"""Routes of the stand-in as plain values: what answers at which path, and under which address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Response

from gramophone.core.frozen import frozen
from gramophone.standin.server.http import Handler
from gramophone.standin.server.refusal import HttpRefusal

CONTROL_PATH = "/control"
"""The path below which a stand-in is controlled; its traffic is not part of what is played."""


@frozen
class HandshakeRequest:
    """The request with which a client asks for a websocket. Names of headers are in lower case."""

    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """The value of a header, several joined with a comma; empty when it is not there."""
        lower_name = name.lower()
        return ",".join(value for header, value in self.headers if header == lower_name)

    @property
    def subprotocols(self) -> list[str]:
        """The words of `Sec-WebSocket-Protocol`, in the order of the offer."""
        offered = self.header("sec-websocket-protocol").split(",")
        return [word.strip() for word in offered if word.strip()]


@frozen
class Accept:
    """A handshake that succeeds: headers for the 101, and what serves the connection to its end."""

    headers: tuple[tuple[str, str], ...]
    serve: Callable[[ServerConnection], Awaitable[None]]


HandshakeResult: TypeAlias = Accept | HttpRefusal | Response
"""The answer to a handshake; a Response is a refusal that is sent as it is."""

Endpoint: TypeAlias = Callable[[HandshakeRequest], HandshakeResult | Awaitable[HandshakeResult]]
"""Accepts a websocket connection or refuses it."""


@frozen
class Routes:
    """Endpoints for websockets by path, and handlers of HTTP by method and path.

    A path of `handlers` that ends with `/` serves all below it that have no handler of their own.
    """

    endpoints: Mapping[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    handlers: Mapping[tuple[str, str], Handler] = field(
        default_factory=dict[tuple[str, str], Handler]
    )

    def __or__(self, others: Routes) -> Routes:
        """Both; where they meet, `others`."""
        return Routes({**self.endpoints, **others.endpoints}, {**self.handlers, **others.handlers})

    def handler(self, method: str, path: str) -> Handler | None:
        """The handler of this method at this path; None when there is none.

        HEAD has that of GET, whose body is not sent.
        """
        if method == "HEAD":
            return self.handler("GET", path)
        if (exact := self.handlers.get((method, path))) is not None:
            return exact
        above = [at for served, at in self.handlers if served == method and _is_below(path, at)]
        return self.handlers[method, max(above, key=len)] if above else None

    def methods(self, path: str) -> list[str]:
        """The methods that are answered at this path."""
        served = (method for method, at in self.handlers if at == path or _is_below(path, at))
        return list(dict.fromkeys(served))


def _is_below(path: str, above: str) -> bool:
    return above.endswith("/") and path.startswith(above)


@frozen
class Address:
    """Host and port that a stand-in listens on."""

    host: str
    port: int

    def websocket(self, path: str = "") -> str:
        return f"ws://{self._authority}{path}"

    def http(self, path: str = "") -> str:
        return f"http://{self._authority}{path}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
