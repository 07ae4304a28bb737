"""Ports of the conversation's engine: language model, speaker and speech service.

Protocols, and the values they exchange. `providers` and `devices` implement them, and `app` hands
them to the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Role

# --- the language model -----------------------------------------------------------------------


@frozen
class Message:
    """One turn of the history. Models see `role` and `text`.

    `heard_chars` is the number of characters that were heard before the sound was stopped; None
    where it was not. Whether the rest counts is a setting of the conversation (`Memory`).
    """

    role: Role
    text: str
    heard_chars: int | None = None


@frozen
class Usage:
    """Tokens of a request and its answer, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@frozen
class ModelChunk:
    """One chunk of a provider's stream: its raw JSON, and the parts of it that are used.

    `raw` is empty where the provider sent no JSON, such as for `[DONE]`.
    """

    raw: str
    text: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None


class LanguageModel(Protocol):
    """A streaming language model, one module a provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, messages: Sequence[Message], system_prompt: str) -> AsyncIterator[ModelChunk]:
        """Stream one answer. An async generator: closing it closes the request.

        Raises:
            ModelError: with one sentence for the user.
        """
        ...

    async def aclose(self) -> None:
        """Close connections and end processes."""
        ...


# --- sound ------------------------------------------------------------------------------------


class SpeakerListener(Protocol):
    """Listener of a speaker; called on the engine's loop. Times are of the engine's clock."""

    def playback_began(self, turn: int, at_us: int) -> None: ...
    def underran(
        self, turn: int, at_us: int, position_samples: int, missing_samples: int
    ) -> None: ...
    def drained(self, turn: int, played_samples: int) -> None: ...
    def device_changed(self, device: str, silent: bool, detail: str) -> None: ...


@frozen
class PlayoutState:
    """A glance at the speaker: position in the turn, and what waits to be played."""

    turn: int
    position_samples: int
    queued_samples: int


class Speaker(Protocol):
    """Plays signed 16-bit mono PCM of one sample rate. Methods are called on the engine's loop.

    A speaker that is not audible holds no device; it keeps the pace of one in silence, so that
    positions and events of a turn are the same.
    """

    @property
    def device(self) -> str: ...

    @property
    def silent(self) -> bool: ...

    def open(self, listener: SpeakerListener) -> None:
        """Open the device once for the session; falls back to silence, never raises."""
        ...

    def set_audible(self, audible: bool) -> None:
        """Be heard from the present position on, or keep the pace in silence. Called before
        `open`, it says how to begin. `device_changed` reports the device, once there is one."""
        ...

    def play(self, turn: int, pcm: bytes, *, realign: bool = False) -> None:
        """Queue a frame of the turn; an odd last byte is carried over to the next frame, unless
        that is the first of a new stream (`realign`)."""
        ...

    def finish(self, turn: int) -> None:
        """Play what is left of this turn, of which no more will come, then call `drained`."""
        ...

    def stop(self) -> int:
        """Be silent at once and drop what waits; returns the samples of the turn heard so far."""
        ...

    def playout(self) -> PlayoutState: ...

    def level(self) -> tuple[float, float]:
        """Peak and RMS, 0.0 to 1.0, of the sound that was handed over in the last 60 ms."""
        ...

    async def aclose(self) -> None: ...


# --- the speech service -----------------------------------------------------------------------


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
