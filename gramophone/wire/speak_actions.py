"""What the service's side of a speech connection asks of its shell.

Both versions of the protocol lead to these; a shell with a socket and a voice carries them out
in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

MessageT_co = TypeVar("MessageT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Say(Generic[MessageT_co]):
    """Send one text frame."""

    message: MessageT_co


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Send one binary frame."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Synthesise:
    """Begin to speak `text`, and tell the machine of its sound under the number `job`.

    `asked_us` is when the text could first be spoken, which delivery is timed by. `speed` is
    None where the connection has one speed for all its life.
    """

    job: int
    text: str
    asked_us: int
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop the synthesis of `job`."""

    job: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close the connection; nothing comes after this."""

    code: int
    reason: str
