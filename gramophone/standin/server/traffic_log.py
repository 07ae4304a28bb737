"""The log of a stand-in's traffic: counts, and JSON lines when a file is given."""

# Headers are left out altogether. A key that stood in one of them, or in the query, is not written
# anywhere else either, nor is what the redactor finds; also where it comes in pieces, frame by
# frame. Whether the end of a frame is the beginning of a secret is known only with the next one, so
# a line may have to wait. Lines behind it on the same connection then wait as well and keep their
# order; lines of other connections pass, each with its own instant. When a connection is over all
# that waits is settled.

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Literal, TextIO

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.server.credentials import Secrets, without_secrets
from gramophone.text.redaction_stream import RedactedStreams
from gramophone.wire.json_text import lines_pieces, with_lines_texts

_LONGEST_TEXT = 100_000


class TrafficLog:
    """The traffic log of one stand-in."""

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
        self._streams = RedactedStreams[_LogLine](self._secrets.redactor)
        self._waiting: dict[int, deque[_LogLine]] = {}
        self.connections = 0
        self.requests = 0

    @property
    def writing(self) -> bool:
        """Whether lines are written; if not, frames need not be reported."""
        return self._file is not None

    def opened(
        self,
        kind: Literal["websocket", "request"],
        path: str,
        query: str,
        headers: Iterable[tuple[str, str]],
        **more: Any,
    ) -> int:
        """Add a websocket or a request; gives its number in the log."""
        number = next(self._numbers)
        if kind == "websocket":
            self.connections += 1
        else:
            self.requests += 1
        self._secrets.learn(headers, query)
        text = more.pop("text", "")
        fields = {"path": path, "query": without_secrets(query), **more}
        self._write(number, kind, self._secrets.hide_all(fields), text)
        return number

    def note(self, number: int, event: str, **fields: Any) -> None:
        """Write one line."""
        if self._file is not None:
            self._write(number, event, self._secrets.hide_all(fields))

    def frame(self, number: int, event: str, frame: str | bytes) -> None:
        """Add a frame or a piece of a body: texts are written, sound is counted in bytes."""
        if self._file is None:
            return
        if isinstance(frame, bytes):
            self.note(number, event, bytes=len(frame))
        else:
            self._write(number, event, {}, frame)

    def over(self, number: int) -> None:
        """End a connection or a request: its lines that wait are written."""
        self._streams.finish(lambda key: isinstance(key, tuple) and key[:1] == (number,))
        self._release()

    def close(self) -> None:
        """Write all lines that wait."""
        self._streams.finish()
        self._release()

    def _write(self, number: int, event: str, fields: dict[str, Any], text: str = "") -> None:
        if self._file is None:
            return
        head = {"at_us": self._clock.now_us(), "connection": number, "event": event}
        line = _LogLine(head | fields, text)
        self._waiting.setdefault(number, deque()).append(line)
        self._streams.put(line, lines_pieces(text, (number, event)))
        self._release()

    def _release(self) -> None:
        """Write the lines that are settled, of each connection in their order."""
        for line, texts in self._streams.settled():
            line.settle(texts, self._secrets)
        for number, lines in list(self._waiting.items()):
            while lines and lines[0].settled:
                self._write_line(lines.popleft().fields)
            if not lines:
                del self._waiting[number]

    def _write_line(self, fields: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(fields, separators=(",", ":")) + "\n")
        self._file.flush()


class _LogLine:
    """A line that may have to wait for its text."""

    def __init__(self, fields: dict[str, Any], text: str) -> None:
        self.fields = fields
        self.settled = False
        self._text = text

    def settle(self, texts: Sequence[str], secrets: Secrets) -> None:
        """Set the text as far as it may be written."""
        if self._text:
            # Cut off before it is hidden, half a key would not be recognised as one.
            whole = secrets.hide(with_lines_texts(self._text, texts))
            self.fields["text"] = whole[:_LONGEST_TEXT]
        self.settled = True
