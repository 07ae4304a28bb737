"""What a stand-in speaks with: the port that each voice implements.

A voice makes sound and never waits for a clock: when sound goes out is for the delivery.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, Self, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, Warned


@frozen
class VoiceSound:
    """A piece of an utterance in the encoding and rate of the session.

    With `due_us`, microseconds after the Flush, it is a frame of its own and goes out as it is,
    then. Without, it may be of any size, whole samples or not, and is cut into frames.
    """

    pcm: bytes
    due_us: int | None = None


@frozen
class Break:
    """The connection ends here; with the code 1006 without a close frame."""

    code: int
    reason: str


class VoiceRefused(Exception):
    """The voice will not speak this text."""


SynthesisStream: TypeAlias = AsyncGenerator[VoiceSound | Warned | Break, None]
"""The sound of one Flush, what the client is to be warned of, and whether it ends there."""

OnProgress: TypeAlias = Callable[[str], None]
"""Hears in a few words what a voice is doing while it loads; from any thread."""


class Voice(Protocol):
    """Something that speaks."""

    async def load(self, progress: OnProgress) -> None:
        """Become ready; slow where an engine has to be loaded.

        Raises:
            EngineMissing: with a sentence that says what to install.
        """
        ...

    def refusal(self, parameters: SpeakParameters) -> str:
        """Why this voice cannot speak with these parameters; empty when it can."""
        ...

    def for_connection(self) -> Self:
        """The voice for one connection: this one, unless it keeps a place in something."""
        ...

    def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        """Speak `text`, which is never blank. An async generator; closing it stops the work.

        Raises:
            TextRefused: it is not for this voice, and the connection is to end.
        """
        ...

    async def aclose(self) -> None:
        """Give threads and memory back."""
        ...
