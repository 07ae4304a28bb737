"""Port of a speech service: frames of its websocket, sent and received.

`providers/tts` implements it, and `app` hands it to the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class SpeechConnection(Protocol):
    """One open connection to a speech service."""

    @property
    def url(self) -> str:
        """Address that it leads to, without secrets."""
        ...

    @property
    def request_id(self) -> str: ...

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

    async def connect(self) -> SpeechConnection:
        """Open a connection.

        Raises:
            SpeechError: with one sentence for the user.
        """
        ...
