"""What came and went: counted always, and written down as JSON lines when a file is given.

Headers are left out altogether. What stood in one of them, or in the query, as a key is not
written anywhere else either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count
from typing import Any, Literal, TextIO
from urllib.parse import parse_qsl, quote_plus, urlencode

from gramophone.clock import Clock, SystemClock

SECRET = "[secret]"

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"}
)
_SECRET_WORDS = ("key", "token", "secret", "password", "auth", "signature")
_SCHEMES = frozenset({"token", "bearer", "basic"})
_SHORTEST_SECRET = 4
_LONGEST_TEXT = 100_000


class Ledger:
    """The book of one stand-in."""

    def __init__(
        self, file: TextIO | None = None, clock: Clock | None = None, key: str | None = None
    ) -> None:
        """`key` is one that is known from the start."""
        self._file = file
        self._clock = clock or SystemClock()
        self._numbers = count()
        self._secrets: set[str] = set()
        self._keep_secret(key or "")
        self.connections = 0
        self.requests = 0

    @property
    def writing(self) -> bool:
        """Whether anything is written down; if not, nobody need say what passes."""
        return self._file is not None

    def opened(
        self,
        what: Literal["websocket", "request"],
        path: str,
        query: str,
        headers: Iterable[tuple[str, str]],
        **more: Any,
    ) -> int:
        """A websocket or a request has come; returns the number it has in the book."""
        number = next(self._numbers)
        if what == "websocket":
            self.connections += 1
        else:
            self.requests += 1
        self._learn(headers, query)
        self.note(number, what, path=path, query=_without_secrets(query), **more)
        return number

    def note(self, number: int, event: str, **fields: Any) -> None:
        """Write one line."""
        if self._file is None:
            return
        told = {"at_us": self._clock.now_us(), "connection": number, "event": event}
        line = json.dumps(told | fields, separators=(",", ":"))
        for secret in self._secrets:
            line = line.replace(secret, SECRET)
        self._file.write(line + "\n")
        self._file.flush()

    def frame(self, number: int, event: str, frame: str | bytes) -> None:
        """A frame or a piece of a body has passed: texts are written, sound is counted."""
        if self._file is None:
            return
        if isinstance(frame, bytes):
            self.note(number, event, bytes=len(frame))
        else:
            self.note(number, event, text=frame[:_LONGEST_TEXT])

    def _learn(self, headers: Iterable[tuple[str, str]], query: str) -> None:
        if self._file is None:
            return
        said = [value for name, value in parse_qsl(query) if _names_a_secret(name)]
        for name, value in headers:
            if name in _SECRET_HEADERS or _names_a_secret(name):
                said += value.split()
            if name == "sec-websocket-protocol":
                # The second of what is offered is the key itself.
                said += [word.strip() for word in value.split(",")][1:2]
        for secret in said:
            self._keep_secret(secret)

    def _keep_secret(self, secret: str) -> None:
        if len(secret) >= _SHORTEST_SECRET and secret.lower() not in _SCHEMES:
            self._secrets |= {secret, json.dumps(secret)[1:-1], quote_plus(secret)}


def _names_a_secret(name: str) -> bool:
    lower = name.lower()
    # Of the handshake's own keys none is secret.
    return not lower.startswith("sec-") and any(word in lower for word in _SECRET_WORDS)


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_names_a_secret(name) for name, _ in pairs):
        return query
    return urlencode([(name, SECRET if _names_a_secret(name) else v) for name, v in pairs])
