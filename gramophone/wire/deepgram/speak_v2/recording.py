"""What was recorded of a Speak v2 connection: its turns, and when the service said what.

Plain values. A frame belongs to the turn it came in, and its instant counts from what the
client had said before it: so much of the text, the Flush, the Interrupt.
"""

from __future__ import annotations

from enum import IntEnum

from gramophone.core.frozen import frozen


class TurnStage(IntEnum):
    """How far the client is with a turn."""

    OPEN = 0
    FLUSHED = 1
    INTERRUPTED = 2


@frozen
class ClientProgress:
    """What the client has said of a turn: characters, without white space, and how it ended."""

    stage: TurnStage
    said: int

    def reached_by(self, progress: ClientProgress) -> bool:
        """Whether a client that is there has said all that this takes."""
        later = progress.stage > self.stage
        return later or (progress.stage == self.stage and progress.said >= self.said)


@frozen
class RecordedFrame:
    """A frame of the service, text or sound, and how long after its cue it came."""

    cue: ClientProgress
    after_us: int
    frame: str | bytes


@frozen
class RecordedTurn:
    """From its SpeechStarted to its SpeechMetadata or SpeechInterrupted.

    `offset_ms` is what the Interrupt told, if there was one and it told something.
    """

    text: str
    frames: tuple[RecordedFrame, ...]
    interrupted: bool = False
    offset_ms: int | None = None


@frozen
class RecordedFlux:
    """One connection. `connected` and `session` are its first and last message, or empty."""

    turns: tuple[RecordedTurn, ...]
    connected: str = ""
    session: str = ""


def said(text: str) -> str:
    """What is left of a text when only what is said counts."""
    return "".join(text.split())
