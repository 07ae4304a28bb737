"""What came and went: counted always, and written down as JSON lines when a file is given.

Headers are left out altogether. What stood in one of them, or in the query, as a key is not
written anywhere else either, nor what a redactor finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count
from typing import Any, Literal, TextIO

from gramophone.clock import Clock, SystemClock
from gramophone.standin.credentials import Secrets, without_secrets

_LONGEST_TEXT = 100_000


class Ledger:
    """The book of one stand-in."""

    def __init__(
        self,
        file: TextIO | None = None,
        clock: Clock | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        self._file = file
        self._clock = clock or SystemClock()
        self._numbers = count()
        self._secrets = secrets or Secrets()
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
        self._secrets.learn(headers, query)
        self.note(number, what, path=path, query=without_secrets(query), **more)
        return number

    def note(self, number: int, event: str, **fields: Any) -> None:
        """Write one line."""
        if self._file is None:
            return
        told = {"at_us": self._clock.now_us(), "connection": number, "event": event}
        hidden = self._secrets.hide_all(fields)
        self._file.write(json.dumps(told | hidden, separators=(",", ":")) + "\n")
        self._file.flush()

    def frame(self, number: int, event: str, frame: str | bytes) -> None:
        """A frame or a piece of a body has passed: texts are written, sound is counted."""
        if self._file is None:
            return
        if isinstance(frame, bytes):
            self.note(number, event, bytes=len(frame))
        else:
            # Half a key at the end would not be known for one.
            self.note(number, event, text=self._secrets.hide(frame)[:_LONGEST_TEXT])
