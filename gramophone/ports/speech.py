"""Port of a speech service: its connection, its capabilities, and the protocol that it speaks.

`providers/tts` implements the service, `wire` the protocols, and `app` hands both to the engine
and the conversation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    FlushIgnored,
    HeardPosition,
    NotUnderstood,
    Opened,
    OutgoingFrame,
    ServiceWarned,
    SpeechCapabilities,
    SpeechClientEvent,
)

__all__ = [
    "ClearDone",
    "FlushDone",
    "FlushIgnored",
    "HeardPosition",
    "NotUnderstood",
    "Opened",
    "OutgoingFrame",
    "ServiceWarned",
    "SpeechCapabilities",
    "SpeechClient",
    "SpeechClientEvent",
    "SpeechConnection",
    "SpeechProtocol",
    "SpeechService",
]


class SpeechClient(Protocol):
    """The client's side of one connection, as a state machine without a socket or a clock.

    Text is queued by `speak` and `flush`, and comes out of `poll` as frames when the service's
    limits allow. Frames are text: what goes over a websocket, or the body of a request. Sound
    carries no label, so whose it is follows from the order of the events.
    """

    @property
    def stale(self) -> bool:
        """Whether sound that comes now belongs to what was cleared."""
        ...

    @property
    def owing(self) -> bool:
        """Whether something waits to be sent, or for its answer."""
        ...

    def near_expiry(self, now_us: int) -> bool:
        """Whether the service will end this connection soon."""
        ...

    def flushes_left(self, now_us: int) -> int:
        """Flushes that the service still takes now, those in the queue taken off."""
        ...

    def speak(self, text: str, chunk: int) -> None:
        """Queue the text of a chunk."""
        ...

    def flush(self, number: int) -> None:
        """Queue a flush, which is named by `number` in the events about it."""
        ...

    def clear(self, now_us: int, unheard_us: int = 0) -> list[str]:
        """Drop all that waits or is unanswered; gives the frames to send at once.

        `unheard_us` is how much of the sound that came has not been played.
        """
        ...

    def set_speed(self, speed: float) -> list[str]:
        """Speak at this speed from now on, where the service can; gives the frames to send."""
        ...

    def close(self) -> list[str]:
        """Frames that end the session politely."""
        ...

    def poll(self, now_us: int) -> list[OutgoingFrame]:
        """Frames that may be sent now, in order."""
        ...

    def next_wake_us(self, now_us: int) -> int | None:
        """Time of the next change by time alone: more from `poll`, or a timeout."""
        ...

    def timed_out(self, now_us: int) -> bool:
        """Whether the service has owed an answer for too long."""
        ...

    def receive_audio(self, now_us: int, size_bytes: int) -> None:
        """Take note of sound that came."""
        ...

    def receive_text(self, frame: str, now_us: int) -> list[SpeechClientEvent]:
        """Read a text frame; gives the events that it means."""
        ...


class SpeechProtocol(Protocol):
    """A protocol of speech services, with the limits of one of them."""

    @property
    def capabilities(self) -> SpeechCapabilities: ...

    def client(self, now_us: int) -> SpeechClient:
        """Make the machine of a connection that was opened now."""
        ...


class SpeechConnection(Protocol):
    """One open connection to a speech service."""

    @property
    def url(self) -> str:
        """Address that it leads to, without secrets."""
        ...

    @property
    def request_id(self) -> str: ...

    @property
    def sample_rate_hz(self) -> int:
        """Rate of its sound, which does not change once `frames` has given some; 0 for that of the
        session."""
        ...

    async def send(self, text: str) -> None:
        """Send a text frame; on a lost connection it does nothing, and `frames` ends."""
        ...

    def frames(self) -> AsyncIterator[str | bytes]:
        """Yield frames as they arrive, until the connection ends."""
        ...

    def closed(self) -> tuple[int, str]:
        """Close code and reason, once `frames` has ended; 1006 when there was none."""
        ...

    async def aclose(self) -> None: ...


class SpeechService(Protocol):
    """Service that speaks: Deepgram, or a stand-in on this machine."""

    @property
    def protocol(self) -> SpeechProtocol:
        """Protocol of its connections; it does not change."""
        ...

    async def connect(self) -> SpeechConnection:
        """Open a connection.

        Raises:
            SpeechError: with one sentence for the user.
        """
        ...
