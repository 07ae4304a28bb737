"""Observers of a speech connection: frames of both sides in, events of a session out.

The frames themselves are events as well, so that a stand-in can repeat them verbatim.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FrameReceived,
    FrameSent,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.wire.deepgram.json_frames import ProtocolViolation

ORDERLY = 1000
"""The close code of a connection that ended because its client was done."""

ClientT = TypeVar("ClientT")
ServerT = TypeVar("ServerT")


class Observer(Protocol):
    """Observer of one connection; instants are microseconds since the session began."""

    def sent(self, frame: str, at_us: int) -> list[Event]:
        """Give the events of a text frame from the client."""
        ...

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        """Give the events of a frame from the service."""
        ...

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        """Give the events of the end of the connection."""
        ...


class FrameObserver(ABC, Generic[ClientT, ServerT]):
    """Observer of a connection whose text frames are messages of a protocol.

    A frame that is not a message is recorded and has no further events.
    """

    def __init__(
        self,
        connection: int,
        parse_client: Callable[[str], ClientT],
        parse_server: Callable[[str], ServerT],
    ) -> None:
        self._connection = connection
        self._parse_client = parse_client
        self._parse_server = parse_server

    def sent(self, frame: str, at_us: int) -> list[Event]:
        """Give the events of a text frame from the client."""
        events: list[Event] = [FrameSent(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = self._parse_client(frame)
        except ProtocolViolation:
            return events
        return [*events, *self._client_said(message, at_us)]

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        """Give the events of a frame from the service."""
        if isinstance(frame, bytes):
            return self._sounded(frame, at_us)
        events: list[Event] = [FrameReceived(at_us=at_us, connection=self._connection, text=frame)]
        try:
            message = self._parse_server(frame)
        except ProtocolViolation:
            return events
        return [*events, *self._service_said(message, at_us)]

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        """Give the events of the end of the connection."""
        disconnected = SpeechDisconnected(
            at_us=at_us, connection=self._connection, code=code, reason=reason
        )
        return [disconnected, *self._gone(code, at_us)]

    @abstractmethod
    def _client_said(self, message: ClientT, at_us: int) -> list[Event]: ...

    @abstractmethod
    def _service_said(self, message: ServerT, at_us: int) -> list[Event]: ...

    @abstractmethod
    def _sounded(self, pcm: bytes, at_us: int) -> list[Event]: ...

    @abstractmethod
    def _gone(self, code: int, at_us: int) -> list[Event]: ...


@dataclass(slots=True, eq=False)
class ObservedTurn:
    """A turn under way; `settled` counts the chunks whose flush was answered."""

    number: int
    text: str = ""
    chunks: int = 0
    flushes: int = 0
    settled: int = 0
    received_bytes: int = 0

    def add_text(self, text: str, at_us: int) -> Event:
        start, self.text = len(self.text), self.text + text
        self.chunks += 1
        return TextSpoken(
            at_us=at_us,
            turn=self.number,
            chunk=self.chunks - 1,
            text=text,
            source_start=start,
            source_end=len(self.text),
        )

    def add_audio(self, pcm: bytes, connection: int, at_us: int, *, stale: bool = False) -> Event:
        offset, self.received_bytes = self.received_bytes, self.received_bytes + len(pcm)
        return AudioReceived(
            at_us=at_us,
            turn=self.number,
            connection=connection,
            offset_bytes=offset,
            size_bytes=len(pcm),
            stale=stale,
            pcm=pcm,
        )

    def begin(self, at_us: int) -> Event:
        return TurnStarted(at_us=at_us, turn=self.number, role="assistant")

    def complete(self, reason: str, at_us: int) -> Event:
        return TurnCompleted(
            at_us=at_us,
            turn=self.number,
            role="assistant",
            text=self.text,
            finish_reason=reason,
        )
