"""Traffic between a client and Listen v2 as events of a session: each turn is one of the user's."""

from __future__ import annotations

from collections.abc import Iterator

from gramophone.core.timeline import Event, FrameReceived
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.wire.deepgram.listen_v2.recorded_turns import HeardTurns


class FluxListenObserver(ListenObserver):
    """Observer of a connection to Listen v2.

    A turn without an end, which a CloseStream or a broken connection leaves, ends with it.
    """

    def __init__(self, connection: int, turns: Iterator[int]) -> None:
        super().__init__(connection, turns)
        self._heard_turns = HeardTurns()

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        """Give the events of a frame from the service."""
        if isinstance(frame, bytes):
            return []
        event = FrameReceived(at_us=at_us, connection=self._connection, text=frame)
        ended = self._heard_turns.read(frame)
        last = ended or self._heard_turns.open
        self._texts = [last.text] if last else []
        return [event, *(self._turn(at_us) if ended else [])]
