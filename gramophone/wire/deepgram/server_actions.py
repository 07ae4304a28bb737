"""State machines of the service's side of Speak, and the actions that they ask for.

Both versions of the protocol are a `ServerProtocol`. A session with a socket and a voice calls its
methods for what happens, and carries out the actions that they return, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.messages import Warned

NOT_IN_SOURCE = "NOT-IN-SOURCE"
"""The reason of the close when a strict source does not contain a text; ours, not a service's."""
NOT_IN_SOURCE_SAID = "The source has not got this text, and a strict one takes no other."

MessageT_co = TypeVar("MessageT_co", covariant=True)


@frozen
class SendText(Generic[MessageT_co]):
    """Send one text frame."""

    message: MessageT_co


@frozen
class SendAudio:
    """Send one binary frame."""

    pcm: bytes


@frozen
class StartSynthesis:
    """Begin to speak `text`; its sound is reported to the machine under the number `job`.

    `asked_us` is the instant from which its delivery is timed. `speed` is None where the
    connection has one speed for all its life.
    """

    job: int
    text: str
    asked_us: int
    speed: float | None = None


@frozen
class CancelSynthesis:
    """Stop the synthesis of `job`."""

    job: int


@frozen
class CloseConnection:
    """Close the connection; nothing comes after this."""

    code: int
    reason: str


Action: TypeAlias = (
    SendText[MessageT_co] | SendAudio | StartSynthesis | CancelSynthesis | CloseConnection
)


class ServerProtocol(Protocol[MessageT_co]):
    """One connection, from its first message to its last."""

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never. It may move."""
        ...

    def opened(self, now_us: int) -> Sequence[Action[MessageT_co]]:
        """Greet the client of a new connection."""
        ...

    def pinged(self, now_us: int) -> None:
        """Take a Ping or a Pong."""
        ...

    def text_received(self, text: str, now_us: int) -> Sequence[Action[MessageT_co]]:
        """Answer a text frame."""
        ...

    def binary_received(self) -> Sequence[Action[MessageT_co]]:
        """Answer a binary frame."""
        ...

    def time_passed(self, now_us: int) -> Sequence[Action[MessageT_co]]:
        """Do what is due at `now_us`."""
        ...

    def audio_made(self, job: int, pcm: bytes) -> Sequence[SendAudio]:
        """Pass on one frame of the sound of `job`, unless it is no longer wanted."""
        ...

    def remarked(self, job: int, warning: Warned) -> Sequence[Action[MessageT_co]]:
        """Pass on a warning of the voice about `job`."""
        ...

    def synthesised(self, job: int) -> Sequence[Action[MessageT_co]]:
        """Go on after the last frame of `job`."""
        ...

    def failed(self, job: int) -> Sequence[Action[MessageT_co]]:
        """Go on after a voice that could not speak `job`."""
        ...

    def refused(self) -> Sequence[Action[MessageT_co]]:
        """Close because a strict source does not contain what the client sent."""
        ...

    def broken_off(self, job: int, code: int, reason: str) -> Sequence[Action[MessageT_co]]:
        """Close within `job` with this code, as it was recorded or asked for."""
        ...
