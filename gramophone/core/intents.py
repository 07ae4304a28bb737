"""Intents: requests of a client to its conversation, in the imperative. Events answer them."""

from __future__ import annotations

from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.core.picture import Picture


@frozen
class Submit:
    """Ask the model; its answer is spoken while it streams."""

    text: str
    pictures: tuple[Picture, ...] = ()


@frozen
class Say:
    """Speak this text; no model is asked."""

    text: str


@frozen
class SayStream:
    """Speak a text while it comes: the one that the engine holds under this number; 0 is what the
    session's model gives, which is asked nothing for it."""

    text: int = 0


@frozen
class Regenerate:
    """Take back this answer and what came after it, and ask its question again.

    A `turn` of -1 is the answer to the last question.
    """

    turn: int = -1


@frozen
class EditAndResend:
    """Take back this question and what came after it, and ask `text` instead, with these pictures
    and no others."""

    turn: int
    text: str
    pictures: tuple[Picture, ...] = ()


@frozen
class RepeatTurn:
    """Speak the text of an earlier turn once more."""

    turn: int


@frozen
class StopPlayback:
    """Stop the sound and let the stream go on; where no sound or no text comes, stop the stream."""


@frozen
class Interrupt:
    """Stop the sound and the stream; the text that came stays."""


@frozen
class Mute:
    """Play no sound from now on, or play it again; it is recorded all the same."""

    muted: bool


@frozen
class SetAudioFocus:
    """Allow or forbid this conversation, one of several on the screen, to play sound."""

    audible: bool


Request: TypeAlias = Submit | Say | SayStream | Regenerate | EditAndResend | RepeatTurn
"""Intents that begin a turn."""

Intent: TypeAlias = Request | StopPlayback | Interrupt | Mute | SetAudioFocus
