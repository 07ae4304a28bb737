"""States of an assistant's turn, and the table of transitions between them.

Theory of operation. An answer is two streams that end at different times: the text, which a
language model writes, and the sound, which a speech service makes of it and a speaker plays.
The text ends first as a rule, but need not: a voice may be lost, or the user may stop the sound,
while the model still writes. So a turn has two states, one for each stream, and both move by named
triggers only.

The text is simple: it is GENERATING until the model ends, and WHOLE from then on. A text that is
given (a sentence to say, an old answer to repeat) begins WHOLE.

The sound follows `TRANSITIONS` below. It begins SPEAKING if there is a voice, UNSPOKEN if not.
While SPEAKING, frames of the service are passed on to the speaker; in every other state a frame
that still comes is stale: it is recorded, but not played. There are two ways to stop early:

- STOP_SOUND leaves the text alone. The speaker is told to stop and, because it plays in a thread
  of its own, answers later with the position it had reached: STOPPING_SOUND until then.
- INTERRUPT stops text and sound. The turn is INTERRUPTING until the speaker has answered, since
  what was heard decides what the model will remember. It is allowed in STOPPING_SOUND too: the
  answer that is under way then serves both, and the speaker is not told twice.

A turn is over (DONE) by STOP_REPORTED after an interruption, and by COMPLETE otherwise, which is
allowed only when the text is WHOLE and the sound has come to a rest (`AT_REST`).

What is not in the table cannot happen, however late or twice a service, a model or a speaker
reports: `next_state` returns None, and the turn stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class TextState(Enum):
    """State of a turn's text."""

    GENERATING = "the model writes"
    WHOLE = "all text is there"


class TurnState(Enum):
    """State of a turn's sound, and of the turn as a whole once it is being ended."""

    UNSPOKEN = "no sound is to be expected"
    SPEAKING = "text is still to be spoken, or sound of it to come"
    DRAINING = "the speaker has all the sound, and plays the rest"
    PLAYED = "the last sample was played"
    STOPPING_SOUND = "the speaker is to stop, and has not answered; the text goes on"
    SOUND_STOPPED = "the sound was stopped before its end; the text goes on"
    INTERRUPTING = "text and sound are to stop; the speaker has not answered"
    DONE = "the turn is over"


class Trigger(Enum):
    """Cause of a transition of `TurnState`."""

    SOUND_WHOLE = "the last sound of the last flush came"
    SPEECH_FAILED = "no more speech will come, and none came so far"
    DRAINED = "the speaker played the last sample"
    STOP_SOUND = "the user stops the sound"
    INTERRUPT = "the user, the next request or the end of the session stops the turn"
    STOP_REPORTED = "the speaker says how far it came"
    COMPLETE = "text and sound have come to their end"


TRANSITIONS: Final[Mapping[TurnState, Mapping[Trigger, TurnState]]] = {
    TurnState.UNSPOKEN: {
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
        Trigger.COMPLETE: TurnState.DONE,
    },
    TurnState.SPEAKING: {
        Trigger.SOUND_WHOLE: TurnState.DRAINING,
        Trigger.SPEECH_FAILED: TurnState.UNSPOKEN,
        Trigger.STOP_SOUND: TurnState.STOPPING_SOUND,
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
    },
    TurnState.DRAINING: {
        Trigger.DRAINED: TurnState.PLAYED,
        Trigger.STOP_SOUND: TurnState.STOPPING_SOUND,
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
    },
    TurnState.PLAYED: {
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
        Trigger.COMPLETE: TurnState.DONE,
    },
    TurnState.STOPPING_SOUND: {
        Trigger.STOP_REPORTED: TurnState.SOUND_STOPPED,
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
    },
    TurnState.SOUND_STOPPED: {
        Trigger.INTERRUPT: TurnState.INTERRUPTING,
        Trigger.COMPLETE: TurnState.DONE,
    },
    TurnState.INTERRUPTING: {Trigger.STOP_REPORTED: TurnState.DONE},
    TurnState.DONE: {},
}

AT_REST: Final = frozenset({TurnState.UNSPOKEN, TurnState.PLAYED, TurnState.SOUND_STOPPED})
"""States in which nothing more happens to the sound: the turn is over as soon as the text is."""

ENDING: Final = frozenset({TurnState.INTERRUPTING, TurnState.DONE})
"""States in which nothing that the model or the service sends changes the turn."""


def next_state(state: TurnState, trigger: Trigger) -> TurnState | None:
    """State that the trigger leads to; None where it is not allowed."""
    return TRANSITIONS[state].get(trigger)
