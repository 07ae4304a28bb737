"""What came and went: counted always, and written down as JSON lines when a file is given.

Headers are left out altogether. What stood in one of them, or in the query, as a key is not
written anywhere else either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count
from typing import Any, Literal, TextIO
from urllib.parse import quote_plus

from gramophone.clock import Clock, SystemClock
from gramophone.standin.credentials import SECRET, secrets_in, without_secrets

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
        self.note(number, what, path=path, query=without_secrets(query), **more)
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
        for secret in secrets_in(headers, query):
            self._keep_secret(secret)

    def _keep_secret(self, secret: str) -> None:
        if len(secret) >= _SHORTEST_SECRET:
            self._secrets |= {secret, json.dumps(secret)[1:-1], quote_plus(secret)}
