"""What the engine asks of its edges; Protocols and plain values.

Edges implement these; the composition root hands them over. Nothing here does anything.
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

    `heard` is how many characters of the text were heard where its sound was stopped; None where
    it was not. Whether the rest counts is a setting of the conversation (`Memory`).
    """

    role: Role
    text: str
    heard: int | None = None


@frozen
class Usage:
    """What the provider counted, in tokens."""

    input_tokens: int
    output_tokens: int


@frozen
class ModelChunk:
    """One chunk of a provider's stream: its raw JSON, and what in it concerns us.

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
        """Give connections and processes back."""
        ...


# --- sound ------------------------------------------------------------------------------------


class SpeakerListener(Protocol):
    """What a speaker tells; called on the engine's loop."""

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

    A speaker that is not to be heard holds no device; it keeps the pace of one in silence.
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
        """No more will come for this turn: play what is left, then tell `drained`."""
        ...

    def stop(self) -> int:
        """Silence at once, drop what waits; returns the samples of the turn that were heard."""
        ...

    def playout(self) -> PlayoutState: ...

    def level(self) -> tuple[float, float]:
        """Peak and RMS, 0.0 to 1.0, of what was handed over in the last 60 ms."""
        ...

    async def aclose(self) -> None: ...


# --- the speech service -----------------------------------------------------------------------


class SpeechConnection(Protocol):
    """One standing connection."""

    @property
    def url(self) -> str:
        """Where it leads, without secrets."""
        ...

    @property
    def request_id(self) -> str: ...

    async def send(self, text: str) -> None:
        """Send a text frame; a connection that is gone swallows it (`frames` tells)."""
        ...

    def frames(self) -> AsyncIterator[str | bytes]:
        """Frames as they come, until the connection ends."""
        ...

    def closed(self) -> tuple[int, str]:
        """Close code and reason, once `frames` has ended; 1006 when there was none."""
        ...

    async def aclose(self) -> None: ...


class SpeechService(Protocol):
    """Where speech comes from: Deepgram, or a stand-in on this machine."""

    async def connect(self) -> SpeechConnection:
        """Open a connection.

        Raises:
            SpeechError: with one sentence for the user.
        """
        ...
