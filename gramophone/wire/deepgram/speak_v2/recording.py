"""A recorded Speak v2 connection as plain values: its turns, and the frames of each.

A frame belongs to the turn it came in. Its instant counts from what the client had sent before
it: so much of the text, the Flush, the Interrupt.
"""

from __future__ import annotations

from enum import IntEnum

from gramophone.core.frozen import frozen


class TurnStage(IntEnum):
    """Stage of a turn on the client's side."""

    OPEN = 0
    FLUSHED = 1
    INTERRUPTED = 2


@frozen
class ClientProgress:
    """Progress of a client within a turn: its stage, and characters sent, without white space."""

    stage: TurnStage
    characters: int

    def reached_by(self, progress: ClientProgress) -> bool:
        """Whether a client with this progress has come as far."""
        later = progress.stage > self.stage
        return later or (progress.stage == self.stage and progress.characters >= self.characters)


@frozen
class RecordedFrame:
    """A frame of the service, text or sound, and the microseconds from its cue to it."""

    cue: ClientProgress
    after_us: int
    frame: str | bytes


@frozen
class RecordedTurn:
    """A turn, from its SpeechStarted to its SpeechMetadata or SpeechInterrupted.

    `offset_ms` is that of the Interrupt, if there was one that had an offset.
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
