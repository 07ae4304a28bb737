"""The way down to a client, and the faults that happen on it."""

from __future__ import annotations

from websockets.asyncio.server import ServerConnection

from gramophone.standin import tcp
from gramophone.standin.faults import FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.wire.speak_messages import Metadata, ServerMessage, render

_RUBBISH = '{"type": "Flushed", "sequence_id": '
_UNKNOWN_TYPE = '{"type": "Applause", "volume": 11}'


class Downlink:
    """Sends what the service says, unless a fault says otherwise.

    Every method may raise `websockets.ConnectionClosed`.
    """

    def __init__(self, connection: ServerConnection, options: StandinOptions, ordinal: int) -> None:
        self._connection = connection
        self._options = options
        self._ordinal = ordinal
        self._sent_bytes = 0
        self._silent = False
        # Most connections have no faults, and a frame is sent thousands of times a second.
        self._untouched = not options.faults
        self._hang_up_bytes = self._fault(FaultName.HANG_UP)
        self._reset_bytes = self._fault(FaultName.RESET)
        self._intruders = [
            text
            for name, text in (
                (FaultName.RUBBISH, _RUBBISH),
                (FaultName.UNKNOWN_TYPE, _UNKNOWN_TYPE),
            )
            if self._fault(name) is not None
        ]

    def client_spoke(self) -> None:
        """The client's first message has come."""
        self._silent = self._fault(FaultName.SILENT) is not None

    async def say(self, message: ServerMessage) -> None:
        """Send one text frame."""
        if self._silent and not isinstance(message, Metadata):
            return
        await self._connection.send(render(message, self._options.dialect))

    async def send(self, frame: bytes) -> None:
        """Send one binary frame, or as much of it as a fault lets through."""
        if self._untouched:
            await self._connection.send(frame)
            return
        if self._silent:
            return
        while self._intruders:
            await self._connection.send(self._intruders.pop(0))
        for limit, cut_off in (
            (self._hang_up_bytes, self._hang_up),
            (self._reset_bytes, self._reset),
        ):
            if limit is not None and self._sent_bytes + len(frame) >= limit:
                if last := frame[: max(0, limit - self._sent_bytes)]:
                    await self._connection.send(last)
                await cut_off()
                return
        self._sent_bytes += len(frame)
        await self._connection.send(frame)

    async def close(self, code: int, reason: str) -> None:
        """Close politely."""
        if not self._silent:
            await self._connection.close(code, reason)

    async def _hang_up(self) -> None:
        await self._connection.close(1011, "NET-0000")

    async def _reset(self) -> None:
        tcp.reset(self._connection.transport)
        await self._connection.wait_closed()

    def _fault(self, name: FaultName) -> int | None:
        return value_of(self._options.faults, name, self._ordinal)
