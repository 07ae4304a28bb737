"""The service's side of a speech connection, and what it asks of its shell.

Both versions of the protocol are such machines; a shell with a socket and a voice tells them
what happens and carries out, in order, what they answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.messages import Warned

NOT_IN_SOURCE = "NOT-IN-SOURCE"
"""The reason of the close when a strict source has not got a text; no service says that."""
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
    """Begin to speak `text`, and tell the machine of its sound under the number `job`.

    `asked_us` is when the text could first be spoken, which delivery is timed by. `speed` is
    None where the connection has one speed for all its life.
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
        """When `time_passed` must be called at the latest; None when never. It may move."""
        ...

    def opened(self, now_us: int) -> Sequence[Action[MessageT_co]]:
        """The connection stands."""
        ...

    def pinged(self, now_us: int) -> None:
        """A Ping or a Pong came."""
        ...

    def text_received(self, text: str, now_us: int) -> Sequence[Action[MessageT_co]]:
        """A text frame came."""
        ...

    def binary_received(self) -> Sequence[Action[MessageT_co]]:
        """A binary frame came."""
        ...

    def time_passed(self, now_us: int) -> Sequence[Action[MessageT_co]]:
        """It is `now_us`."""
        ...

    def audio_made(self, job: int, pcm: bytes) -> Sequence[SendAudio]:
        """One frame of the sound of `job` may go out."""
        ...

    def remarked(self, job: int, warning: Warned) -> Sequence[Action[MessageT_co]]:
        """The voice has something to say about `job`."""
        ...

    def synthesised(self, job: int) -> Sequence[Action[MessageT_co]]:
        """All sound of `job` has gone out."""
        ...

    def failed(self, job: int) -> Sequence[Action[MessageT_co]]:
        """The voice could not speak `job`."""
        ...

    def refused(self) -> Sequence[Action[MessageT_co]]:
        """What the client said is not in the source, which is strict."""
        ...

    def broken_off(self, job: int, code: int, reason: str) -> Sequence[Action[MessageT_co]]:
        """The connection is to end within `job`, with this code."""
        ...
