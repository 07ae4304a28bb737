"""The port of the stand-in's voices.

A voice makes sound and never waits for a clock: its instants are computed by `delivery.pacing`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, Self, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, Warned


@frozen
class VoiceSound:
    """A piece of an utterance in the encoding and rate of the session.

    With `due_us`, in microseconds after the Flush, it is a frame that is sent as it is at that
    instant. Without, it may have any size, in whole samples or not, and is cut into frames.
    """

    pcm: bytes
    due_us: int | None = None


@frozen
class Break:
    """The end of the connection at this place; with the code 1006 without a close frame."""

    code: int
    reason: str


class VoiceRefused(Exception):
    """A text that the voice refuses to speak."""


SynthesisStream: TypeAlias = AsyncGenerator[VoiceSound | Warned | Break, None]
"""The sound of one Flush, warnings for the client, and the end of the connection."""

OnProgress: TypeAlias = Callable[[str], None]
"""Called with a few words about what a voice does while it loads; from any thread."""


class Voice(Protocol):
    """A voice."""

    async def load(self, progress: OnProgress) -> None:
        """Become ready; slow where an engine has to be loaded.

        Raises:
            EngineMissing: with a sentence that says what to install.
        """
        ...

    def refusal(self, parameters: SpeakParameters) -> str:
        """The refusal of these parameters; empty when the voice can speak with them."""
        ...

    def for_connection(self) -> Self:
        """The voice for one connection: itself, unless it has a state for each."""
        ...

    def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        """Speak `text`, which is never blank. An async generator; closing it stops the work.

        Raises:
            VoiceRefused: the voice does not have this text, and the connection is to end.
        """
        ...

    async def aclose(self) -> None:
        """Give threads and memory back."""
        ...
