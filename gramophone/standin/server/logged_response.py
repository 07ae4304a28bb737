"""HTTP responses written to the traffic log."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.standin.server.http import Reply
from gramophone.standin.server.traffic_log import TrafficLog


class LoggedReply:
    """A reply of which each step is written to the traffic log."""

    def __init__(
        self, reply: Reply, traffic_log: TrafficLog, number: int, *, bodiless: bool = False
    ) -> None:
        """`bodiless` is the answer to HEAD, of which the body is not sent."""
        self._bodiless = bodiless
        self._reply = reply
        self._log = traffic_log
        self._number = number
        self._readable = False

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        self._readable = is_text(kind)
        self._log.note(self._number, "answer", status=status)
        await self._reply.start(status, headers)

    async def send(self, data: bytes) -> None:
        piece = data.decode(errors="replace") if self._readable else data
        if not self._bodiless:
            self._log.frame(self._number, "out", piece)
        await self._reply.send(data)

    async def end(self) -> None:
        self._log.note(self._number, "end")
        await self._reply.end()

    async def spoil(self) -> None:
        self._log.note(self._number, "spoilt")
        await self._reply.spoil()

    def cut(self, *, reset: bool = False) -> None:
        self._log.note(self._number, "reset" if reset else "cut")
        self._reply.cut(reset=reset)


def is_text(content_type: str) -> bool:
    """Whether a body of this type is written to the log as a text."""
    return content_type.startswith(("text/", "application/json"))
