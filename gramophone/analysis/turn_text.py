"""Text of a turn, and how much of it was heard, from the events of the turn.

Recordings made before interrupted turns kept their whole text have the heard text alone in
`TurnCompleted`; their whole text is in the deltas, as in every recording. Where only a speech
service was recorded there are no deltas, and the text is what was sent to be spoken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from gramophone.core.timeline import (
    AnswerRetracted,
    DeltaReceived,
    Event,
    PlaybackStopped,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)

TextEvent: TypeAlias = (
    TurnStarted
    | DeltaReceived
    | AnswerRetracted
    | TextSpoken
    | PlaybackStopped
    | TurnInterrupted
    | TurnCompleted
)
TEXT_EVENTS = (
    TurnStarted,
    DeltaReceived,
    AnswerRetracted,
    TextSpoken,
    PlaybackStopped,
    TurnInterrupted,
    TurnCompleted,
)
"""The kinds of events a `TurnText` reads."""


@dataclass(slots=True)
class TurnText:
    """Fold of the events of one turn, in their order."""

    started: str = ""
    deltas: list[str] = field(default_factory=list[str])
    spoken_text: str = ""
    spoken_end: int = 0
    completed: str = ""
    interrupted: str | None = None
    stopped: int | None = None

    def read(self, event: Event) -> None:
        """Take an event of the turn; kinds that say nothing about its text are ignored."""
        match event:
            case TurnStarted():
                self.started = event.text
            case DeltaReceived():
                self.deltas.append(event.text)
            case AnswerRetracted():
                self.deltas.clear()
                self.spoken_text, self.spoken_end = "", 0
            case TextSpoken():
                # Chunks are stripped: where the source goes on later, white space stood between.
                gap = " " if event.source_start > self.spoken_end else ""
                self.spoken_text += gap + event.text
                self.spoken_end = event.source_end
            case PlaybackStopped():
                self.stopped = event.heard_characters
            case TurnInterrupted():
                self.interrupted = event.heard_text
            case TurnCompleted():
                self.completed = event.text
            case _:
                pass

    @property
    def text(self) -> str:
        """The whole text that came."""
        if self.interrupted is None:
            # Some services say at the end what their pieces did not hold.
            return self.completed or self.streamed
        return self.streamed or self.completed or self.interrupted

    @property
    def streamed(self) -> str:
        """The text that came in pieces."""
        return "".join(self.deltas) or self.started or self.spoken_text

    @property
    def heard(self) -> int | None:
        """Number of characters of `text` that were heard before the sound was stopped; None where
        it was not."""
        if self.interrupted is not None:
            return heard_characters(self.text, self.interrupted)
        return self.stopped


def heard_characters(text: str, heard_text: str) -> int:
    """Count the characters of `text` that its heard part covers.

    A secret may be redacted in one of the two texts and not in the other: then up to where they
    differ.
    """
    if text.startswith(heard_text):
        return len(heard_text)
    pairs = zip(text, heard_text, strict=False)
    shorter = min(len(text), len(heard_text))
    return next((index for index, (one, other) in enumerate(pairs) if one != other), shorter)
